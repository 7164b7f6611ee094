"""Which mappings are in force: the newest version in the database; the files beside it are the draft."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connector.mapping_version import Draft, MappingVersion, draft, stored
from connector.problem import Invalid
from connector.store import mapping_versions
from connector.store.database import Database
from mappings.difference import shipped_changes

LOOK_EVERY = 1.0
"""Seconds between looks at whether another version was put in force."""
FIRST_START = "first start"
log = logging.getLogger(__name__)
_Signature = tuple[tuple[str, int, int], ...]


class MappingsInForce:
    """Takes the version in force from the database, and tells how the draft stands beside it.

    A version once taken stays in use until another can be: neither a draft nor a stored version that cannot be compiled
    stops what runs.
    """

    def __init__(self, database: Database, platforms: tuple[str, ...], directory: Path) -> None:
        self._database = database
        self._platforms = platforms
        self._directory = directory
        self._lock = threading.Lock()
        self._version: MappingVersion | None = None
        self._refused = 0
        self._seen: _Signature = ()
        self._draft = ""

    def draft(self) -> Draft:
        """Return what the files say now."""
        return draft(self._platforms, self._directory)

    def now(self) -> MappingVersion:
        """Return the version in force, or the draft where none was put in force yet. Raises Invalid."""
        with self._database.begin() as tx:
            row = mapping_versions.newest(tx)
        return self._taken(row) if row is not None else self.draft().sound()

    def first(self, now: datetime) -> MappingVersion:
        """Return the version in force as the service starts; with none, the files become version 1. Raises Invalid.

        Logs what a person should know: a draft that waits or is at fault, and shipped files that a release changed.
        """
        found = self.draft()
        with self._database.begin() as tx:
            mapping_versions.one_at_a_time(tx)
            if not mapping_versions.newest_id(tx):
                sound = found.sound()
                mapping_versions.add(tx, sound.digest, sound.content, FIRST_START, now)
        version = self.now()
        log.info("mappings version %s is in force", version.id)
        for line in shipped_changes(version.content):
            log.warning(
                "this release ships another mapping than version %s holds: %s; `continuity mappings activate` takes it",
                version.id,
                line,
            )
        self._note_draft(found, version)
        return version

    def follow(self, use: Callable[[MappingVersion], None]) -> None:
        """Hand over a version that was put in force since, and look at the draft if its files changed."""
        with self._database.begin() as tx:
            newest = mapping_versions.newest_id(tx)
            current = self._version.id if self._version is not None else 0
            row = mapping_versions.newest(tx) if newest not in {current, self._refused} else None
        if row is not None:
            self._change(row, use)
        if self._version is not None and (row is not None or self._signature() != self._seen):
            self._note_draft(self.draft(), self._version)

    def standing(self) -> dict[str, Any]:
        """Return the version in use and how the draft stands beside it, in words."""
        with self._lock:
            return {"version": self._version.id if self._version is not None else None, "draft": self._draft}

    def _change(self, row: sa.Row[Any], use: Callable[[MappingVersion], None]) -> None:
        before = self._version
        try:
            version = stored(row.id, row.content, self._platforms)
        except Invalid as error:
            self._refused = row.id
            log.error("%s; version %s stays in use", error, before.id if before is not None else "none")  # noqa: TRY400
            return
        use(version)
        with self._lock:
            self._version = version
        again = f" (version {row.restores} again)" if row.restores else ""
        log.info("mappings version %s is in force now%s, activated by %s", version.id, again, row.activated_by)

    def _taken(self, row: sa.Row[Any]) -> MappingVersion:
        version = self._version
        if version is None or version.id != row.id:
            version = stored(row.id, row.content, self._platforms)
        with self._lock:
            self._version = version
        return version

    def _note_draft(self, found: Draft, version: MappingVersion) -> None:
        self._seen = self._signature()
        told = standing(found, version)
        with self._lock:
            news = told != self._draft
            self._draft = told
        if not news:
            return
        for problem in found.problems:
            log.warning("the draft of the mappings: %s", problem)
        if found.problems or found.version is None or found.version.digest != version.digest:
            log.warning("the draft of the mappings %s", told)

    def _signature(self) -> _Signature:
        """Return what changes when a file of the draft does."""
        files = []
        for platform in self._platforms:
            for path in sorted((self._directory / "mappings" / platform).glob("*.y*ml")):
                try:
                    known = path.stat()
                except OSError:
                    continue  # taken away this moment: its absence is the change
                files.append((str(path), known.st_mtime_ns, known.st_size))
        return tuple(files)


def standing(found: Draft, version: MappingVersion | None) -> str:
    """Say how the draft stands beside the version in force (None: there is none yet)."""
    number = version.id if version is not None else 0
    if found.version is None:
        count = len(found.problems)
        many = f"{count} problems" if count > 1 else "a problem"
        stays = f"version {number} stays in force" if number else "there is no version in force"
        return f"has {many}, told by `continuity check`; {stays}"
    if not number:
        return "is sound, and becomes version 1 when the service first starts"
    if version is None or found.version.digest == version.digest:
        return f"is what is in force (version {number})"
    return (
        f"differs from version {number}: `continuity mappings diff` shows it, `continuity mappings activate` takes it"
    )


class Follower:
    """Calls `look` time and again in a thread of its own, until it is stopped; a database that is away is no end."""

    def __init__(self, look: Callable[[], None], seconds: float = LOOK_EVERY) -> None:
        self._look = look
        self._seconds = seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mappings", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(self._seconds + 5.0)

    def _run(self) -> None:
        failing = False
        while not self._over.wait(self._seconds):
            try:
                self._look()
                failing = False
            except Exception:
                # The version in use stays so; what goes on failing is told once.
                if not failing:
                    log.exception("whether other mappings were put in force cannot be seen; looked again in a second")
                failing = True
