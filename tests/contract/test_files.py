"""What every adapter promises of files on tickets, judged by what the platform holds."""

from __future__ import annotations

import io

import pytest

from connector.ticketing import Outcome, Refused, Remark, Write
from tests.contract.benches import TEAM, Bench

WHOLE = bytes(range(256)) * 600  # more than one piece


@pytest.fixture
def ticket(bench: Bench) -> str:
    given = {"title": "Fail over", "text": "Move", "state": "open", "team": TEAM}
    values = given | dict(bench.task_values(bench.raise_incident()))
    (outcome,) = bench.adapter.send([Write("act-1:a", "create", "recovery_task", values=values)])
    assert outcome.id
    return outcome.id


def attach(bench: Bench, ticket: str, name: str = "failover.log", content: bytes = WHOLE) -> Outcome:
    values = {"file": name, "size": len(content), "type": "text/plain"}
    write = Write("act-1:file", "attach", "recovery_task", ticket, values=values, content=io.BytesIO(content))
    (outcome,) = bench.adapter.send([write])
    return outcome


def files(bench: Bench, ticket: str) -> list[Remark]:
    return [remark for remark in bench.adapter.remarks("recovery_task", [ticket]) if remark.kind == "attachment"]


def test_a_file_is_read_whole_and_told_with_size_and_type(bench: Bench, ticket: str) -> None:
    bench.attach(ticket, "failover.log", WHOLE)
    into = io.BytesIO()

    (file,) = files(bench, ticket)
    bench.adapter.content(file, into)

    assert into.getvalue() == WHOLE
    assert (file.size, file.content_type, file.own) == (len(WHOLE), "text/plain", False)


def test_files_that_are_added_stand_there_with_their_names_and_are_known_as_ours(bench: Bench, ticket: str) -> None:
    given = [("failover.log", WHOLE), ("Überblick - план (2).txt", b"x"), ("failover.log", b"y"), ("0.txt", b"")]

    outcomes = [attach(bench, ticket, name, content) for name, content in given]

    found = files(bench, ticket)
    by_id = {file.id: file for file in found}
    assert [outcome.status for outcome in outcomes] == ["done"] * 4
    told = [(by_id[outcome.id].text, by_id[outcome.id].size) for outcome in outcomes]
    assert told == [(name, len(content)) for name, content in given]
    assert {(file.content_type, file.own) for file in found} == {("text/plain", True)}
    assert sorted(bench.files(ticket)) == sorted(given)


@pytest.mark.parametrize("effect", [True, False])
def test_a_file_whose_answer_was_lost_is_unclear_and_seen_if_it_stands(
    bench: Bench, ticket: str, *, effect: bool
) -> None:
    bench.lose_answer(effect=effect, file=True)

    outcome = attach(bench, ticket)

    assert outcome.status == "unclear"
    assert [(file.text, file.size, file.own) for file in files(bench, ticket)] == (
        [("failover.log", len(WHOLE), True)] if effect else []
    )


def test_a_file_that_the_platform_does_not_take_is_refused_with_its_reason(bench: Bench, ticket: str) -> None:
    outcome = attach(bench, ticket, *bench.unwanted_file())

    assert outcome.status == "refused"
    assert outcome.reason
    assert files(bench, ticket) == []


def test_a_file_for_a_ticket_that_is_not_there_is_refused(bench: Bench, ticket: str) -> None:
    del ticket

    assert attach(bench, bench.refusal()["id"], content=b"x").status == "refused"


def test_a_file_that_is_gone_cannot_be_read(bench: Bench, ticket: str) -> None:
    bench.attach(ticket, "failover.log")
    (file,) = files(bench, ticket)
    gone = Remark(ticket, file.id[:-1] + ("0" if file.id[-1] != "0" else "1"), "attachment", "", None, "failover.log")

    with pytest.raises(Refused):
        bench.adapter.content(gone, io.BytesIO())
