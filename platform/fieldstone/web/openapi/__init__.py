"""The OpenAPI 3.1 description of the API, generated from the model for one caller's rights."""
