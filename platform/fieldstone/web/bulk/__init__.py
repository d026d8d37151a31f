"""`POST …/bulk`: lines in, a result per line out, in constant memory."""
