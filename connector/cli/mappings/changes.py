"""What a draft changes of the mappings in force, and what a release does, as the commands tell it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connector.bootstrap import PLATFORMS
from connector.cli import output
from connector.cli.mappings.state import State
from connector.mapping_version import Content
from mappings import library
from mappings.difference import Difference, differences


def changes(state: State) -> list[Difference]:
    """Return what the files change of the version in force, whether they compile or not. Raises Declined, Invalid."""
    content: Content = {name: library.gather(name, state.settings.directory) for name in PLATFORMS}
    return differences(state.content, content)


def plain(item: Difference) -> dict[str, Any]:
    """Return a difference for a JSON document."""
    return {
        "platform": item.platform,
        "record": item.record,
        "path": ".".join(item.path),
        "text": str(item),
        "where": item.where,
    }


def print_changes(found: Iterable[Difference]) -> None:
    for item in found:
        output.say(f"{item}  ({item.where})")
