"""What pages show: typed values for the templates, made from the model and the records. No request, no database."""
