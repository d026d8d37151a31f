"""The runtime of Fieldstone: compiled model, publications, records, access, REST API, command line."""
