"""The commands around field mappings: `continuity mappings ...`."""
