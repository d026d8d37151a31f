"""What many but not all customers need, each a package on the public hook API."""
