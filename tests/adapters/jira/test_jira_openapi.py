"""Everything that the adapter asks of Jira Cloud, held against Atlassian's own description of its REST."""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from adapters.jira import Jira
from connector.ticketing import Names, Watch, Write
from mappings.transforms import Lookup
from tests.adapters.jira.jira_desk import LAG, Desk, only, write

FILE = Path(__file__).parents[4] / "shared" / "samples" / "jira-openapi" / "jira-cloud-v3.json"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the description of Jira's REST is not here")


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    query: dict[str, str]
    body: Any


@cache
def described() -> Any:
    return json.loads(FILE.read_text("utf-8"))


def operation(call: Call) -> tuple[str, Any] | None:
    """Find the described operation; a path that is written out weighs more than one with a placeholder."""
    fitting = [
        path
        for path in described()["paths"]
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", path), f"/rest/api/3{call.path}")
    ]
    best = min(fitting, key=lambda path: path.count("{"), default="")
    found = described()["paths"].get(best, {}).get(call.method.lower())
    return (best, found) if found else None


def faults(call: Call) -> Iterator[str]:
    found = operation(call)
    if found is None:
        yield f"{call.method} {call.path} is not described"
        return
    path, told = found
    if told.get("deprecated"):
        yield f"{call.method} {path} is deprecated"
    known = {item["name"]: item for item in told.get("parameters", []) if item["in"] == "query"}
    yield from (f"{call.method} {path}: no query parameter {name}" for name in call.query if name not in known)
    lacking = [name for name, item in known.items() if item.get("required") and name not in call.query]
    yield from (f"{call.method} {path}: query parameter {name} is required" for name in lacking)
    if "requestBody" not in told:
        if call.body is not None:
            yield f"{call.method} {path} takes no body"
        return
    if "application/json" not in told["requestBody"]["content"]:
        if call.body not in told["requestBody"]["content"]:
            yield f"{call.method} {path}: it takes no {call.body}"
        return
    schema = told["requestBody"]["content"]["application/json"]["schema"]
    validator = jsonschema.Draft4Validator({**schema, "components": described()["components"]})
    for error in validator.iter_errors(call.body):
        yield f"{call.method} {path}: {'/'.join(map(str, error.path))}: {error.message}"


def record(jira: Jira) -> list[Call]:
    calls: list[Call] = []
    connection = jira._site.connection
    once = connection._once

    def recorded(method: str, path: str, params: Any, body: Any) -> Any:
        calls.append(Call(method, path, dict(params or {}), json.loads(json.dumps(body))))
        return once(method, path, params, body)

    exchange = connection._exchange

    def with_file(method: str, address: str, path: str, **how: Any) -> Any:
        kind = (how.get("headers") or {}).get("Content-Type")
        if "headers" in how:
            calls.append(Call(method, path, dict(how.get("params") or {}), kind.partition(";")[0] if kind else None))
        return exchange(method, address, path, **how)

    connection._once = recorded  # type: ignore[method-assign]
    connection._exchange = with_file  # type: ignore[method-assign]
    return calls


def do_everything(jira: Jira, desk: Desk) -> None:
    """Make every kind of call that the adapter knows, the looks before a second try included."""
    jira.check(Names(teams=("Service Desk",), people=("Priya Nair",), projects=("OPS", "NET", "SD")))
    assert jira._site.resolve(Lookup("user", "accountId"), "acc-priya-dba") == "acc-priya-dba"
    status = {"recovery_progress": 5, "recovery_status": "1 of 20", "rto_due": "2026-03-02T13:00:00+00:00"}
    parent = only(jira.send([write("a", "activation", **status)]))
    values = {"parent": parent.id, "team": "DB Ops", "assignee": "Priya Nair", "due_at": "2026-03-02T13:00:00+00:00"}
    task, other = jira.send([write("t", state="pending", **values), write("u", **values)])
    desk_task = only(jira.send([write("s", project="SD")]))
    for lost in (write("a", "activation"), write("t", **values)):
        jira.send([replace(lost, unclear_since=desk.now - timedelta(seconds=LAG + 1))])
    updates = [
        Write(
            "1", "update", "recovery_task", task.id, task.number, {"state": "open"}, note="Your turn: https://c.example"
        ),
        Write("2", "update", "recovery_task", other.id, other.number, {"state": "skipped", "due_at": ""}),
        Write("3", "update", "recovery_task", desk_task.id, desk_task.number, {"state": "done"}, note="Internal"),
        Write("4", "update", "activation", parent.id, "", status, note="Without a number"),
    ]
    jira.check(Names(projects=("OPS",)))
    again = [replace(wanted, unclear_since=desk.now) for wanted in updates]
    link = {"global_id": "g", "url": "https://c.example", "title": "t", "summary": "s", "resolved": False}
    outcomes = jira.send([*updates, Write("5", "link", "activation", parent.id, parent.number, link)]) + jira.send(
        again
    )
    assert {outcome.status for outcome in outcomes} == {"done"}
    jira.send([write(f"many{number}") for number in range(110)])
    assert len(jira.changed(Watch(None, activations=("a",)))) > 110
    jira.changed(Watch(desk.now, incidents=(parent.id, "999999"), activations=("a",)))
    jira.read("recovery_task", [task.id, other.id])
    jira.read("recovery_task", [task.id])
    continuity_records(jira, desk)
    file = {"file": "a.log", "size": 4, "type": "text/plain"}
    only(jira.send([Write("f", "attach", "recovery_task", task.id, values=file, content=io.BytesIO(b"fine"))]))
    added = next(item for item in jira.remarks("recovery_task", [task.id, other.id]) if item.kind == "attachment")
    jira.content(added, io.BytesIO())


def continuity_records(jira: Jira, desk: Desk) -> None:
    """Make, change and list services and plans, over a page that holds less than one minute's."""
    values = {"name": "Payments", "criticality": 1, "rto": 7200, "owner": "Priya Nair", "text": "Takes **cards**."}
    services = [Write(f"s{number}", "create", "service", values=values) for number in range(4)]
    plan = Write("p", "create", "plan", values={"title": "Fail over", "text": "# Steps", "review_at": "2026-09-01"})
    made, *_ = jira.send([*services, plan])
    changed = Write("c", "update", "service", made.id, made.number, {"rto": 3600, "name": "Cards", "text": "Other"})
    assert only(jira.send([changed])).warnings == ()
    small = record_into(desk.adapter(page=2), jira)
    after, shown = "", 0
    while after or not shown:
        page = small.listing("service", since=desk.now - timedelta(minutes=1), after=after)
        after, shown = page.next, shown + len(page.tickets)
    assert shown == 4


def record_into(jira: Jira, other: Jira) -> Jira:
    """Have a second adapter's calls recorded with the first one's."""
    jira._site.connection._once = other._site.connection._once  # type: ignore[method-assign]
    return jira


def test_every_request_fits_the_description(cloud: Desk) -> None:
    jira = cloud.adapter()
    calls = record(jira)

    do_everything(jira, cloud)

    assert sorted({fault for call in calls for fault in faults(call)}) == []
    made = {f"{call.method} {found[0].removeprefix('/rest/api/3')}" for call in calls if (found := operation(call))}
    assert made == {
        "GET /attachment/content/{id}",
        "GET /attachment/meta",
        "GET /field",
        "GET /issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId}",
        "GET /issue/{issueIdOrKey}",
        "GET /issue/{issueIdOrKey}/comment",
        "GET /issue/{issueIdOrKey}/editmeta",
        "GET /issue/{issueIdOrKey}/transitions",
        "GET /issuetype",
        "GET /mypermissions",
        "GET /myself",
        "GET /project/{projectIdOrKey}",
        "GET /project/{projectIdOrKey}/statuses",
        "GET /serverInfo",
        "GET /user",
        "GET /user/search",
        "POST /issue",
        "POST /issue/bulk",
        "POST /issue/bulkfetch",
        "POST /issue/{issueIdOrKey}/attachments",
        "POST /issue/{issueIdOrKey}/comment",
        "POST /issue/{issueIdOrKey}/remotelink",
        "POST /issue/{issueIdOrKey}/transitions",
        "POST /search/jql",
        "POST /workflows",
        "PUT /issue/{issueIdOrKey}",
    }


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (Call("POST", "/issue/1/nothing", {}, {}), "is not described"),
        (Call("POST", "/search", {}, {}), "is deprecated"),
        (Call("GET", "/field", {"colour": "1"}, None), "no query parameter colour"),
        (Call("POST", "/search/jql", {}, {"jql": "x", "startAt": 0}), "startAt"),
        (Call("POST", "/issue/bulkfetch", {}, {"fields": []}), "issueIdsOrKeys"),
        (Call("POST", "/issue/1/remotelink", {}, {"globalId": 7, "object": {"title": "t", "url": "u"}}), "globalId"),
    ],
)
def test_the_comparison_sees_what_does_not_fit(call: Call, told: str) -> None:
    assert told in "\n".join(faults(call))
