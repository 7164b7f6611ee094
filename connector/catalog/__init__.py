"""The organisation's continuity records: services and plans, read from YAML and checked whole."""

from connector.catalog.example_set import write_example
from connector.catalog.facts import Catalog, Change, catalog_of, changes, from_json, to_json
from connector.catalog.folder import load
from connector.catalog.needs import needed
from connector.catalog.places import Places, places
from connector.catalog.rules import COMMUNICATION_NAMES

__all__ = [
    "COMMUNICATION_NAMES",
    "Catalog",
    "Change",
    "Places",
    "catalog_of",
    "changes",
    "from_json",
    "load",
    "needed",
    "places",
    "to_json",
    "write_example",
]
