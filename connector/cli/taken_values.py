"""Where what is in force differs from the files, because a platform's value was taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connector.catalog import Catalog, places
from connector.catalog.folder import SERVICES_FILE
from connector.cli import output
from connector.cli.shipped import look
from connector.continuity_record import TITLE, namesakes, plan_key, said, values_of, with_values
from connector.document import Document, read_document
from connector.problem import Invalid, Problem
from connector.record_merge import same
from connector.settings import Settings
from connector.store import counterparts
from connector.ticketing import KEPT

_IN_FILES = {"title": "name"}


def otherwise(settings: Settings | None, catalog: Catalog | None, directory: Path) -> list[Problem]:
    """Return a warning for each value of the files in whose place a platform's stands."""
    if settings is None or catalog is None:
        return []
    taken = look(settings, counterparts.all_taken) or {}
    return list(_told(taken, catalog, directory)) if taken else []


def _told(taken: dict[tuple[str, str], list[sa.Row[Any]]], catalog: Catalog, directory: Path) -> Iterator[Problem]:
    plans, services = places(directory).documents, _services(directory)
    shared: dict[str, dict[str, str]] = {record: namesakes(_laid_over(catalog, taken), record) for record in KEPT}
    for (record, key), rows in taken.items():
        values = values_of(catalog, record, key) or {}
        document = services if record == "service" else plans.get(plan_key(key))
        for row in rows:
            if document is None or row.field not in values:
                continue
            value = values[row.field]
            if same(value, row.value) or not same(value, row.file_value):
                continue  # the file says the same by now, or wins as soon as it is applied
            path = _path(record, key, _IN_FILES.get(row.field, row.field))
            what = (
                f"the file says {said(row.field, value)}; {row.connection} says {said(row.field, row.value)} since "
                f"{output.shown(row.taken_at)}, which was taken and stands"
            )
            if row.field == TITLE[record] and key in shared[record]:
                what += f"; {shared[record][key]}"
            fix = "write that into the file; a file that is changed to another value wins"
            yield Problem(document.where(*path), what, fix, "warning")


def _laid_over(catalog: Catalog, taken: Mapping[tuple[str, str], Sequence[sa.Row[Any]]]) -> Catalog:
    values = {
        (record, key): {
            row.field: row.value
            for row in rows
            if same((values_of(catalog, record, key) or {}).get(row.field), row.file_value)
        }
        for (record, key), rows in taken.items()
    }
    return with_values(catalog, values, "taken")


def _path(record: str, key: str, name: str) -> tuple[str, ...]:
    """Return where a field stands in its file."""
    if record == "service":
        return ("services", key, name)
    return ("tasks", key.removeprefix(f"{plan_key(key)}/"), name) if record == "plan_task" else (name,)


def _services(directory: Path) -> Document | None:
    try:
        return read_document(directory / SERVICES_FILE, SERVICES_FILE)
    except Invalid:
        return None  # a check tells of it
