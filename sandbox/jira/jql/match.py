"""Checks a JQL tree against the site and turns it into a test of one issue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.jira.issue import Issue
from sandbox.jira.jql.dates import read_moment
from sandbox.jira.jql.syntax import BadQuery, Clause, Every, Operand, Order, Query, Tree
from sandbox.jira.site import Field, Named, Site, User
from sandbox.jira.store import Store

Test = Callable[[Issue], bool]


@dataclass(frozen=True)
class Asker:
    """Who asks, when, and of which site."""

    site: Site
    store: Store
    now: datetime
    user: User


@dataclass(frozen=True)
class _Searchable:
    """`values` gives what an issue holds; `read` turns an operand's text into the same kind, raising BadQuery."""

    values: Callable[[Issue], tuple[Any, ...]]
    read: Callable[[str, Asker], Any]
    operators: frozenset[str]


# Stands for no resolution, so that `resolution in (Unresolved, Done)` can name it; to all else it is an empty field.
_UNRESOLVED = ""
_EQUAL = frozenset({"=", "!=", "in", "not in", "is", "is not"})
_TEXT = frozenset({"~", "!~", "is", "is not"})
_ORDERED = _EQUAL | {">", ">=", "<", "<="}


def test_of(tree: Tree, asker: Asker) -> Test:
    """Raises BadQuery for an unknown field, value or operator."""
    if isinstance(tree, Clause):
        return _clause(tree, asker)
    tests = [test_of(part, asker) for part in tree.parts]
    if isinstance(tree, Every):
        return lambda issue: all(test(issue) for test in tests)
    return lambda issue: any(test(issue) for test in tests)


def sorted_by(issues: list[Issue], query: Query, site: Site) -> list[Issue]:
    """Newest first where the query orders nothing."""
    issues = sorted(issues, key=lambda issue: -issue.id)
    for order in reversed(query.order):
        key = _order_key(order, site)
        issues.sort(key=key, reverse=order.descending)
    return issues


def _order_key(order: Order, site: Site) -> Callable[[Issue], Any]:
    name = order.field.casefold()
    if name == "rank":
        return lambda issue: issue.id
    values = _searchable(order.field, site).values

    def key(issue: Issue) -> tuple[bool, Any]:
        found = values(issue)
        return (True, 0) if not found else (False, found[0])

    return key


def _clause(clause: Clause, asker: Asker) -> Test:
    searchable = _searchable(clause.field, asker.site)
    operator = clause.operator
    if operator not in searchable.operators:
        raise BadQuery(f"The operator '{operator}' is not supported by the '{clause.field}' field.")
    values = searchable.values
    if clause.operands[0].empty and operator in {"is", "=", "is not", "!="}:
        wanted_empty = operator in {"is", "="}
        return lambda issue: (values(issue) in {(), (_UNRESOLVED,)}) is wanted_empty
    operands = [_operand(clause, operand, searchable, asker) for operand in clause.operands]
    if operator in {"~", "!~"}:
        contains = operator == "~"
        return lambda issue: bool(values(issue)) and _contains(values(issue), str(operands[0])) is contains
    if operator in {"=", "in"}:
        return lambda issue: any(value in operands for value in values(issue))
    if operator in {"!=", "not in"}:
        # As in Jira, an issue without any value is not "different": it is found by neither = nor !=.
        return lambda issue: (
            values(issue) not in {(), (_UNRESOLVED,)} and not any(value in operands for value in values(issue))
        )
    compare = _COMPARE[operator]
    return lambda issue: any(compare(value, operands[0]) for value in values(issue))


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
}


def _operand(clause: Clause, operand: Operand, searchable: _Searchable, asker: Asker) -> Any:
    name = operand.text.casefold()
    if operand.empty:
        raise BadQuery(f"The operator '{clause.operator}' does not support the value 'EMPTY' in a list here.")
    if operand.call and name == "currentuser" and searchable.read is _read_user:
        return asker.user
    if operand.call and name == "now" and searchable.read is _read_moment:
        return asker.now
    if operand.call:
        raise BadQuery(f"Unable to find JQL function '{operand.text}({', '.join(operand.arguments)})'.")
    try:
        return searchable.read(operand.text, asker)
    except LookupError as error:
        raise BadQuery(f"The value '{operand.text}' does not exist for the field '{clause.field}'.") from error
    except ValueError as error:
        raise BadQuery(str(error).replace("{field}", clause.field)) from error


def _contains(values: tuple[Any, ...], wanted: str) -> bool:
    """Every word of the query is a word of the text; a star at the end of a word takes any ending."""
    words = {word for value in values for word in _words(str(value))}
    return all(
        any(word.startswith(part[:-1]) for word in words) if part.endswith("*") else part in words
        for part in _words(wanted, "*")
    )


def _words(text: str, also: str = "") -> list[str]:
    return "".join(c if c.isalnum() or c in also else " " for c in text.casefold()).split()


def _read_issue(text: str, asker: Asker) -> int:
    issue = asker.store.find(text)
    if issue is None and text.isdigit():
        raise ValueError(f"A value with ID '{text}' does not exist for the field '{{field}}'.")
    if issue is None:
        raise ValueError(f"An issue with key '{text}' does not exist for field '{{field}}'.")
    return issue.id


def _read_user(text: str, asker: Asker) -> User:
    for user in asker.site.users:
        if text in {user.account_id, user.user_name, user.key, user.email, user.display_name}:
            return user
    raise LookupError(text)


def _read_moment(text: str, asker: Asker) -> datetime:
    return read_moment(text, asker.now)


def _read_date(text: str, asker: Asker) -> str:
    return f"{read_moment(text, asker.now):%Y-%m-%d}"


def _read_number(text: str, _: Asker) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"Value '{text}' for the '{{field}}' field is not a valid number.") from error


def _one_of(candidates: Callable[[Site], list[tuple[str, str]]]) -> Callable[[str, Asker], str]:
    """Reads an id or a name of the site's configuration as the id."""

    def read(text: str, asker: Asker) -> str:
        for identity, name in candidates(asker.site):
            if text == identity or text.casefold() == name.casefold():
                return identity
        raise LookupError(text)

    return read


def _read_project(text: str, asker: Asker) -> str:
    project = asker.site.project(text)
    if project is None:
        raise LookupError(text)
    return project.id


def _read_component(text: str, asker: Asker) -> str:
    names = {
        c.name.casefold()
        for p in asker.site.projects
        for c in p.components
        if text in {c.id, c.name} or c.name.casefold() == text.casefold()
    }
    if not names:
        raise LookupError(text)
    return names.pop()


def _read_resolution(text: str, asker: Asker) -> str:
    return (
        _UNRESOLVED
        if text.casefold() == "unresolved"
        else _one_of(lambda s: [(n.id, n.name) for n in s.resolutions])(text, asker)
    )


def _read_category(text: str, asker: Asker) -> int:
    for status in asker.site.statuses:
        category = status.category
        if text.casefold() in {str(category.id), category.key, category.name.casefold()}:
            return category.id
    raise LookupError(text)


def _maybe(value: Any) -> tuple[Any, ...]:
    return () if value is None else (value,)


def _texts(issue: Issue) -> tuple[str, ...]:
    described = (issue.description.text,) if issue.description else ()
    return (issue.summary, *described, *(comment.body.text for comment in issue.comments))


_ISSUE = _Searchable(lambda i: (i.id,), _read_issue, _ORDERED)
_TYPE = _Searchable(lambda i: (i.type.id,), _one_of(lambda s: [(t.id, t.name) for t in s.issue_types()]), _EQUAL)
_UPDATED = _Searchable(lambda i: (i.updated,), _read_moment, _ORDERED)
_CREATED = _Searchable(lambda i: (i.created,), _read_moment, _ORDERED)
_RESOLVED = _Searchable(lambda i: _maybe(i.resolved), _read_moment, _ORDERED)
_DUE = _Searchable(lambda i: _maybe(i.duedate), _read_date, _ORDERED)
_FIELDS: dict[str, _Searchable] = {
    "key": _ISSUE,
    "issuekey": _ISSUE,
    "issue": _ISSUE,
    "id": _ISSUE,
    "project": _Searchable(lambda i: (i.project.id,), _read_project, _EQUAL),
    "labels": _Searchable(lambda i: tuple(x.casefold() for x in i.labels), lambda t, _: t.casefold(), _EQUAL),
    "status": _Searchable(lambda i: (i.status.id,), _one_of(lambda s: [(x.id, x.name) for x in s.statuses]), _EQUAL),
    "statuscategory": _Searchable(lambda i: (i.status.category.id,), _read_category, _EQUAL),
    "issuetype": _TYPE,
    "type": _TYPE,
    "priority": _Searchable(
        lambda i: (i.priority.id,), _one_of(lambda s: [(p.id, p.name) for p in s.priorities]), _EQUAL
    ),
    "component": _Searchable(lambda i: tuple(c.name.casefold() for c in i.components), _read_component, _EQUAL),
    "resolution": _Searchable(lambda i: (i.resolution.id if i.resolution else _UNRESOLVED,), _read_resolution, _EQUAL),
    "parent": _Searchable(lambda i: _maybe(i.parent), _read_issue, _EQUAL),
    "assignee": _Searchable(lambda i: _maybe(i.assignee), _read_user, _EQUAL),
    "reporter": _Searchable(lambda i: (i.reporter,), _read_user, _EQUAL),
    "creator": _Searchable(lambda i: (i.creator,), _read_user, _EQUAL),
    "summary": _Searchable(lambda i: (i.summary,), lambda t, _: t, _TEXT),
    "description": _Searchable(lambda i: _maybe(i.description and i.description.text), lambda t, _: t, _TEXT),
    "comment": _Searchable(lambda i: tuple(c.body.text for c in i.comments), lambda t, _: t, _TEXT),
    "text": _Searchable(_texts, lambda t, _: t, _TEXT),
    "updated": _UPDATED,
    "updateddate": _UPDATED,
    "created": _CREATED,
    "createddate": _CREATED,
    "resolved": _RESOLVED,
    "resolutiondate": _RESOLVED,
    "due": _DUE,
    "duedate": _DUE,
}


def _searchable(name: str, site: Site) -> _Searchable:
    known = _FIELDS.get(name.casefold())
    if known is not None:
        return known
    for field in site.fields:
        if (
            field.custom
            and field.kind != "opaque"
            and name.casefold() in {field.name.casefold(), f"cf[{field.number}]"}
        ):
            return _custom(field)
    raise BadQuery(f"Field '{name}' does not exist or you do not have permission to view it.")


def _custom(field: Field) -> _Searchable:
    def values(issue: Issue) -> tuple[Any, ...]:
        value = issue.custom.get(field.id)
        several = value if isinstance(value, tuple) else _maybe(value)
        return tuple(item.name.casefold() if isinstance(item, Named) else item for item in several)

    if field.kind == "number":
        return _Searchable(values, _read_number, _ORDERED)
    if field.kind == "datetime":
        return _Searchable(values, _read_moment, _ORDERED)
    if field.kind in {"option", "options"}:
        return _Searchable(values, lambda text, _: text.casefold(), _EQUAL)
    if field.kind == "rich":
        return _Searchable(lambda i: tuple(item.text for item in values(i)), lambda text, _: text, _TEXT)
    return _Searchable(values, lambda text, _: text, _TEXT)
