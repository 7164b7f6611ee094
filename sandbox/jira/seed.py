"""The seeded site: the people, groups and projects that all examples of the product agree on."""

from dataclasses import replace

from sandbox.jira.site import (
    Category,
    Component,
    Field,
    IssueType,
    LinkType,
    Named,
    Project,
    Site,
    Status,
    Transition,
    User,
    Workflow,
)

PASSWORD = "sandbox-password"
TOKEN = "sandbox-token"

_PEOPLE = (
    ("dana.desk", "Dana Reyes"),
    ("ivan.incident", "Ivan Petrov"),
    ("priya.dba", "Priya Nair"),
    ("tom.network", "Tom Becker"),
    ("aisha.apps", "Aisha Khan"),
    ("carla.continuity", "Carla Mendes"),
    ("continuity.integration", "Continuity Connector"),
)
_USERS = tuple(
    User(
        user_name=name,
        display_name=display,
        account_id="acc-" + name.replace(".", "-"),
        key=f"JIRAUSER{10100 + position}",
        email=f"{name}@example.com",
        # Cloud lets each person hide the address: an integration has to live without this one's emailAddress.
        email_hidden=name == "tom.network",
    )
    for position, (name, display) in enumerate(_PEOPLE)
)

_NEW = Category(2, "new", "To Do", "blue-gray")
_ACTIVE = Category(4, "indeterminate", "In Progress", "yellow")
_DONE = Category(3, "done", "Done", "green")
_STATUSES = (
    Status("1", "Open", _NEW),
    Status("3", "In Progress", _ACTIVE),
    Status("5", "Resolved", _DONE),
    Status("6", "Closed", _DONE),
    Status("10000", "To Do", _NEW),
    Status("10001", "Done", _DONE),
    Status("10002", "Pending", _ACTIVE),
    Status("10003", "Canceled", _DONE),
)

# The names of transitions differ from those of the statuses that they lead to, as on most real sites.
_SOFTWARE = Workflow(
    initial="To Do",
    statuses=("To Do", "In Progress", "Done"),
    transitions=(
        Transition("11", "Stop work", ("In Progress",), "To Do"),
        Transition("21", "Start work", ("To Do",), "In Progress"),
        Transition("31", "Finish", ("In Progress", "To Do"), "Done", resolution="done"),
        Transition("41", "Reopen", ("Done",), "To Do", resolution="clear"),
    ),
)
_SERVICE_DESK = Workflow(
    initial="Open",
    statuses=("Open", "In Progress", "Pending", "Resolved", "Closed", "Canceled"),
    transitions=(
        Transition("11", "Start work", ("Open",), "In Progress", event="issue_work_started"),
        Transition("21", "Wait", ("In Progress",), "Pending"),
        Transition("31", "Resume", ("Pending",), "In Progress"),
        Transition(
            "761",
            "Resolve",
            ("Open", "In Progress", "Pending"),
            "Resolved",
            resolution="required",
            event="issue_resolved",
        ),
        Transition("771", "Close", ("Resolved",), "Closed", event="issue_closed"),
        Transition("781", "Reopen", ("Resolved",), "Open", resolution="clear", event="issue_reopened"),
        Transition("901", "Cancel", ("Open", "In Progress"), "Canceled", resolution="done", event="issue_closed"),
    ),
)

_TASK = IssueType("10001", "Task", 0)
_SUBTASK = IssueType("10002", "Sub-task", -1)
_EPIC = IssueType("10003", "Epic", 1)
_INCIDENT = IssueType("10004", "Incident", 0)

_GROUPS = (
    "Service Desk",
    "Major Incident Management",
    "Database Operations",
    "Network Operations",
    "Application Support",
    "Business Continuity",
)


def _components(project: str, first_id: int, names: tuple[str, ...]) -> tuple[Component, ...]:
    return tuple(Component(str(first_id + position), name, project) for position, name in enumerate(names))


_PROJECTS = (
    Project(
        "10000",
        "OPS",
        "Operations",
        "software",
        (_TASK, _SUBTASK, _EPIC),
        _SOFTWARE,
        _components("OPS", 10100, _GROUPS),
    ),
    Project(
        "10001",
        "NET",
        "Network",
        "software",
        (_TASK, _SUBTASK),
        _SOFTWARE,
        _components("NET", 10200, ("Network Operations",)),
        not_on_screens=frozenset({"customfield_10106"}),
        not_assignable=frozenset({"dana.desk"}),
    ),
    Project(
        "10002",
        "SD",
        "Service Desk",
        "service_desk",
        (_INCIDENT, _TASK, _SUBTASK),
        _SERVICE_DESK,
        _components("SD", 10300, ("Payments", "Portal", "Mail")),
    ),
)

_TYPES = "com.atlassian.jira.plugin.system.customfieldtypes:"
_FIELDS = (
    Field("summary", "Summary", "summary"),
    Field("description", "Description", "rich"),
    Field("priority", "Priority", "priority"),
    Field("labels", "Labels", "labels"),
    Field("components", "Components", "components"),
    Field("assignee", "Assignee", "user"),
    Field("reporter", "Reporter", "user"),
    Field("duedate", "Due date", "date"),
    Field("parent", "Parent", "parent"),
    Field("issuelinks", "Linked Issues", "links"),
    Field("customfield_10101", "Continuity plan", "string", custom=_TYPES + "textfield"),
    Field("customfield_10102", "Continuity phase", "string", custom=_TYPES + "textfield"),
    Field("customfield_10103", "Recovery status", "string", custom=_TYPES + "textfield"),
    Field("customfield_10104", "Recovery progress", "number", custom=_TYPES + "float"),
    Field("customfield_10105", "RTO due", "datetime", custom=_TYPES + "datetime"),
    Field("customfield_10106", "Team", "string", custom=_TYPES + "textfield"),
    Field("customfield_10120", "Criticality", "number", custom=_TYPES + "float"),
    Field("customfield_10121", "RTO minutes", "number", custom=_TYPES + "float"),
    Field("customfield_10122", "RPO minutes", "number", custom=_TYPES + "float"),
    Field("customfield_10123", "MTPD minutes", "number", custom=_TYPES + "float"),
    Field("customfield_10124", "Service owner", "string", custom=_TYPES + "textfield"),
    Field("customfield_10125", "Plan tested on", "date", custom=_TYPES + "datepicker"),
    Field("project", "Project", "project", settable=False),
    Field("issuetype", "Issue Type", "issuetype", settable=False),
    Field("status", "Status", "status", settable=False),
    Field("resolution", "Resolution", "resolution", settable=False),
    Field("resolutiondate", "Resolved", "opaque", settable=False),
    Field("creator", "Creator", "user", settable=False),
    Field("created", "Created", "opaque", settable=False),
    Field("updated", "Updated", "opaque", settable=False),
    Field("subtasks", "Sub-tasks", "subtasks", settable=False),
    Field("comment", "Comment", "comment", settable=False),
    # What values these take is not documented, so nothing sets them: found by `schema.custom`, always null.
    Field(
        "customfield_10110",
        "Major incident",
        "opaque",
        settable=False,
        custom="com.atlassian.jira.modules.servicemanagement.major-incident-entity:major-incident-entity-field-cftype",
    ),
    Field(
        "customfield_10111",
        "Affected services",
        "opaque",
        settable=False,
        custom="com.atlassian.jira.plugins.service-entity:service-entity-field-cftype",
    ),
    Field("customfield_10112", "Request Type", "opaque", settable=False, custom="com.atlassian.servicedesk:vp-origin"),
)

_MEDIUM = Named("3", "Medium")

SITE = Site(
    users=_USERS,
    statuses=_STATUSES,
    priorities=(Named("1", "Highest"), Named("2", "High"), _MEDIUM, Named("4", "Low"), Named("5", "Lowest")),
    default_priority=_MEDIUM,
    resolutions=(
        Named("10000", "Done"),
        Named("10001", "Won't Do"),
        Named("10002", "Duplicate"),
        Named("10003", "Cannot Reproduce"),
    ),
    link_types=(
        LinkType("10000", "Blocks", "is blocked by", "blocks"),
        LinkType("10001", "Cloners", "is cloned by", "clones"),
        LinkType("10002", "Duplicate", "is duplicated by", "duplicates"),
        LinkType("10003", "Relates", "relates to", "relates to"),
    ),
    projects=_PROJECTS,
    fields=_FIELDS,
    integration=_USERS[-1],
)

_CONTINUITY = frozenset({f"customfield_{number}" for number in (*range(10101, 10107), *range(10120, 10126))})
PLAIN = replace(SITE, fields=tuple(field for field in SITE.fields if field.id not in _CONTINUITY))
"""The same site as it comes, before an administrator made fields for continuity."""
