"""Running rule files inside a save: validations, and triggers before and after the write."""
