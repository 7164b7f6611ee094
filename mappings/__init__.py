"""Declarative field mappings between our records and a platform's fields."""
