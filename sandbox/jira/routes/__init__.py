"""The REST resources, one module for each kind."""
