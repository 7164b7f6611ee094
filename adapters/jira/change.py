"""Updates of an issue: its state, its fields, and a note that only the desk sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.jira import echo, instants, left_out, marks, outcome, text, transition
from adapters.jira.fault import NoEffect, Rejected, Unclear
from adapters.jira.homes import project_of
from adapters.jira.site import Site
from connector.ticketing import KEPT, Outcome, Write

_COMMENTS = {"orderBy": "-created", "maxResults": "100"}

Issue = Mapping[str, Any]


def update(site: Site, write: Write, present: Issue | None) -> Outcome:
    """Make one update. `present` is the issue if it was just read. Raises the faults of a call.

    The state goes first, so that the answer to the change of fields tells the last version.
    """
    try:
        return _update(site, write, present)
    except transition.NoWay as error:
        return Outcome(write.key, "refused", write.id, write.number, reason=str(error))


def has_state(site: Site, write: Write) -> bool:
    """Tell whether the update moves the issue, for which its present status has to be read."""
    field = site.mappings[write.record].named("state")
    return bool(write.values.get("state")) and field is not None and field.writes


def _update(site: Site, write: Write, present: Issue | None) -> Outcome:
    try:
        mapping = site.mapping(write.record)
        found = present
        if found is None and has_state(site, write):
            found = site.connection.get(f"/issue/{write.id}", {"fields": ",".join((*transition.READ, "labels"))})
        values = {name: value for name, value in write.values.items() if name != "state"}
        written = mapping.write(values, site.resolve, about=write.about)
        shaped = site.written(written.fields, mapping)
        fields = shaped.fields
        internal = bool(write.note) and _apart(site, write, found)
        noted = bool(write.note) and write.unclear_since is not None and _stands(site, write)
    except (NoEffect, Rejected, Unclear) as error:
        return outcome.unread(write, error)
    # A service or plan that was there before us is known by this label from then on.
    labels = [{"add": marks.kind(write.record)}] if write.record in KEPT and fields else []
    state = str(write.values.get("state") or "")
    if found is not None and has_state(site, write):
        stored = found.get("fields") or {}
        transition.reach(site, write.record, write.id, state, stored)
        labels = _relabelled(state, stored.get("labels") or ())
    warnings = tuple(str(problem) for problem in (*written.problems, *shaped.cut))
    note = "" if noted else write.note
    body = _body(fields, labels, "" if internal else _marked(site, write, note))
    version: int | None = None
    if body:
        version, told = _put(site, write, body)
        warnings += told
    if internal and note:
        version = max(version or 0, _comment(site, write, _marked(site, write, note))) or None
    return outcome.done(site, write, write.id, write.number, version=version, warnings=warnings)


def _body(fields: Mapping[str, Any], labels: list[dict[str, str]], comment: Any) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if labels:
        changes["labels"] = labels
    if comment:
        changes["comment"] = [{"add": {"body": comment}}]
    return ({"fields": dict(fields)} if fields else {}) | ({"update": changes} if changes else {})


def _put(site: Site, write: Write, body: dict[str, Any]) -> tuple[int | None, tuple[str, ...]]:
    """Send the change; once more without the fields that Jira refuses, if something is left then."""
    try:
        return _answered(site, write, body)
    except Rejected as error:
        sent = body.get("fields", {})
        refused = {name: told for name, told in error.fields.items() if name in sent}
        kept = {name: value for name, value in sent.items() if name not in refused}
        changes = _without_label(write, body.get("update", {}), error.fields)
        dropped = len(refused) + (changes != body.get("update", {}))
        rest = ({"fields": kept} if kept else {}) | ({"update": changes} if changes else {})
        nothing = not kept and (write.record in KEPT or not changes)
        if not dropped or dropped != len(error.fields) or error.messages or nothing:
            raise
        version, told_ = _answered(site, write, rest)
        without = (left_out.problem(site, write.record, name, sent[name], told) for name, told in refused.items())
        return version, (*map(str, without), *told_)


def _without_label(write: Write, changes: Mapping[str, Any], refused: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the changes beside the fields; a service or plan can do without its label where that is refused."""
    if write.record not in KEPT or "labels" not in refused:
        return changes
    return {name: change for name, change in changes.items() if name != "labels"}


def _answered(site: Site, write: Write, body: dict[str, Any]) -> tuple[int | None, tuple[str, ...]]:
    # A second call would add a second comment, and nothing else twice.
    repeatable = "comment" not in body.get("update", {})
    params = {"returnIssue": "true"} if site.connection.cloud else None
    answer = site.connection.put(f"/issue/{write.id}", body, params, repeatable=repeatable)
    stored = answer.get("fields") if isinstance(answer, Mapping) else None
    if isinstance(answer, Mapping):
        site.homes.see(write.id, project_of(str(answer.get("key") or "")), site.now())
    if not isinstance(stored, Mapping):
        # Data Center answers with nothing, so what it dropped cannot be seen here.
        return None, ()
    return instants.milliseconds(stored.get("updated")) or None, echo.unstuck(site, body.get("fields", {}), stored)


def _comment(site: Site, write: Write, comment: Any) -> int:
    """Add an internal comment and return its instant, which is the issue's version then.

    On a service desk a comment is public unless this property says otherwise.
    """
    internal = [{"key": "sd.public.comment", "value": {"internal": True}}]
    answer = site.connection.post(f"/issue/{write.id}/comment", {"body": comment, "properties": internal})
    return instants.milliseconds(answer.get("created")) if isinstance(answer, Mapping) else 0


def _apart(site: Site, write: Write, found: Issue | None) -> bool:
    """Tell whether the note has to go by itself, as an internal comment: all but where no service desk is for sure.

    The write's own number says nothing: an issue that was moved onto a service desk keeps its id and loses its key. An
    internal comment does no harm elsewhere, and a public one cannot be taken back.
    """
    project = ((found or {}).get("fields") or {}).get("project")
    key = str(project.get("key") or "") if isinstance(project, Mapping) else ""
    key = key or site.homes.of(write.id, site.now())
    return not key or site.lookups.service_desk(key)


def _stands(site: Site, write: Write) -> bool:
    """Tell whether an earlier try's note is among the issue's comments, read from the database."""
    answer = site.connection.get(f"/issue/{write.id}/comment", _COMMENTS)
    return any(marks.stands_in(text.plain(item.get("body")), write.key) for item in answer.get("comments") or [])


def _marked(site: Site, write: Write, note: str) -> Any:
    return site.markup(f"{note.rstrip()}\n\n{marks.note(write.key)}") if note else ""


def _relabelled(state: str, labels: Any) -> list[dict[str, str]]:
    """Return the changes that leave just the label of this state (most have none)."""
    wanted = marks.STATES.get(state, "")
    removed = [{"remove": label} for label in marks.STATES.values() if label in labels and label != wanted]
    return removed + ([{"add": wanted}] if wanted and wanted not in labels else [])
