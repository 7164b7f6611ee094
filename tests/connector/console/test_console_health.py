from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from prometheus_client import CollectorRegistry, Counter

from connector.console import health
from connector.store.database import Database

REVISION = 'revision = "0001"\ndown_revision = None\n\n\ndef upgrade() -> None:\n    pass\n'


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "migrations" / "versions" / "0001.py").write_text(REVISION)
    return tmp_path / "migrations"


def at_revision(desk, revision: str) -> None:
    with desk.database.begin() as tx:
        tx.execute(sa.text("CREATE TABLE alembic_version (version_num TEXT)"))
        tx.execute(sa.text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})


def client_of(app: Flask, database: Database, migrations: Path, *, launched: bool = True):
    registry = CollectorRegistry()
    Counter("continuity_tries", "Tries.", registry=registry).inc()
    app.register_blueprint(health.blueprint(database, lambda: launched, registry, migrations))
    return app.test_client()


def test_a_process_that_serves_is_up(app, desk, migrations):
    assert client_of(app, desk.database, migrations, launched=False).get("/healthz").json == {"status": "up"}


def test_ready_means_database_migrations_and_engine(app, desk, migrations):
    at_revision(desk, "0001")

    answer = client_of(app, desk.database, migrations).get("/readyz")

    assert (answer.status_code, answer.json) == (200, {"status": "ready"})


def test_before_the_engine_is_launched_it_is_not_ready(app, desk, migrations):
    at_revision(desk, "0001")

    answer = client_of(app, desk.database, migrations, launched=False).get("/readyz")

    assert answer.status_code == 503
    assert answer.json["missing"] == ["the engine has not been launched yet"]


def test_a_database_of_another_revision_is_named(app, desk, migrations):
    at_revision(desk, "0000")

    answer = client_of(app, desk.database, migrations).get("/readyz")

    assert answer.status_code == 503
    assert answer.json["missing"] == ["the database is at revision 0000, this version needs 0001"]


def test_a_database_without_migrations_is_named(app, desk, migrations):
    answer = client_of(app, desk.database, migrations).get("/readyz")

    assert answer.json["missing"] == ["the database has no tables yet: start `continuity serve`, which makes them"]


def test_a_database_that_does_not_answer_makes_it_unready_but_not_down(app, tmp_path, migrations):
    broken = Database(f"sqlite:///{tmp_path}/no/such/folder/x.db")
    client = client_of(app, broken, migrations)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json["missing"] == ["the database does not answer (OperationalError)"]
    assert client.get("/healthz").status_code == 200


def test_metrics_are_prometheus_text(app, desk, migrations):
    answer = client_of(app, desk.database, migrations).get("/metrics")

    assert answer.content_type.startswith("text/plain; version=")
    assert "continuity_tries_total 1.0" in answer.text
