"""What pages show: typed values for the templates. No request and no database in here."""
