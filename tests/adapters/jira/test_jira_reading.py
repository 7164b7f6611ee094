from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.ticketing import Names, Refused, Unavailable, Watch
from mappings.library import load
from tests.adapters.jira.jira_desk import Desk, only, write


def raised(desk: Desk, **fields: Any) -> Any:
    base = {"project": {"key": "SD"}, "issuetype": {"name": "Incident"}, "summary": "Payments are down"}
    issue = desk.person("POST", "/issue", {"fields": {**base, **fields}})
    desk.forget_calls()
    return issue


def searches(desk: Desk) -> list[str]:
    return ["POST /search/jql" if desk.flavour == "cloud" else "POST /search"]


def test_an_incident_is_read_with_its_neutral_values(desk: Desk) -> None:
    issue = raised(
        desk,
        priority={"name": "Highest"},
        components=[{"name": "Payments"}],
        labels=["major"],
        description="Down\nsince nine",
    )

    (ticket,) = desk.warmed().read("incident", [issue["id"]])

    assert (ticket.record, ticket.number, ticket.id) == ("incident", issue["key"], issue["id"])
    assert ticket.url == f"{desk.url}/browse/{issue['key']}"
    assert ticket.problems == ()
    values = ticket.values
    assert (values["state"], values["priority"], values["component"], values["label"]) == (
        "new",
        1,
        ["Payments"],
        ["major"],
    )
    assert values["text"] == "Down\nsince nine"
    assert values["opened_at"].tzinfo is not None
    assert ticket.version == round(values["opened_at"].timestamp() * 1000)


def test_several_issues_are_read_in_one_call_where_there_is_one(cloud: Desk) -> None:
    jira = cloud.warmed()
    ids = [raised(cloud)["id"] for _ in range(3)]

    tickets = jira.read("incident", [*ids, "999999"])

    assert cloud.calls() == ["POST /issue/bulkfetch"]
    assert [ticket.id for ticket in tickets] == ids


def test_what_a_person_answered_is_read(desk: Desk) -> None:
    jira = desk.warmed()
    made = only(jira.send([write("t")]))
    desk.person("POST", f"/issue/{made.number}/comment", {"body": "No, we wait until 10:00"})

    (ticket,) = jira.read("recovery_task", [made.id])

    assert ticket.values["answer"] == "No, we wait until 10:00"
    assert ticket.key == "t"


def test_a_poll_takes_one_call_and_finds_open_incidents_and_our_tasks(desk: Desk) -> None:
    jira = desk.warmed()
    task = only(jira.send([write("t")]))
    major = raised(desk, priority={"name": "Highest"})
    desk.person(
        "POST", "/issue", {"fields": {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Another"}}
    )
    desk.forget_calls()

    first = jira.changed(Watch(None, activations=("act",)))
    then = jira.changed(Watch(desk.now - timedelta(minutes=1), activations=("act",)))
    later = jira.changed(Watch(desk.now + timedelta(hours=1), activations=("act",)))

    assert desk.calls() == searches(desk) * 3
    assert {ticket.id for ticket in first} == {task.id, major["id"]}
    assert {ticket.id for ticket in then} == {task.id, major["id"]}
    assert later == []
    assert all(ticket.raw["fields"]["summary"] for ticket in first)


def test_a_followed_incident_is_found_though_it_is_closed(desk: Desk) -> None:
    jira = desk.warmed()
    issue = raised(desk)
    desk.person("POST", f"/issue/{issue['key']}/transitions", {"transition": {"id": "901"}})

    unknown = jira.changed(Watch(desk.now - timedelta(minutes=1)))
    followed = jira.changed(Watch(desk.now - timedelta(minutes=1), incidents=(issue["id"],)))

    assert unknown == []
    assert [ticket.values["state"] for ticket in followed] == ["cancelled"]


def test_a_followed_issue_that_is_gone_does_not_stop_the_poll(desk: Desk) -> None:
    jira = desk.warmed()
    issue = raised(desk)

    tickets = jira.changed(Watch(None, incidents=(issue["id"], "999999")))

    assert [ticket.id for ticket in tickets] == [issue["id"]]


def test_an_issue_is_read_by_its_key_too(desk: Desk) -> None:
    jira = desk.warmed()
    first, second = raised(desk), raised(desk)

    assert [ticket.id for ticket in jira.read("incident", [first["key"]])] == [first["id"]]
    both = jira.read("incident", [second["key"], first["id"], first["key"]])
    assert [ticket.id for ticket in both] == [second["id"], first["id"]]


def test_a_poll_for_nothing_makes_no_call(desk: Desk) -> None:
    jira = desk.warmed()

    found = jira.changed(Watch(None, majors=False))

    assert found == []
    assert desk.calls() == []


def test_a_poll_reads_all_pages(desk: Desk) -> None:
    jira = desk.warmed()
    jira.send([write(f"t{n}") for n in range(120)])
    desk.forget_calls()

    tickets = jira.changed(Watch(None, majors=False, activations=("act",)))

    assert len({ticket.id for ticket in tickets}) == 120
    assert len(desk.calls()) == 2


def test_the_later_of_two_issues_with_one_label_is_named_a_duplicate(desk: Desk) -> None:
    jira = desk.warmed()
    original = only(jira.send([write("t")]))
    clone = desk.steer("clone", {"key": original.number})

    tickets = jira.changed(Watch(None, majors=False, activations=("act",)))

    told = {ticket.number: ticket.problems for ticket in tickets}
    assert told[original.number] == ()
    assert told[clone["key"]][0].startswith(f"duplicate of {original.number}: both bear the label continuity-")


def test_a_poll_writes_its_time_in_the_accounts_own_zone(desk: Desk) -> None:
    jira = desk.warmed()
    asked: list[str] = []
    site = jira._site
    site.shelf._kept["account"] = (1e12, {"timeZone": "Asia/Kolkata"})
    site.connection.ask = lambda path, body: asked.append(body["jql"]) or {"issues": []}  # type: ignore[method-assign,func-returns-value]

    jira.changed(Watch(desk.now.replace(year=2026, month=3, day=2, hour=9, minute=30, second=59)))

    assert 'updated >= "2026-03-02 14:59"' in asked[0]


def test_a_read_is_repeated_through_a_short_trouble(desk: Desk) -> None:
    jira = desk.warmed()
    issue = raised(desk)
    desk.faults({"kind": "503"}, {"kind": "drop_after"})

    (ticket,) = jira.read("incident", [issue["id"]])

    assert ticket.number == issue["key"]
    assert len(desk.slept) == 2


def test_a_long_trouble_is_told_with_the_time_to_wait(desk: Desk) -> None:
    jira = desk.warmed()
    desk.faults({"kind": "429", "retry_after": 90})

    with pytest.raises(Unavailable) as told:
        jira.changed(Watch(None))

    assert told.value.retry_after == 90


def test_a_page_instead_of_json_is_no_answer(desk: Desk) -> None:
    jira = desk.warmed()
    desk.faults({"kind": "html_200", "times": None})

    with pytest.raises(Unavailable, match="a page instead of JSON"):
        jira.changed(Watch(None))


def test_wrong_credentials_are_told_as_refused_and_never_shown(desk: Desk) -> None:
    jira = desk.adapter()
    jira._site.connection._auth = ("dana.desk@example.com", "a-wrong-secret")

    with pytest.raises(Refused) as told:
        jira.read("incident", ["10000"])

    assert "401" in str(told.value)
    assert "a-wrong-secret" not in str(told.value)


def test_a_check_names_the_account_and_finds_nothing_wrong_with_the_seeded_site(desk: Desk) -> None:
    account = desk.adapter().check(
        Names(teams=("Service Desk",), people=("Priya Nair",), projects=("OPS", "NET", "SD"))
    )

    assert account.name == "Continuity Connector"
    assert [problem.level for problem in account.problems] == ["warning", "warning"]
    assert all("no issue stands there" in problem.what for problem in account.problems)


def test_a_check_tells_everything_that_is_wrong_at_once(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "jira"
    folder.mkdir(parents=True)
    (folder / "incident.yaml").write_text(
        "fields:\n  priority: {values: {1: [Top], 2: [High]}}\n  rto_due: {field: RTO du, optional: false}\n"
    )
    (folder / "recovery_task.yaml").write_text(
        "issue_type: Tusk\nfields: {state: {values: {in_progress: [In Progres]}}}\n"
    )
    wrong = desk.adapter(projects=("SD", "XX"), mappings=load("jira", tmp_path))

    problems = wrong.check(Names(teams=("Databse Operations",), people=("Nobody Here",), projects=("OPS",))).problems

    told = "\n".join(str(problem) for problem in problems)
    assert "connections.jira-test.projects.XX: cannot be read (Jira answered 404" in told
    assert "no component 'Databse Operations' in OPS, SD; did you mean 'Database Operations'?" in told
    assert "'Nobody Here' is nobody" in told
    assert (
        "mappings/jira/incident.yaml:3: fields.rto_due: jira-test has no field 'RTO du'; did you mean 'RTO due'?"
        in told
    )
    assert "recovery_task.yaml: issue_type: project OPS has no issue type 'Tusk'; did you mean 'Task'?" in told
    assert (
        "recovery_task.yaml:2: fields.state.values.in_progress: Sub-task in OPS has no status called In Progres; "
        "did you mean 'In Progress'?" in told
    )
    assert "incident.yaml:2: fields.priority.values: 'priority' offers 'Highest' in jira-test, which is not map" in told


def test_a_check_notices_that_the_flavour_is_wrong(datacenter: Desk) -> None:
    # The old paths are served by Cloud too, the new ones not by Data Center: v2 is what both know.
    datacenter.flavour = "datacenter"
    jira = datacenter.adapter()
    jira._site.connection.get = _as_cloud(jira._site.connection.get)  # type: ignore[method-assign]

    problems = jira.check(Names()).problems

    assert any("set to datacenter, but this is Cloud" in problem.what for problem in problems)


def _as_cloud(get: Any) -> Any:
    def got(path: str, params: Any = None) -> Any:
        return {"deploymentType": "Cloud"} if path == "/serverInfo" else get(path, params)

    return got


def test_a_wait_for_facts_is_not_repeated_while_jira_is_away(desk: Desk) -> None:
    jira = desk.adapter()
    jira._site.connection.url = "http://127.0.0.1:9"
    raw = {
        "id": "1",
        "key": "SD-1",
        "fields": {"issuetype": {"name": "Incident"}, "labels": [], "status": {"name": "Open"}},
    }

    first = jira.parse(raw)
    waited = len(desk.slept)
    jira.parse(raw)

    assert first.values["state"] == "new"
    assert len(desk.slept) == waited
