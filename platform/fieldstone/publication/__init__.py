"""Publications: documents that came into force, one after the other, and the model that each compiles to."""
