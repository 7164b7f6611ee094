"""The JQL subset: what each clause finds, and how a wrong query is refused."""

import pytest

PLAN, PROGRESS, RTO = "customfield_10101", "customfield_10104", "customfield_10105"


@pytest.fixture
def seeded(cloud):
    """OPS-1 at 09:00, OPS-2 (its sub-task) and SD-1 at 09:10; the clock stands at 09:20."""
    cloud.steer("clock", {"now": "2026-03-02T09:00:30Z"})
    cloud.create(
        summary="Fail over the payments database",
        labels=["Dr", "payments"],
        components=[{"name": "Database Operations"}],
        priority={"name": "High"},
        assignee={"accountId": "acc-priya-dba"},
        duedate="2026-03-05",
        **{PLAN: "PAY-DR", PROGRESS: 40, RTO: "2026-03-02T13:00:00.000+0000"},
    )
    cloud.steer("clock", {"now": "2026-03-02T09:10:00Z"})
    cloud.create(kind="Sub-task", parent={"key": "OPS-1"}, summary="Verify")
    cloud.create("SD", "Incident", summary="Payments are down", labels=["other"])
    cloud.move("OPS-1", "31")
    cloud.steer("clock", {"now": "2026-03-02T09:20:00Z"})
    return cloud


@pytest.mark.parametrize(
    ("jql", "keys"),
    [
        ("project = OPS", ["OPS-1", "OPS-2"]),
        ("project = Operations", ["OPS-1", "OPS-2"]),
        ("project in (ops, SD)", ["OPS-1", "OPS-2", "SD-1"]),
        ("project != OPS", ["SD-1"]),
        ("key = OPS-2", ["OPS-2"]),
        ("issuekey in (OPS-1, SD-1)", ["OPS-1", "SD-1"]),
        ("id = 10000", ["OPS-1"]),
        ("id not in (10000, 10001)", ["SD-1"]),
        ("labels = payments", ["OPS-1"]),
        ("labels = dr", ["OPS-1"]),
        ('labels in ("payments", other)', ["OPS-1", "SD-1"]),
        ("labels is EMPTY", ["OPS-2"]),
        ("labels is not EMPTY", ["OPS-1", "SD-1"]),
        ("labels != payments", ["SD-1"]),
        ("NOT labels = payments", ["SD-1"]),
        ("labels != payments OR labels is EMPTY", ["OPS-2", "SD-1"]),
        ('status = "To Do"', ["OPS-2"]),
        ("status in (Done, Open)", ["OPS-1", "SD-1"]),
        ("statusCategory = Done", ["OPS-1"]),
        ('statusCategory != "Done"', ["OPS-2", "SD-1"]),
        ("statusCategory = new", ["OPS-2", "SD-1"]),
        ("issuetype = Incident", ["SD-1"]),
        ("type in (Task, Sub-task)", ["OPS-1", "OPS-2"]),
        ("priority = High", ["OPS-1"]),
        ('component = "Database Operations"', ["OPS-1"]),
        ("component is EMPTY", ["OPS-2", "SD-1"]),
        ("parent = OPS-1", ["OPS-2"]),
        ("parent in (10000)", ["OPS-2"]),
        ("summary ~ payments", ["OPS-1", "SD-1"]),
        ('summary ~ "pay* down"', ["SD-1"]),
        ("summary !~ payments", ["OPS-2"]),
        ("resolution = Unresolved", ["OPS-2", "SD-1"]),
        ("resolution is EMPTY", ["OPS-2", "SD-1"]),
        ("resolution = Done", ["OPS-1"]),
        ("assignee = acc-priya-dba", ["OPS-1"]),
        ("assignee is EMPTY", ["OPS-2", "SD-1"]),
        ("reporter = currentUser()", ["OPS-1", "OPS-2", "SD-1"]),
        ("created >= -15m", ["OPS-2", "SD-1"]),
        ("updated >= -5m", []),
        ("updated >= -1h", ["OPS-1", "OPS-2", "SD-1"]),
        ('created <= "2026-03-02 09:00"', []),
        ('created < "2026-03-02 09:01"', ["OPS-1"]),
        ('created >= "2026/03/02 09:10" AND project = OPS', ["OPS-2"]),
        ("created > 2026-03-01 AND created < now()", ["OPS-1", "OPS-2", "SD-1"]),
        ("due = 2026-03-05", ["OPS-1"]),
        ("cf[10104] >= 40", ["OPS-1"]),
        ('"Recovery progress" is EMPTY', ["OPS-2", "SD-1"]),
        ('"Continuity plan" ~ "PAY-DR"', ["OPS-1"]),
        ('"RTO due" <= "2026-03-02 13:00"', ["OPS-1"]),
        ("project = OPS AND (labels = payments OR parent = OPS-1)", ["OPS-1", "OPS-2"]),
        ("project = OPS AND labels = payments OR project = SD", ["OPS-1", "SD-1"]),
        ("NOT (project = OPS OR labels = payments)", ["SD-1"]),
    ],
)
def test_a_clause_finds_its_issues(seeded, jql, keys):
    assert seeded.found(f"{jql} ORDER BY id ASC") == keys


def test_order_by_takes_several_fields_and_directions(seeded):
    assert seeded.found("created > -1d ORDER BY project DESC, key ASC") == ["SD-1", "OPS-1", "OPS-2"]
    assert seeded.found("created > -1d order by duedate") == ["OPS-1", "SD-1", "OPS-2"]


def test_without_order_the_newest_come_first(seeded):
    assert seeded.found("created > -1d") == ["SD-1", "OPS-2", "OPS-1"]


@pytest.mark.parametrize(
    ("jql", "words"),
    [
        ("nonsense = 1", "Field 'nonsense' does not exist or you do not have permission to view it."),
        ("project = NOPE", "The value 'NOPE' does not exist for the field 'project'."),
        ("status = Finished", "The value 'Finished' does not exist for the field 'status'."),
        ("key = OPS-99", "An issue with key 'OPS-99' does not exist for field 'key'."),
        ("key in (OPS-1, OPS-99)", "An issue with key 'OPS-99' does not exist for field 'key'."),
        ("id = 99999", "A value with ID '99999' does not exist for the field 'id'."),
        ("summary = x", "The operator '=' is not supported by the 'summary' field."),
        ("labels ~ x", "The operator '~' is not supported by the 'labels' field."),
        ('updated > "2026-03-02 09:00:30"', "Date value '2026-03-02 09:00:30' for field 'updated' is invalid."),
        ("project =", "Error in the JQL Query"),
        ("project OPS", "Error in the JQL Query"),
        ('summary ~ "open', "Error in the JQL Query"),
        ("(project = OPS", "Error in the JQL Query"),
        ("project = OPS project = SD", "Error in the JQL Query"),
        ("labels is payments", "only supports the 'EMPTY' operand"),
        ("assignee in membersOf(x)", "Unable to find JQL function 'membersOf(x)'."),
    ],
)
def test_a_wrong_query_is_a_400_that_says_why(seeded, datacenter, jql, words):
    answer = seeded.refused("GET", "search/jql", jql=jql)

    assert words in answer["errorMessages"][0]
    assert answer["errors"] == {}
    datacenter.refused("GET", "search", jql=jql)
