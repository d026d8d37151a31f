"""The compiled model: what documents become once they are published."""
