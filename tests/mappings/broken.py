"""A broken mapping file, and every word that is to be said about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Broken:
    """An admin's file, and the messages about it without the file's name, which begins each."""

    title: str
    text: str
    messages: list[str]
    record: str = "incident"
    platform: str = "servicenow"

    @property
    def file(self) -> str:
        return f"mappings/{self.platform}/{self.record}.yaml"
