"""The database: embedded or named by a URL, its connections, its system tables, and what can go wrong."""
