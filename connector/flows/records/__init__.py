"""Continuity records kept in step: what a platform says of one, what is taken from there, and what is written."""
