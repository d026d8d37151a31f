"""One publisher at a time, who gives way to readers and finds out what came of a broken commit."""
