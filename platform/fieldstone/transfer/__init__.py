"""Records in from files: mapping files, CSV, lookups, and the streamed import behind `fieldstone import`."""
