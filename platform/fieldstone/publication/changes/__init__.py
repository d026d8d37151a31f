"""What a publication changes: tables and what stands in them, kind by kind."""
