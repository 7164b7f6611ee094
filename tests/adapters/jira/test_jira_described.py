"""What Atlassian's own description gives as examples of screens, fields and statuses, read by the adapter."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from adapters.jira import fitting, offers, screens
from adapters.jira.lookups import Field
from adapters.jira.workflow import Status, read
from connector.ticketing import Names
from tests.adapters.jira.jira_desk import Desk

FILE = Path(__file__).parents[4] / "shared" / "samples" / "jira-openapi" / "jira-cloud-v3.json"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the description of Jira's REST is not here")
CREATE = "/issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId}"


@cache
def described() -> Any:
    return json.loads(FILE.read_text("utf-8"))


def example(path: str) -> Any:
    found = described()["paths"][f"/rest/api/3{path}"]["get"]["responses"]["200"]["content"]["application/json"]
    return json.loads(found["example"]) if isinstance(found["example"], str) else found["example"]


def answering(desk: Desk, **answers: Any) -> Any:
    """Return a site whose Jira gives these answers for addresses with that end, and its own for all others."""
    site = desk.adapter()._site
    get = site.connection.get

    def answer(path: str, params: Any = None) -> Any:
        return next((told for end, told in answers.items() if path.endswith(f"/{end}")), None) or get(path, params)

    site.connection.get = answer  # type: ignore[method-assign]
    return site


def test_a_create_screen_names_what_is_required(cloud: Desk) -> None:
    adapter = cloud.adapter(projects=())
    site = adapter._site
    get = site.connection.get
    site.connection.get = lambda path, params=None: (  # type: ignore[method-assign]
        example(CREATE) if path.startswith("/issue/createmeta") else get(path, params)
    )

    screen = site.lookups.screen("OPS", "10001")
    found = [str(problem) for problem in adapter.check(Names()).problems if problem.level == "error"]

    assert {name: meta["required"] for name, meta in screen.items()} == {"assignee": True}
    assert any("fields.assignee: 'Assignee' is required to create Task, Sub-task in OPS" in line for line in found)
    assert any("'labels' is not on the create screen of Task, Sub-task in OPS" in line for line in found)


def test_an_edit_screen_may_list_its_values_as_plain_texts(cloud: Desk) -> None:
    screen = screens.edit_screen(answering(cloud, editmeta=example("/issue/{issueIdOrKey}/editmeta")), "1")

    assert list(screen) == ["summary"]
    assert offers.offered(screen["summary"]) == [("red",), ("blue",)]


def test_fields_are_read_with_what_they_hold(cloud: Desk) -> None:
    site = answering(cloud, field=example("/field"))

    known = site.lookups.fields()

    assert known == (Field("description", "Description", "string", ""), Field("summary", "Summary", "string", ""))
    assert [fitting.rich(field) for field in known] == [True, False]


def test_statuses_without_their_category_get_it_from_the_list_of_all(desk: Desk) -> None:
    listed = example("/project/{projectIdOrKey}/statuses")
    listed[0]["id"] = "10001"
    listed[0]["statuses"] = [{"name": "In Progress", "id": "3"}, {"name": "Done", "id": "10001"}]
    site = answering(desk, statuses=listed)
    project = site.lookups.project("OPS")

    flow = read(site, project, project.issue_types[0], issues=False)

    assert flow.statuses == (Status("In Progress", "indeterminate"), Status("Done", "done"))
