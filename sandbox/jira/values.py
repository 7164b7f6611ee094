"""Reads what a client sends for one field, and refuses it in Jira's words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.jira.adf import RichText, from_document
from sandbox.jira.issue import Issue
from sandbox.jira.moment import read_date, read_time
from sandbox.jira.site import Component, Field, IssueType, Named, Project, Site, User, named
from sandbox.jira.store import Store

_SUMMARY_LIMIT = 255
_TEXT_LIMIT = 32_767


class Invalid(ValueError):
    """A value that the field does not take; the message is Jira's, told under the field's id or under `field`."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Place:
    """Where a value is to stand: which decides what is valid."""

    site: Site
    store: Store
    cloud: bool
    version: str
    project: Project
    issue_type: IssueType


def read(field: Field, raw: Any, place: Place) -> Any:
    """The value as an Issue holds it (None clears it); raises Invalid."""
    if field.kind in {"option", "options"}:
        return _options(raw, field) if field.kind == "options" else _option(raw, field)
    return _READERS[field.kind](raw, place)


def _summary(raw: Any, _: Place) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise Invalid("You must specify a summary of the issue.")
    if len(raw) > _SUMMARY_LIMIT:
        raise Invalid("Summary must be less than 255 characters.")
    if "\n" in raw or "\r" in raw:
        raise Invalid("The summary is invalid because it contains newline characters.")
    return raw


def _rich(raw: Any, place: Place) -> RichText | None:
    if raw is None:
        return None
    return rich_text(
        raw, place.version, "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
    )


def rich_text(raw: Any, version: str, refusal: str) -> RichText:
    """Wiki text in version 2, ADF in version 3; raises Invalid (`refusal` where version 3 gets something else)."""
    if version == "3":
        try:
            text = from_document(raw)
        except ValueError as error:
            raise Invalid(refusal) from error
    elif isinstance(raw, str):
        text = RichText(raw)
    else:
        raise Invalid("Operation value must be a string")
    if len(text.text) > _TEXT_LIMIT:
        raise Invalid("The entered text is too long. It exceeds the allowed limit of 32,767 characters.")
    return text


def _option(raw: Any, field: Field) -> Named | None:
    """An option by `{"value"}` or `{"id"}`; case counts."""
    if raw is None:
        return None
    if not isinstance(raw, dict):
        raise Invalid("Specify a valid 'id' or 'name' for " + field.name)
    if not {"id", "value"} & set(raw):
        raise Invalid("Could not find valid 'id' or 'value' in the Parent Option object.")
    name = "id" if "id" in raw else "value"
    wanted = str(raw[name])
    found = next((option for option in field.options if wanted == (option.id if name == "id" else option.name)), None)
    if found is None:
        raise Invalid(f"Option {name} '{wanted}' is not valid")
    return found


def _options(raw: Any, field: Field) -> tuple[Named, ...] | None:
    if raw is None:
        return None
    if not isinstance(raw, list):
        raise Invalid("data was not an array")
    return tuple(dict.fromkeys(option for item in raw if (option := _option(item, field)) is not None)) or None


def _priority(raw: Any, place: Place) -> Named:
    found = named(place.site.priorities, _id_or_name(raw))
    if found is None:
        raise Invalid(
            "Specify a valid 'id' or 'name' for priority"
            if _id_or_name(raw) == ""
            else "The priority selected is invalid."
        )
    return found


def resolution(raw: Any, site: Site) -> Named:
    """A resolution by `{"name"}` or `{"id"}`; raises Invalid."""
    found = named(site.resolutions, _id_or_name(raw))
    if found is None:
        raise Invalid(f"Resolution name '{_id_or_name(raw)}' is not valid")
    return found


def _id_or_name(raw: Any) -> str:
    if not isinstance(raw, dict):
        return ""
    return str(raw.get("id") or raw.get("name") or "")


def _labels(raw: Any, _: Place) -> tuple[str, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, list):
        raise Invalid("data was not an array")
    for label in raw:
        if not isinstance(label, str):
            raise Invalid("string expected at index 0")
        if any(sign.isspace() for sign in label):
            raise Invalid(f"The label '{label}' contains spaces which is invalid.")
        if len(label) > _SUMMARY_LIMIT:
            raise Invalid(f"The label '{label}' exceeds the maximum length for a label of 255 characters.")
    # Jira gives labels back sorted, each once.
    return tuple(sorted(set(raw)))


def _components(raw: Any, place: Place) -> tuple[Component, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, list):
        raise Invalid("data was not an array")
    found: list[Component] = []
    for entry in raw:
        wanted = _id_or_name(entry)
        component = place.project.component(wanted)
        if component is None and isinstance(entry, dict) and "id" in entry:
            raise Invalid(f"Component id '{wanted}' is not valid")
        if component is None:
            raise Invalid(f"Component name '{wanted}' is not valid")
        if component not in found:
            found.append(component)
    return tuple(found)


def _user(raw: Any, place: Place) -> User | None:
    if raw is None:
        return None
    if not isinstance(raw, dict):
        raise Invalid("data was not an object")
    if place.cloud:
        account = raw.get("accountId", raw.get("id", ...))
        if account is ...:
            raise Invalid("'accountId' must be the only user identifying query parameter in GDPR strict mode.")
        if account is None:
            return None
        wanted, user = str(account), place.site.user(account_id=str(account))
    else:
        wanted = str(raw.get("name") or raw.get("key") or "")
        if not wanted:
            return None
        user = place.site.user(user_name=wanted, key=wanted)
    if user is None:
        raise Invalid(f"User '{wanted}' does not exist.")
    return user


def assignable(user: User | None, project: Project, *, cloud: bool) -> None:
    """Raises Invalid when this person cannot work on issues of this project, or on any."""
    if user is not None and (user.user_name in project.not_assignable or not user.active):
        raise Invalid(f"User '{user.account_id if cloud else user.user_name}' cannot be assigned issues.")


def _date(raw: Any, _: Place) -> str | None:
    if raw is None or raw == "":
        return None
    try:
        return read_date(str(raw))
    except ValueError as error:
        raise Invalid(str(error)) from error


def _time(raw: Any, _: Place) -> Any:
    if raw is None or raw == "":
        return None
    if not isinstance(raw, str):
        raise Invalid("Operation value must be a string")
    try:
        return read_time(raw)
    except ValueError as error:
        raise Invalid(str(error)) from error


def _string(raw: Any, _: Place) -> str | None:
    if raw is None:
        return None
    if not isinstance(raw, str):
        raise Invalid("Operation value must be a string")
    if len(raw) > _SUMMARY_LIMIT:
        raise Invalid("The entered text is too long. It exceeds the allowed limit of 255 characters.")
    if "\n" in raw:
        raise Invalid("The text must be on a single line.")
    return raw or None


def _number(raw: Any, _: Place) -> float | None:
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise Invalid("Operation value must be a number")
    return float(raw)


def _parent(raw: Any, place: Place) -> int | None:
    if raw is None:
        return None
    wanted = str(raw.get("key") or raw.get("id") or "") if isinstance(raw, dict) else str(raw)
    parent = place.store.find(wanted)
    if parent is None:
        raise Invalid("Could not find issue by id or key.")
    _check_parent(parent, place)
    return parent.id


def _check_parent(parent: Issue, place: Place) -> None:
    if place.issue_type.subtask and parent.project != place.project:
        raise Invalid("Sub-tasks must be created in the same project as the parent.", "project")
    if place.issue_type.subtask and parent.type.subtask:
        raise Invalid("Parent issue is a sub-task itself.")
    if not place.issue_type.subtask and not place.cloud:
        raise Invalid("Issue type is not a sub-task but parent issue key or id specified.", "issuetype")
    if parent.type.level != place.issue_type.level + 1:
        raise Invalid("Given parent work item does not belong to appropriate hierarchy.")


def _links(raw: Any, _: Place) -> Any:
    del raw
    raise Invalid("Field does not support update 'issuelinks'")


_READERS: dict[str, Callable[[Any, Place], Any]] = {
    "summary": _summary,
    "rich": _rich,
    "priority": _priority,
    "labels": _labels,
    "components": _components,
    "user": _user,
    "date": _date,
    "datetime": _time,
    "string": _string,
    "number": _number,
    "parent": _parent,
    "links": _links,
}
