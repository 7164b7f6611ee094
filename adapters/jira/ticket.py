"""Jira issues, from REST or from a webhook, turned into tickets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.jira import instants, marks, text
from adapters.jira.homes import project_of
from adapters.jira.site import Site
from connector.ticketing import KEPT, Record, Ticket

_SKIPPED = frozenset({"won't do", "wont do", "won't fix", "declined", "canceled", "cancelled", "duplicate", "obsolete"})
_FAILED = frozenset({"cannot reproduce", "cannot complete", "failed", "incomplete", "unresolved"})
"""Resolutions (folded) that say more than the status of a closed task; any other one leaves it done."""


def parse(site: Site, raw: Mapping[str, Any], asked: Record | None = None) -> Ticket:
    """Turn an issue, or a webhook's whole message, into a ticket. Raises nothing: what is wrong is in `problems`.

    `asked` is what it was read as: a service or plan that was there before us may bear nothing that tells it from other
    issues.
    """
    issue = raw.get("issue") if "fields" not in raw else raw
    if not isinstance(issue, Mapping):
        return Ticket(
            site.name, "other", "", "", "", 0, problems=("the message names no issue: nothing to read",), raw=raw
        )
    fields = issue.get("fields")
    fields = fields if isinstance(fields, Mapping) else {}
    # An archived issue is in no search any more, and can only be looked at.
    deleted = raw.get("webhookEvent") == "jira:issue_deleted" or bool(fields.get("archiveddate"))
    identity, number = str(issue.get("id", "")), str(issue.get("key", ""))
    project = fields.get("project")
    if isinstance(project, Mapping):
        site.lookups.learn_project(str(project.get("key", "")), str(project.get("projectTypeKey", "")))
    updated = instants.read(fields.get("updated"))
    if updated is not None:
        # A message can be old by now, so that what it tells counts from the change that it tells of.
        site.homes.see(identity, project_of(number), min(updated, site.now()))
    labels = [str(label) for label in fields.get("labels") or [] if isinstance(label, str)]
    kind = marks.record(labels, _name(fields.get("issuetype")), site.incident_types)
    if kind == "other":
        place = _key_of(project, number).casefold(), _name(fields.get("issuetype")).casefold()
        kind = asked if asked in KEPT and asked is not None else site.owner(place)
    unique = marks.unique_among(labels)
    original = site.originals.see(unique, identity, number) if unique and identity and not deleted else None
    problems: tuple[str, ...] = ()
    if original is not None and original.id != identity:
        problems = (
            f"duplicate of {original.number}: both bear the label {unique}; close {number}, or take its label off",
        )
    if "updated" not in fields and not deleted:
        problems += ("the message carries only a part of the issue: read it before acting on it",)
    # Of an issue that is none of ours only its type is told, for the reason why nothing is done.
    values: dict[str, Any] = {"issue_type": _name(fields.get("issuetype"))} if kind == "other" and not deleted else {}
    if kind != "other" and not deleted:
        values, told = _values(site, kind, issue, fields, labels)
        problems += told
    return Ticket(
        site.name,
        kind,
        identity,
        number,
        site.url(number),
        instants.milliseconds(fields.get("updated")),
        values,
        key=_key(issue) or (site.originals.key(unique) if unique else ""),
        problems=problems,
        raw=issue,
        deleted=deleted,
        made_at=instants.read(fields.get("created")),  # a site that was reset counts its ids from the beginning
    )


def _values(
    site: Site, record: Record, issue: Mapping[str, Any], fields: Mapping[str, Any], labels: list[str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    mapping = site.mapping_at_hand(record)
    # Formatted text is read by the mapping where it says so, and as plain text anywhere else.
    formatted = {item.id for item in mapping.fields if item.shape.type == "rich_text"}
    flat = {name: value if name in formatted else _plain(name, value) for name, value in fields.items()} | {
        "id": issue.get("id"),
        "key": issue.get("key"),
    }
    # The labels that we write are bookkeeping, not a person's.
    own = set(mapping.settings.get("labels", ()))
    flat["labels"] = [label for label in labels if label not in own and not marks.is_our_label(label)]
    read = mapping.read(flat)
    values = dict(read.values)
    if record not in ("incident", *KEPT):
        if "state" in values:
            values["state"] = _state(str(values["state"]), labels, _name(fields.get("resolution")))
        values["answer"] = _answer(values.get("answer"), fields.get("comment"))
    return values, tuple(str(problem) for problem in read.problems)


def _state(mapped: str, labels: list[str], resolution: str) -> str:
    """Say a task's state, where several of ours are one status of Jira's: by our labels, then by the resolution."""
    if mapped == "open":
        return "pending" if marks.PENDING in labels else "open"
    if mapped != "done":
        return mapped
    for state, label in marks.VERDICTS.items():
        if label in labels:
            return state
    folded = resolution.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    if folded in _SKIPPED:
        return "skipped"
    return "failed" if folded in _FAILED else "done"


def _answer(mapped: Any, comment: Any) -> str:
    """Return what a person answered: what the mapping reads (labels, say), and the latest comment that is not ours.

    Comments come with an issue that is read; the webhooks of Cloud leave them out.
    """
    listed = comment.get("comments") if isinstance(comment, Mapping) else None
    texts = [text.plain(item.get("body")) for item in listed or [] if isinstance(item, Mapping)]
    latest = next((told for told in reversed(texts) if told and not marks.is_ours(told)), "")
    first = " ".join(map(str, mapped)) if isinstance(mapped, list) else str(mapped or "")
    return "\n".join(part for part in (first, latest) if part)


def fields_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an issue, or a webhook's whole message, holds by field id; documents as plain text."""
    issue = raw.get("issue") if "fields" not in raw else raw
    if not isinstance(issue, Mapping) or not isinstance(issue.get("fields"), Mapping):
        return {}
    flat = {str(name): _plain(str(name), value) for name, value in issue["fields"].items()}
    return flat | {"id": issue.get("id"), "key": issue.get("key")}


def _plain(name: str, value: Any) -> Any:
    return text.plain(value) if text.is_document(value) or name in ("description", "environment") else value


def _key(issue: Mapping[str, Any]) -> str:
    properties = issue.get("properties")
    ours = properties.get(marks.PROPERTY) if isinstance(properties, Mapping) else None
    return str(ours.get("key", "")) if isinstance(ours, Mapping) else ""


def _key_of(project: Any, number: str) -> str:
    return str(project.get("key", "")) if isinstance(project, Mapping) else project_of(number)


def _name(value: Any) -> str:
    return str(value.get("name", "")) if isinstance(value, Mapping) else ""
