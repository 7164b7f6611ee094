"""Services and plans kept in step with platforms in memory: what is taken, what is written, and what is left alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.flows.reconcile.audit import Audit
from connector.flows.records.readings import take_in
from connector.record_merge import Rule
from connector.service import Service
from connector.store import counterparts
from tests.records_in_step import HOUR, OURS_ALONE, PAYMENTS, Office

THEIRS: dict[str, Any] = {
    "name": "Payments",
    "criticality": 1,
    "rto": 4 * 3600,
    "rpo": 900,
    "mtpd": 8 * 3600,
    "owner": "Carla Mendes",
}


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Any]:
    made: list[Office] = []

    def office(**how: Any) -> Office:
        made.append(Office(tmp_path, **how))
        return made[-1]

    yield office
    for item in made:
        item.close()


def linked(office: Office, *, sides: tuple[str, ...] = ("desk", "board")) -> dict[str, str]:
    """Give each side a service that is as ours, and link it."""
    made = {side: office.there.get(side) or office[side].make("service", **THEIRS) for side in sides}
    for side, ticket in made.items():
        office.link(side, ticket)
    office.settle()
    return made


def sent(office: Office, connection: str = "") -> int:
    return len([row for row in office.rows("SELECT connection FROM write") if connection in ("", row.connection)])


def test_a_change_on_one_platform_is_taken_and_written_to_the_other_and_its_echo_changes_nothing(make: Any) -> None:
    office = make()
    made = linked(office)
    before = sent(office)
    office["desk"].change(made["desk"], rto=2 * 3600)
    office.webhook("desk", made["desk"])
    office.settle()

    assert office.ours()["rto"] == 2 * 3600
    assert office.theirs("board")["rto"] == 2 * 3600
    assert sent(office) - before == 1

    for side, ticket in made.items():
        office.webhook(side, ticket)
    office.settle()
    office.sweep()

    assert sent(office) - before == 1
    assert [office.counterpart(side).state for side in made] == ["in step", "in step"]
    (write,) = office.rows("SELECT * FROM write WHERE before LIKE '%rto%'")
    assert (write.connection, json.loads(write.values), json.loads(write.before)) == (
        "board",
        {"rto": 7200},
        {"rto": 14400},
    )
    assert any("rto 4h -> 2h, taken from" in line for line in office.history())


def test_a_lost_message_is_repaired_by_one_sweep(make: Any) -> None:
    office = make()
    made = linked(office)
    office.sweep()
    office.now += timedelta(minutes=5)
    office["board"].change(made["board"], owner="Olga Ivanova")

    office.sweep()

    assert (office.ours()["owner"], office.theirs("desk")["owner"]) == ("Olga Ivanova", "Olga Ivanova")


def test_a_new_activation_uses_the_rto_that_was_taken(make: Any) -> None:
    office = make(desks=("desk",))
    made = linked(office, sides=("desk",))
    office["desk"].change(made["desk"], rto=3600)
    office.sweep()
    incident = office["desk"].open_incident(priority=1, ci=["payments-db"])
    office.webhook("desk", incident)
    office.settle()

    (activation,) = office.rows("SELECT rto_seconds FROM activation")
    assert activation.rto_seconds == 3600


def test_a_files_change_that_comes_later_wins_over_what_was_taken(make: Any) -> None:
    office = make()
    made = linked(office)
    office["desk"].change(made["desk"], rto=2 * 3600)
    office.sweep()
    office.edit(rto=HOUR)

    assert office.ours()["rto"] == 3600
    assert [office.theirs(side)["rto"] for side in made] == [3600, 3600]
    assert office.rows("SELECT * FROM taken") == []


def test_where_both_changed_the_mapping_says_whose_value_stands(make: Any) -> None:
    platform = {"desk": {"rto": Rule(policy="platform")}}
    office = make(desks=("desk",), changed=platform)
    made = linked(office, sides=("desk",))
    office["desk"].change(made["desk"], rto=2 * 3600, owner="Olga Ivanova")
    office.edit(rto=HOUR, owner="Priya Nair")
    office.sweep()

    assert (office.ours()["rto"], office.theirs("desk")["rto"]) == (7200, 7200)
    assert (office.ours()["owner"], office.theirs("desk")["owner"]) == ("Priya Nair", "Priya Nair")


@pytest.mark.parametrize(("choice", "stands"), [("ours", 3600), ("theirs", 7200)])
def test_a_conflict_holds_only_its_field_until_a_person_settles_it(make: Any, choice: str, stands: int) -> None:
    office = make(changed={"desk": {"rto": Rule(policy="manual")}})
    made = linked(office)
    office["desk"].change(made["desk"], rto=2 * 3600, owner="Olga Ivanova")
    office.webhook("desk", made["desk"])
    office.edit(rto=HOUR)
    office.settle()

    assert (office.theirs("desk")["rto"], office.ours()["rto"], office.theirs("board")["rto"]) == (7200, 3600, 3600)
    assert office.theirs("board")["owner"] == "Olga Ivanova"
    assert office.counterpart("desk").state == "conflict"
    assert list(office.counterpart("desk").conflicts) == ["rto"]
    assert any("1h here, 2h on desk" in line for line in office.history())

    answer = office.command("settle", record="service", key="payments", field="rto", choice=choice, by="carla")

    assert answer.startswith("done")
    assert [office.theirs(side)["rto"] for side in made] == [stands, stands]
    assert (office.ours()["rto"], office.counterpart("desk").state) == (stands, "in step")
    assert "nothing is to be settled" in office.command(
        "settle", record="service", key="payments", field="rto", choice=choice
    )


def test_what_is_one_platforms_alone_is_not_settled_for_another(make: Any) -> None:
    office = make(changed={"desk": {"rto": Rule(writes=False)}, "board": {"rto": Rule(policy="manual")}})
    made = linked(office)
    office["board"].change(made["board"], rto=2 * 3600)
    row = office.counterpart("board")
    with office.database.begin() as tx:
        counterparts.update(tx, row.id, {"theirs": {**row.theirs, "rto": [2 * 3600, None]}})

    answer = office.command("settle", record="service", key="payments", field="rto", choice="theirs", by="carla")

    assert "rto is desk's alone: change it there" in answer


def test_a_deleted_record_is_unlinked_and_neither_deleted_elsewhere_nor_made_again(make: Any) -> None:
    office = make(create=True, there={"desk": THEIRS, "board": THEIRS})
    made = linked(office)
    office["desk"].delete(made["desk"])
    office.webhook("desk", made["desk"], deleted=True)
    office.settle()
    office.sweep()
    office.edit(owner="Priya Nair")
    office.sweep()

    assert office.counterpart("desk").state == "gone"
    assert office["desk"].tickets("service") == ()
    assert office.theirs("board")["owner"] == "Priya Nair"
    assert sum("It is unlinked" in line for line in office.history()) == 2


def undo(office: Office, ticket: str, times: int) -> None:
    """Let a rule of the platform set the owner back each time, a minute apart."""
    for _ in range(times):
        office.now += timedelta(minutes=1)
        office["desk"].change(ticket, owner="The rule")
        office.webhook("desk", ticket)
        office.settle()


def test_a_rule_of_the_platform_that_changes_a_value_back_leads_to_a_bounded_number_of_writes(make: Any) -> None:
    office = make(desks=("desk",), changed={"desk": {"owner": OURS_ALONE}})
    made = linked(office, sides=("desk",))
    undo(office, made["desk"], 20)

    assert sent(office) == 1 + 6 + 1  # the text at first, the owner six times, and what is parked
    assert office.counterpart("desk").state == "parked"
    (parked,) = office.rows("SELECT reason FROM write WHERE state = 'parked'")
    assert "another system keeps changing owner" in parked.reason

    office["desk"].change(made["desk"], owner="Carla Mendes")
    office.webhook("desk", made["desk"])
    office.settle()
    assert office.counterpart("desk").state == "in step"


def test_a_person_who_edits_the_files_often_is_not_taken_for_another_system(make: Any) -> None:
    office = make(desks=("desk",))
    linked(office, sides=("desk",))
    for number in range(10):
        office.edit(owner=f"Owner {number}")
    office.edit(criticality=2)

    assert (office.theirs("desk")["owner"], office.theirs("desk")["criticality"]) == ("Owner 9", 2)
    assert office.counterpart("desk").state == "in step"


@pytest.mark.parametrize("effect", ["drop_before", "drop_after"])
def test_a_crash_between_the_call_and_its_record_makes_no_second_record(make: Any, effect: Any) -> None:
    office = make(desks=("desk",), create=True, plans=())
    office["desk"].fail(effect)
    office.sweep()
    office.start()
    for _ in range(3):
        office.pass_time(timedelta(minutes=10))

    assert office.theirs("desk")["name"] == "Payments"
    assert (office.counterpart("desk").state, sent(office)) == ("in step", 1)


def test_a_change_whose_answer_was_lost_does_not_overwrite_what_a_person_did_meanwhile(make: Any) -> None:
    office = make(desks=("desk",), changed={"desk": {"owner": Rule(policy="platform")}})
    made = linked(office, sides=("desk",))
    office["desk"].fail("drop_before")
    office.edit(owner="Priya Nair")
    office["desk"].change(made["desk"], owner="Olga Ivanova")
    for _ in range(3):
        office.pass_time(timedelta(minutes=10))

    assert (office.ours()["owner"], office.theirs("desk")["owner"]) == ("Olga Ivanova", "Olga Ivanova")


def test_a_write_that_landed_without_an_answer_is_no_edit_of_a_person(make: Any) -> None:
    office = make(desks=("desk",), changed={"desk": {"owner": Rule(policy="manual")}})
    made = linked(office, sides=("desk",))
    office["desk"].fail("drop_after")
    office.edit(owner="Priya Nair")
    office.webhook("desk", made["desk"])
    office.edit(owner="Olga Ivanova")
    for _ in range(3):
        office.pass_time(timedelta(minutes=10))

    assert office.counterpart("desk").conflicts == {}
    assert (office.ours()["owner"], office.theirs("desk")["owner"]) == ("Olga Ivanova", "Olga Ivanova")


def test_a_write_that_waited_for_a_message_goes_out_when_that_is_decided(make: Any) -> None:
    office = make()
    made = linked(office)
    send, told = office.flows["send"], []

    def told_meanwhile(subject: str) -> None:
        if subject.endswith("|desk") and not told:
            told.append(office.webhook("desk", made["desk"]))
        send(subject)

    office.flows = {**office.flows, "send": told_meanwhile}
    office.edit(rto=3 * HOUR)

    assert told
    assert office.theirs("desk")["rto"] == 3 * 3600
    assert [row.state for row in office.rows("SELECT state FROM write")] == ["done"] * sent(office)


def test_a_field_that_is_undone_holds_no_other_field_of_its_record(make: Any) -> None:
    office = make(desks=("desk",), changed={"desk": {"owner": OURS_ALONE}})
    made = linked(office, sides=("desk",))
    undo(office, made["desk"], 8)
    assert office.counterpart("desk").state == "parked"

    office.edit(criticality=2)
    office.settle()

    assert office.theirs("desk")["criticality"] == 2
    assert office.counterpart("desk").state == "parked"


def test_a_value_that_a_platform_does_not_keep_is_held_with_the_way_to_go_on(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = make(desks=("desk",))
    linked(office, sides=("desk",))
    desk = office["desk"]
    send = desk.send

    def without_owner(writes: Any) -> Any:
        less = [replace(item, values={k: v for k, v in item.values.items() if k != "owner"}) for item in writes]
        return [replace(outcome, warnings=("owner did not stick",)) for outcome in send(less)]

    monkeypatch.setattr(desk, "send", without_owner)
    office.edit(owner="Olga Ivanova")
    office.settle()
    held = office.counterpart("desk").problems["held"]["owner"]
    monkeypatch.undo()
    office.command("settle", record="service", key="payments", field="owner", choice="ours", by="Carla")
    office.settle()

    assert "`continuity settle service payments owner --ours` writes it again" in held
    assert "owner did not stick" in held
    assert office.theirs("desk")["owner"] == "Olga Ivanova"
    assert office.counterpart("desk").state == "in step"


def test_a_creation_waits_for_a_person_where_the_platform_has_the_name(make: Any) -> None:
    office = make(desks=("desk",), create=True, plans=(), there={"desk": {"name": "PAYMENTS ", "criticality": 2}})
    office.sweep()
    office.sweep()

    row = office.counterpart("desk")
    assert (row.state, row.platform_id) == ("waiting", None)
    assert "--link payments=SER0001" in row.problems["doubt"][0]
    assert len(office["desk"].tickets("service")) == 1

    office.link("desk", office.there["desk"])
    office.settle()
    assert office.theirs("desk")["criticality"] == 1


def test_a_value_that_our_record_cannot_have_is_held_and_told(make: Any) -> None:
    office = make()
    made = linked(office)
    office["desk"].change(made["desk"], rto=9 * 3600, name="", criticality=2)
    office.sweep()

    row = office.counterpart("desk")
    assert row.state == "waiting"
    assert row.problems["held"] == {
        "rto": "the RTO of 9h would be longer than the MTPD of 8h",
        "name": "the platform's name is empty, and a service needs one",
    }
    assert (office.ours()["rto"], office.ours()["name"], office.ours()["criticality"]) == (4 * 3600, "Payments", 2)
    assert (office.theirs("board")["rto"], office.theirs("board")["criticality"]) == (4 * 3600, 2)

    office["desk"].change(made["desk"], mtpd=10 * 3600)
    office.sweep()
    assert office.theirs("board")["rto"] == 9 * 3600


def test_a_length_that_the_platform_rounds_is_no_difference(make: Any) -> None:
    office = make(desks=("desk",), services=(Service(**{**vars(PAYMENTS), "rpo": timedelta(seconds=100)}),))
    made = office["desk"].make("service", **THEIRS | {"rpo": 120})
    office.link("desk", made)
    office.settle()

    assert office.ours()["rpo"] == 100
    assert office.theirs("desk")["rpo"] == 120


def test_a_message_that_came_late_is_read_again_instead_of_taken_for_news(make: Any) -> None:
    office = make(desks=("desk",))
    made = linked(office, sides=("desk",))
    office["desk"].change(made["desk"], owner="Olga Ivanova")
    old = office.ticket("desk", made["desk"])
    office["desk"].change(made["desk"], owner="Priya Nair")
    office.webhook("desk", made["desk"])
    office.settle()
    office.webhook("desk", old)
    office.settle()

    assert (office.ours()["owner"], office.theirs("desk")["owner"]) == ("Priya Nair", "Priya Nair")


def test_a_refused_write_holds_its_record_on_its_platform_only(make: Any) -> None:
    office = make()
    linked(office)
    office["desk"].fail("refuse", key="record:service")
    office.edit(owner="Priya Nair")

    assert (office.counterpart("desk").state, office.counterpart("board").state) == ("parked", "in step")
    assert office.theirs("board")["owner"] == "Priya Nair"

    office.edit(owner="Olga Ivanova")
    assert [office.theirs(side)["owner"] for side in ("desk", "board")] == ["Olga Ivanova"] * 2
    assert office.counterpart("desk").state == "in step"


def test_a_record_that_leaves_the_files_stays_on_the_platform(make: Any) -> None:
    office = make(desks=("desk",), plans=())
    linked(office, sides=("desk",))
    kept = office.services.pop("payments")
    office.services["other"] = Service(**{**vars(kept), "key": "other", "name": "Other"})
    office.apply()
    assert office.counterpart("desk").state == "not in the files"
    assert len(office["desk"].tickets("service")) == 1

    office.services["payments"] = kept
    office.apply()
    assert office.counterpart("desk").state == "in step"


def test_a_sweep_over_many_unchanged_records_makes_one_call_for_each_kind(make: Any) -> None:
    many = tuple(
        Service(**{**vars(PAYMENTS), "key": f"service-{number}", "name": f"Service {number}"}) for number in range(60)
    )
    office = make(desks=("desk",), services=many, plans=(), create=True, page=20)
    office.sweep()
    office.now += HOUR
    office.sweep()
    office.now += HOUR
    assert len(office["desk"].tickets("service")) == 60
    calls = office["desk"].calls

    office.sweep()
    assert office["desk"].calls - calls == 1  # no plan is linked

    for ticket in office["desk"].tickets("service")[:10]:
        office["desk"].change(ticket.id, owner="Olga Ivanova")
    calls = office["desk"].calls
    office.sweep()
    assert office["desk"].calls - calls == 1
    assert office.ours("service-3")["owner"] == "Olga Ivanova"


def test_a_full_audit_goes_on_at_its_page_and_finds_what_is_gone(make: Any) -> None:
    many = tuple(
        Service(**{**vars(PAYMENTS), "key": f"service-{number}", "name": f"Service {number}"}) for number in range(10)
    )
    office = make(desks=("desk",), services=many, plans=(), create=True, page=4)
    office.sweep()
    office.now += timedelta(days=1)
    rows = {row.key: row for row in _all(office)}
    office["desk"].delete(rows["service-1"].platform_id)
    office["desk"].change(rows["service-9"].platform_id, owner="Olga Ivanova")
    office.sweep()
    office["desk"].change(rows["service-8"].platform_id, owner="Olga Ivanova")

    trial = list(Audit(office.parts, office.parts.connections["desk"], "carla", dry_run=True).run())[-1]
    assert trial.counts["gone"] == 1
    assert any("owner Carla Mendes -> Olga Ivanova, from desk" in text for text in trial.findings)
    office.settle()
    assert office.ours("service-8")["owner"] == "Carla Mendes"

    calls = office["desk"].calls
    first = Audit(office.parts, office.parts.connections["desk"], "carla").run()
    next(first)
    first.close()
    office.start()
    done = list(Audit(office.parts, office.parts.connections["desk"], "carla").run())[-1]
    office.settle()

    assert office["desk"].calls - calls == 3 + 1 + 1  # three pages, what no page showed, and the plans' page
    assert (done.counts["read"], done.counts["gone"]) == (9, 1)
    assert office.ours("service-8")["owner"] == "Olga Ivanova"
    assert office.counterpart("desk", "service-1").state == "gone"


def lost(office: Office) -> int:
    """Let what waited in memory be lost, and some time pass; returns how many turns the flows then took."""
    office.steps.forget()
    office.now += timedelta(minutes=10)
    with office.database.begin() as tx:
        office.steps.wake(tx, "sweep", "housekeeping")
    return office.settle()


def test_a_record_whose_wake_up_was_lost_is_found_by_the_housekeeping_whatever_had_happened_to_it(make: Any) -> None:
    office = make(desks=("desk",))
    ticket = office["desk"].make("service", **THEIRS)
    office.link("desk", ticket)
    lost(office)
    assert office.counterpart("desk").state == "in step"

    office["desk"].change(ticket, owner="Olga Ivanova")
    with office.database.begin() as tx:
        row = counterparts.at(tx, "desk", ticket)
        take_in(tx, office.parts, row, office.ticket("desk", ticket), office.now + timedelta(seconds=1), None)
    lost(office)
    assert office.ours()["owner"] == "Olga Ivanova"

    flows = office.flows
    decided: list[str] = []

    def decide_once(subject: str) -> None:
        if subject not in decided:
            decided.append(subject)
            flows["incident"](subject)
            office.now += timedelta(seconds=1)

    office.flows = {**flows, "incident": decide_once}
    office.edit(owner="Priya Nair")  # sent and answered, but not looked at after that
    office.flows = flows
    assert (office.theirs("desk")["owner"], office.counterpart("desk").state) == ("Priya Nair", "waiting")
    lost(office)
    assert office.counterpart("desk").state == "in step"


def test_the_housekeeping_wakes_no_record_that_waits_for_a_person_or_has_nothing_to_do(make: Any) -> None:
    office = make(desks=("desk",), create=True, plans=(), there={"desk": {"name": "Payments"}})
    assert office.counterpart("desk").state == "waiting"
    assert lost(office) == 1

    office.link("desk", office.there["desk"])
    office["desk"].change(office.there["desk"], name="")
    office.sweep()
    assert "the platform's name is empty" in office.counterpart("desk").problems["held"]["name"]
    assert lost(office) == 1


def _all(office: Office) -> Any:
    with office.database.begin() as tx:
        return counterparts.every(tx)
