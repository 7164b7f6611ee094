"""Reads what Jira's webhooks, workflow post functions and Automation rules send about an issue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from webhooks.body import count, document, shown
from webhooks.envelope import Envelope, Malformed
from webhooks.headers import delivery_key

ID_HEADER = "X-Atlassian-Webhook-Identifier"
COMMENTS = "comments are read at the next poll"

_ACTED_ON = frozenset({"issue_created", "issue_updated", "issue_deleted"})
# The beginnings of the events of webhooks (Cloud and Data Center), without `jira:`, and why each is not acted on.
_IGNORED = (
    ("comment_", COMMENTS),
    ("worklog_", "work logs are not mirrored"),
    ("attachment_", "files are read at the next poll"),
    ("issuelink_", "issue links are not mirrored"),
    ("issue_property_", "issue properties are not mirrored"),
    ("sprint_", "sprints are not followed"),
    ("board_", "boards are not followed"),
    ("version_", "versions are not followed"),
    ("project_", "changes of a project are not followed"),
    ("user_", "changes of a user are not followed"),
    ("filter_", "filters are not followed"),
    ("option_", "Jira's settings are not followed"),
    ("jira_expression_", "it reports a fault in Jira, not a change of an issue"),
)
_COMMENT_TYPES = frozenset({"issue_commented", "issue_comment_edited", "issue_comment_deleted"})
# Every issue that Jira shows whole has these; comment events and some versions send six or seven fields.
_WHOLE = ("summary", "status", "issuetype", "project", "created", "updated")
# A rule's own body may pick fields: these show that it did not.
_WHOLE_BY_RULE = (*_WHOLE, "creator", "labels")
_ID = re.compile(r"[0-9]{1,19}")
_EVENT = re.compile(r"[A-Za-z][A-Za-z0-9_:.-]{0,79}")
_LONGEST_KEY = 255
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BY_RULE = (
    "in the Automation rule choose `Issue data (Jira format)` as the web request's body, "
    'or send {"issue": {"id": "{{issue.id}}", "key": "{{issue.key}}"}}'
)


def read(headers: Mapping[str, str], body: bytes) -> Envelope:
    """Read one message of Jira Cloud, Data Center, an old server, a workflow post function or an Automation rule.

    A rule's body is an issue in REST shape, at the top or under `issue`. Raises Malformed.
    """
    if not body.strip():
        raise Malformed("the body is empty; untick `Exclude body` on the webhook in Jira")
    message = document(body)
    key = delivery_key(headers, ID_HEADER, body)
    if message.get("webhookEvent") is None:
        return _by_rule(key, message)
    return _by_webhook(key, _event(message), message)


def _by_webhook(key: str, event: str, message: Mapping[str, Any]) -> Envelope:
    ignored = _ignored(event, message)
    issue = message.get("issue")
    if ignored:
        known = issue if isinstance(issue, dict) else {}
        return Envelope(key, event, _id(known), _number(known), raw=known, ignored=ignored)
    if not isinstance(issue, dict):
        raise Malformed(f"issue: missing from {shown(event)}; send the webhook with its body (untick `Exclude body`)")
    return _envelope(key, event, issue, message.get("timestamp"), _WHOLE)


def _by_rule(key: str, message: Mapping[str, Any]) -> Envelope:
    issue = message.get("issue", message)
    if not isinstance(issue, dict) or not ("id" in issue or "fields" in issue):
        raise Malformed(f"webhookEvent and issue: both missing; {_BY_RULE}")
    # A workflow's `Trigger a webhook` post function names the transition and no event.
    event = "transition" if isinstance(message.get("transition"), dict) else "automation"
    return _envelope(key, event, issue, message.get("timestamp"), _WHOLE_BY_RULE)


def _envelope(key: str, event: str, issue: Mapping[str, Any], sent: object, whole: tuple[str, ...]) -> Envelope:
    ticket = _id(issue)
    if not ticket:
        found = f"found {shown(issue['id'])}" if "id" in issue else "missing"
        raise Malformed(f"issue.id: {found}; send the issue's number-like id, e.g. 10040; {_BY_RULE}")
    fields = issue.get("fields")
    if not isinstance(fields, dict):
        fields = {}
    updated, stamp = _milliseconds(fields.get("updated")), count(sent)
    deleted = _kind(event) == "issue_deleted"
    # Deleting does not touch `updated`: the deletion is newer than the last change that it shows.
    known = [instant for instant in (updated, stamp) if instant is not None]
    return Envelope(
        key=key,
        event=event,
        ticket=ticket,
        number=_number(issue),
        version=(max(known) if deleted else known[0]) if known else None,
        raw={**issue, "id": ticket, "fields": fields},
        deleted=deleted,
        partial=not deleted and any(name not in fields for name in whole),
    )


def _event(message: Mapping[str, Any]) -> str:
    event = message["webhookEvent"]
    if not isinstance(event, str) or not _EVENT.fullmatch(event):
        raise Malformed(f'webhookEvent: found {shown(event)}; send the event\'s name, e.g. "jira:issue_updated"')
    return event


def _kind(event: str) -> str:
    return event.removeprefix("jira:")


def _ignored(event: str, message: Mapping[str, Any]) -> str:
    """Return why the event is not acted on, or ""."""
    kind = _kind(event)
    if kind == "issue_updated":
        return COMMENTS if _only_comment(message) else ""
    if kind in _ACTED_ON:
        return ""
    if kind.startswith("comment_") and _changed(message) and isinstance(message.get("issue"), dict):
        return ""
    for beginning, reason in _IGNORED:
        if kind.startswith(beginning):
            return f"{event}: {reason}"
    return f"{event}: not an event that is known here; issues created, updated and deleted are acted on"


def _only_comment(message: Mapping[str, Any]) -> bool:
    """Whether an update is about a comment alone; old servers do not name the kind of update, so a comment tells."""
    kind = message.get("issue_event_type_name")
    about_comment = kind in _COMMENT_TYPES if isinstance(kind, str) and kind else "comment" in message
    return about_comment and not _changed(message)


def _changed(message: Mapping[str, Any]) -> bool:
    """Whether there is a changelog with an item; the items' names may be translated and do not matter here."""
    changelog = message.get("changelog")
    return isinstance(changelog, dict) and bool(changelog.get("items"))


def _id(issue: Mapping[str, Any]) -> str:
    given = issue.get("id")
    text = str(given) if count(given) is not None else given
    return text if isinstance(text, str) and _ID.fullmatch(text) else ""


def _number(issue: Mapping[str, Any]) -> str:
    key = issue.get("key")
    return key if isinstance(key, str) and len(key) <= _LONGEST_KEY else ""


def _milliseconds(value: object) -> int | None:
    """Return `2019-08-16T19:30:17.153+0530` (or epoch milliseconds, as some rules send) in epoch milliseconds."""
    if not isinstance(value, str):
        return count(value)
    try:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            return None
        return count((instant - _EPOCH) // timedelta(milliseconds=1))
    except (ValueError, OverflowError):
        return None
