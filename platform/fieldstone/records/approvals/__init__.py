"""Approvals of transitions: who is asked, requests on their way, decisions, and what becomes of them."""
