"""The routes: each reads what was asked, calls the platform, and renders; nothing is decided here."""
