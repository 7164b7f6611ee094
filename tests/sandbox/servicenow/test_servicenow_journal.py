"""Journal fields: written once each, empty in a plain answer, readable joined, and guarded where they are kept."""

from __future__ import annotations


def test_a_note_comes_back_empty_and_bumps_the_version(desk):
    made = desk.create("incident")

    patched = desk.patch("incident", made, work_notes="Plan PAY-DR linked")

    assert patched["work_notes"] == ""
    assert patched["sys_mod_count"] == "1"


def test_the_same_note_twice_is_two_entries(desk):
    made = desk.create("incident")
    for _ in range(2):
        desk.patch("incident", made, work_notes="again")

    assert desk.one("incident", made, sysparm_display_value="true")["work_notes"].count("again") == 2


def test_display_value_shows_the_joined_journal_newest_first(desk):
    desk.control("clock", {"now": "2026-03-02T09:00:00Z"})
    made = desk.create("incident", work_notes="first", comments="for the customer")
    desk.control("clock", {"advance": 60})
    desk.patch("incident", made, work_notes="second")

    shown = desk.one("incident", made, sysparm_display_value="true")
    both = desk.one("incident", made, sysparm_display_value="all")

    notes = (
        "2026-03-02 09:01:00 - Continuity Connector (Work notes)\nsecond\n\n"
        "2026-03-02 09:00:00 - Continuity Connector (Work notes)\nfirst\n\n"
    )
    assert shown["work_notes"] == notes
    assert shown["comments"] == "2026-03-02 09:00:00 - Continuity Connector (Additional comments)\nfor the customer\n\n"
    assert both["work_notes"] == {"display_value": notes, "value": ""}
    assert "second" in shown["comments_and_work_notes"]
    assert "for the customer" in shown["comments_and_work_notes"]


def test_the_journal_table_is_empty_for_an_ordinary_account_and_full_for_admin(desk):
    made = desk.create("incident", work_notes="secret")
    query = f"element_id={made['sys_id']}"

    assert desk.get("sys_journal_field", sysparm_query=query) == []
    entries = desk.as_admin().get("sys_journal_field", sysparm_query=query)
    assert [(row["name"], row["element"], row["value"]) for row in entries] == [("incident", "work_notes", "secret")]


def test_the_journal_table_can_be_opened_to_all(make_desk):
    desk = make_desk(journal_acl=False)
    desk.create("incident", work_notes="seen")

    assert [row["value"] for row in desk.get("sys_journal_field")] == ["seen"]


def test_an_empty_note_is_no_note(desk):
    made = desk.create("incident")

    assert desk.patch("incident", made, work_notes="")["sys_mod_count"] == "0"


def test_the_state_dump_holds_records_and_journal_apart(desk):
    made = desk.create("incident", work_notes="dumped")

    state = desk.http.get("/_sandbox/state").json

    assert [row["sys_id"] for row in state["tables"]["incident"]] == [made["sys_id"]]
    assert [(row["element_id"], row["value"]) for row in state["journal"]] == [(made["sys_id"], "dumped")]
    assert "sys_journal_field" not in state["tables"]
