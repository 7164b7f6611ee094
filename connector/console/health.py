"""Whether the process is up and ready for work, and its metrics: `/healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from importlib import resources
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from connector.store.database import Database


def blueprint(
    database: Database,
    launched: Callable[[], bool],
    registry: CollectorRegistry,
    migrations: Path | None = None,
    *,
    mappings: Callable[[], Mapping[str, Any]] | None = None,
) -> Blueprint:
    """Return the three addresses; none of them needs a token, none tells anything of a ticket.

    `launched` says whether the engine that works the flows has started in this process (a process that only takes
    messages in passes one that is always true). `migrations` is the folder whose newest revision the database must
    have, by default the one that we ship. `/readyz` answers 503 with `missing`, a list of what is not there yet; beside
    it stands what `mappings` gives: the version in force, and how the draft stands beside it.
    """
    health = Blueprint("health", __name__)
    folder = migrations or Path(str(resources.files("connector.store") / "migrations"))

    @health.get("/healthz")
    def healthz() -> Response:
        return _fresh(jsonify(status="up"))

    @health.get("/readyz")
    def readyz() -> Response:
        missing = [*_missing_in(database, folder), *([] if launched() else ["the engine has not been launched yet"])]
        detail = {"mappings": mappings()} if mappings is not None else {}
        answer = (
            jsonify(status="not ready", missing=missing, **detail) if missing else jsonify(status="ready", **detail)
        )
        answer.status_code = HTTPStatus.SERVICE_UNAVAILABLE if missing else HTTPStatus.OK
        return _fresh(answer)

    @health.get("/metrics")
    def metrics() -> Response:
        return _fresh(Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST))

    return health


def _missing_in(database: Database, folder: Path) -> list[str]:
    """Return what the database lacks: an answer, or the newest migration."""
    try:
        with database.engine.connect() as tx:
            tx.execute(sa.select(1))
            present = set(MigrationContext.configure(tx).get_current_heads())
    except SQLAlchemyError as error:
        return [f"the database does not answer ({type(error).__name__})"]
    wanted = _heads(folder)
    if present == wanted:
        return []
    if not present:
        return ["the database has no tables yet: start `continuity serve`, which makes them"]
    return [f"the database is at revision {_named(present)}, this version needs {_named(wanted)}"]


@cache
def _heads(folder: Path) -> frozenset[str]:
    return frozenset(ScriptDirectory(str(folder)).get_heads())


def _named(revisions: set[str] | frozenset[str]) -> str:
    return ", ".join(sorted(revisions)) or "none"


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
