"""What large tables leave to be done after a publication: indexes, constraints and kept values."""
