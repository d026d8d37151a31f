"""The routes of `/api/v1`: each parses input, calls `records`, and answers; nothing else happens here."""
