"""Records that live inside others, such as the lines of an order: saved and deleted together with them."""
