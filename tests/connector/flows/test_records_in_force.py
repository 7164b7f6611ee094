"""The catalog in force: the files' records with the values laid over them that platforms may set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from connector.flows import parts as flow_parts
from connector.flows.parts import RecordsInForce
from connector.service import Service
from connector.store import counterparts
from tests.records_in_step import NINE, PAYMENTS, Office

KEYS = tuple(f"service-{number}" for number in range(6))
VALUES = {"rto": (60, 3600, 9 * 3600), "mtpd": (3600, 10 * 3600), "owner": ("Olga Ivanova", "Priya Nair")}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    services = (PAYMENTS, *(Service(**{**vars(PAYMENTS), "key": key, "name": key}) for key in KEYS))
    made = Office(tmp_path, desks=(), services=services)
    yield made
    made.close()


def take(tx: sa.Connection, office: Office, key: str, field: str, value: Any, record: str = "service") -> None:
    in_file = {"rto": 4 * 3600, "mtpd": 8 * 3600, "owner": "Carla Mendes", "title": "Payments failover"}[field]
    place = {"record": record, "key": key, "field": field, "connection": "desk", "taken_at": NINE}
    counterparts.take(tx, {**place, "value": value, "file_value": in_file})


def test_it_is_the_same_read_value_by_value_or_all_at_once(office: Office) -> None:
    random, known = Random(1), RecordsInForce()
    for _ in range(60):
        with office.database.begin() as tx:
            key, field = random.choice(KEYS), random.choice(sorted(VALUES))
            if random.random() < 0.2:
                counterparts.drop(tx, "service", key, field)
            else:
                take(tx, office, key, field, random.choice(VALUES[field]))
            if random.random() < 0.2:
                take(tx, office, "PAY-DR", "title", f"Title {random.random()}", "plan")
        if random.random() < 0.1:
            office.edit(key, rto=timedelta(hours=random.randint(1, 7)))
        with office.database.begin() as tx:
            assert known.read(tx) == RecordsInForce().read(tx)


def test_a_value_that_was_rolled_back_is_not_remembered(office: Office) -> None:
    known = RecordsInForce()
    with office.database.engine.connect() as tx:
        take(tx, office, "payments", "rto", 60)
        assert known.read(tx).services["payments"].rto == timedelta(minutes=1)
        tx.rollback()
    with office.database.begin() as tx:
        take(tx, office, "service-1", "rto", 3600)
    with office.database.begin() as tx:
        found = known.read(tx).services

    assert (found["payments"].rto, found["service-1"].rto) == (PAYMENTS.rto, timedelta(hours=1))


def test_of_many_values_that_come_one_by_one_only_their_own_records_are_made_anew(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    with_values = flow_parts.with_values
    monkeypatch.setattr(
        flow_parts, "with_values", lambda files, taken, mark: made.append(len(taken)) or with_values(files, taken, mark)
    )
    known = RecordsInForce()
    for key in KEYS:
        with office.database.begin() as tx:
            take(tx, office, key, "rto", 3600)
        with office.database.begin() as tx:
            known.read(tx)

    assert made == [1] * len(KEYS)
