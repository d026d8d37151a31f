"""Who may do what: users, passwords, tokens, principals, grants."""
