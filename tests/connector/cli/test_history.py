"""history, over a database that nobody serves."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from connector.cli.history import safe
from connector.store import tickets, writes
from connector.store.database import Database
from tests.connector.cli.conftest import Run

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _kept(database: Database) -> None:
    facts = {
        "connection": "jira",
        "subject": "ticket:jira:1",
        "action": "update",
        "record": "incident",
        "platform_id": "1",
        "next_at": NOW,
        "created_at": NOW,
    }
    told = {"values": {"state": "done"}, "before": {"state": "open"}, "cause": "message D3", "mapping_version": 2}
    with database.begin() as tx:
        writes.intend(tx, {**facts, **told, "key": "a", "number": "OPS-1", "note": "=cmd()\nmore", "answer": "done"})
        writes.intend(tx, {**facts, "key": "b", "number": "OPS-2", "values": {"priority": "1"}})
        tickets.tell(tx, "OPS-9 was told", NOW, connection="jira", platform_id="9")


def test_a_write_is_told_with_before_after_cause_and_answer(run: Run) -> None:
    (line,) = [json.loads(text) for text in run("history", "--json", "--ticket", "OPS-1").stdout.splitlines()]

    assert line["changes"] == [{"field": "state", "before": "open", "after": "done"}]
    assert (line["cause"], line["mapping_version"], line["answer"]) == ("message D3", 2, "done")
    assert (line["note"], line["activation"]) == ("=cmd()\nmore", None)


def test_csv_holds_every_line_and_no_formula(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("history", "--csv", "-").stdout)))

    assert [row["id"] for row in rows] == ["H1", "W1", "W2"]
    assert rows[1]["note"] == "'=cmd()"
    assert rows[1]["changes"] == "state: open -> done"


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "  =1"])
def test_what_a_spreadsheet_would_compute_is_text(cell: str) -> None:
    assert safe(cell) == f"'{cell}"


def test_what_is_older_or_of_another_activation_is_left_out(run: Run) -> None:
    assert run("history", "--since", "1m").stdout == "Nothing fits.\n"
    assert run("history", "--activation", "ACT-7").stdout == "Nothing fits.\n"
