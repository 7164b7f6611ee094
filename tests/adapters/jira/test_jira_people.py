"""People looked up as a mapping names them, on both flavours."""

from pathlib import Path

import pytest

from mappings.library import load
from mappings.transforms import Lookup
from tests.adapters.jira.jira_desk import Desk, only, write

TWIN = {"do": "hire", "user": "priya.second", "display_name": "Priya Nair"}


def found(desk: Desk, name: str, by: str = "", several: str = "refuse") -> str | None:
    return desk.adapter()._site.resolve(Lookup("user", by, several), name)


def priya(desk: Desk) -> str:
    return "acc-priya-dba" if desk.flavour == "cloud" else "priya.dba"


@pytest.mark.parametrize(
    ("by", "name"),
    [
        ("", "Priya Nair"),
        ("", "priya.dba@example.com"),
        ("email", "priya.dba@example.com"),
        ("displayName", "priya nair"),
    ],
)
def test_a_person_is_found_by_what_the_mapping_names_them_by(desk: Desk, by: str, name: str) -> None:
    assert found(desk, name, by) == priya(desk)


@pytest.mark.parametrize(
    ("by", "name"),
    [("displayName", "priya.dba@example.com"), ("displayName", "Priya"), ("email", "Priya Nair"), ("email", "priya")],
)
def test_a_person_is_not_found_by_anything_else_or_by_a_beginning(desk: Desk, by: str, name: str) -> None:
    assert found(desk, name, by) is None


def test_an_id_is_looked_up_as_such(cloud: Desk, datacenter: Desk) -> None:
    assert found(cloud, "acc-priya-dba", "accountId") == "acc-priya-dba"
    assert found(cloud, "acc-nobody", "accountId") is None
    assert found(cloud, "priya.dba", "name") is None
    assert found(datacenter, "priya.dba", "name") == "priya.dba"
    assert found(datacenter, "JIRAUSER10102", "key") == "priya.dba"
    assert found(datacenter, "acc-priya-dba", "accountId") is None


def test_the_owner_of_a_hidden_address_is_found_by_it(cloud: Desk) -> None:
    assert found(cloud, "tom.network@example.com", "email") == "acc-tom-network"


def test_of_several_by_one_name_none_is_taken_unless_the_mapping_says_the_first(desk: Desk) -> None:
    desk.administer(TWIN)

    assert found(desk, "Priya Nair", "displayName") is None
    assert found(desk, "Priya Nair", "displayName", "first") == priya(desk)
    assert found(desk, "priya.dba@example.com", "email") == priya(desk)


def test_one_who_left_is_nobody(desk: Desk) -> None:
    desk.administer({"do": "deactivate", "user": "priya.dba"})

    for by, name in (("", "Priya Nair"), ("email", "priya.dba@example.com"), ("accountId", "acc-priya-dba")):
        assert found(desk, name, by) is None


def test_work_of_one_who_is_not_found_goes_to_whom_the_mapping_names(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "jira"
    folder.mkdir(parents=True)
    (folder / "recovery_task.yaml").write_text(
        "fields:\n  assignee: {lookup: {by: email}, else: {write: aisha.apps@example.com}, direction: write}\n"
    )
    jira = desk.adapter(mappings=load("jira", tmp_path))

    outcomes = jira.send([write("a", assignee="priya.dba@example.com"), write("b", assignee="Priya Nair")])

    people = [desk.issues()[outcome.number]["fields"]["assignee"]["displayName"] for outcome in outcomes]
    assert people == ["Priya Nair", "Aisha Khan"]


def test_of_two_with_one_name_the_first_gets_the_work_where_the_mapping_says_so(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "jira"
    folder.mkdir(parents=True)
    (folder / "recovery_task.yaml").write_text(
        "fields:\n  assignee: {lookup: {by: displayName, several: first}, direction: write}\n"
    )
    desk.administer(TWIN)

    outcome = only(desk.adapter(mappings=load("jira", tmp_path)).send([write("a", assignee="Priya Nair")]))
    other = only(desk.adapter().send([write("b", assignee="Priya Nair")]))

    issues = desk.issues()
    assert issues[outcome.number]["fields"]["assignee"]["displayName"] == "Priya Nair"
    assert issues[other.number]["fields"]["assignee"] is None
    assert "no user 'Priya Nair'" in other.warnings[0]
