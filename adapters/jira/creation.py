"""Issues created: activations and reviews one by one, the rest in bulk, each found again before a second try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.jira import draft, fault, landed, marks, outcome, transition
from adapters.jira.draft import Draft
from adapters.jira.fault import NoEffect, Rejected, Unclear
from adapters.jira.homes import project_of
from adapters.jira.site import Site
from connector.ticketing import Outcome, Write

BULK = 50
"""The most that `issue/bulk` takes."""

_ROUNDS = 3
"""A refused field is replaced by its fallback in the second, and left out in the third."""

Outcomes = dict[str, Outcome]


@dataclass(frozen=True)
class _Made:
    """What became of one element of a call: an issue, or Jira's refusal."""

    id: str = ""
    number: str = ""
    refusal: Rejected | None = None


def create_one(site: Site, write: Write) -> Outcome:
    """Create an issue that may stand alone. Raises the faults of a call."""
    parent = draft.parent_of(write)
    if write.unclear_since is not None:
        found = landed.under(site, parent, [write]).get(write.key) if parent else landed.anywhere(site, write)
        if found is not None:
            return _found(site, write, found)
        landed.wait_for_running(site, write)
    made = _created(site, [draft.compose(site, write, parent)], bulk=False)
    return made[write.key]


def create_many(site: Site, writes: Sequence[Write]) -> Outcomes:
    """Create tasks, services or plans in bulk, one call per project and 50; an outcome for each, faults included."""
    outcomes, composed = _composed(site, writes)
    waiting: dict[str, list[Draft]] = {}
    for item in composed:
        waiting.setdefault(item.project, []).append(item)
    for drafts in waiting.values():
        for start in range(0, len(drafts), BULK):
            part = drafts[start : start + BULK]
            try:
                outcomes |= _created(site, part, bulk=True)
            except (NoEffect, Rejected, Unclear) as error:
                outcomes |= {item.write.key: outcome.failed(item.write, error) for item in part}
            except fault.ODD as error:
                outcomes |= {item.write.key: outcome.odd(item.write, error) for item in part}
    return outcomes


def _composed(site: Site, writes: Sequence[Write]) -> tuple[Outcomes, list[Draft]]:
    """Return drafts of what has to be created, and outcomes of what stands already or cannot be prepared now."""
    outcomes: Outcomes = {}
    drafts: list[Draft] = []
    by_parent: dict[str, list[Write]] = {}
    for write in writes:
        by_parent.setdefault(draft.parent_of(write), []).append(write)
    for parent, siblings in by_parent.items():
        outcomes |= _looked_up(site, parent, siblings)
        for write in siblings:
            if write.key in outcomes:
                continue
            try:
                landed.wait_for_running(site, write)
                drafts.append(draft.compose(site, write, parent))
            except (NoEffect, Rejected, Unclear) as error:
                outcomes[write.key] = outcome.unread(write, error)
    return outcomes, drafts


def _looked_up(site: Site, parent: str, writes: Sequence[Write]) -> Outcomes:
    """Return the outcomes of those writes whose fate was unclear and that have landed, or cannot be looked up now."""
    unclear = [write for write in writes if write.unclear_since is not None]
    if not unclear:
        return {}
    try:
        if parent:
            found = landed.under(site, parent, unclear)
        else:
            looked = {write.key: landed.anywhere(site, write) for write in unclear}
            found = {key: item for key, item in looked.items() if item is not None}
    except (NoEffect, Rejected, Unclear) as error:
        return {write.key: outcome.unread(write, error) for write in unclear}
    except fault.ODD as error:
        return {write.key: outcome.odd(write, error) for write in unclear}
    return {write.key: _found(site, write, found[write.key]) for write in unclear if write.key in found}


def _created(site: Site, drafts: Sequence[Draft], *, bulk: bool) -> Outcomes:
    """Create what stands in `drafts`, in up to three rounds. Raises only if the first of them failed as a whole."""
    outcomes: Outcomes = {}
    waiting = list(drafts)
    for number in range(_ROUNDS):
        for item in waiting:
            site.originals.name(marks.unique(item.write.key), item.write.key)
            site.originals.try_at(item.write.key, site.now())
        try:
            made = _send(site, waiting, bulk=bulk)
        except (NoEffect, Rejected, Unclear) as error:
            for item in waiting:
                running = isinstance(error, Unclear) and error.running
                site.originals.try_at(item.write.key, site.now(), running=running)
            if number == 0:
                raise
            return outcomes | {item.write.key: outcome.failed(item.write, error) for item in waiting}
        again: list[Draft] = []
        for item, result in zip(waiting, made, strict=True):
            refusal = result.refusal
            if refusal is None:
                outcomes[item.write.key] = _settled(site, item, result)
            elif number + 1 < _ROUNDS and draft.may_go_without(refusal.fields, refusal.messages):
                again.append(draft.second(site, item, refusal.fields))
            else:
                outcomes[item.write.key] = outcome.failed(item.write, refusal)
        waiting = again
        if not waiting:
            break
    return outcomes


def _send(site: Site, drafts: Sequence[Draft], *, bulk: bool) -> list[_Made]:
    if not bulk:
        try:
            answer = site.connection.post("/issue", drafts[0].body())
        except Rejected as error:
            return [_Made(refusal=error)]
        return [_issue(answer)]
    try:
        answer = site.connection.post("/issue/bulk", {"issueUpdates": [item.body() for item in drafts]})
    except Rejected as error:
        # 400 when every element failed, with the same list of errors as a partial failure.
        if not isinstance(error.body, Mapping) or not isinstance(error.body.get("errors"), list):
            raise
        answer = error.body
    return _elements(answer, len(drafts))


def _elements(answer: Any, count: int) -> list[_Made]:
    """Put a bulk answer's issues and errors in the order of the elements sent. Raises `Unclear` if they do not add up.

    `issues` holds those created, in order; each of `errors` says in `failedElementNumber` which element it is.
    """
    told = answer if isinstance(answer, Mapping) else {}
    failed = {int(item["failedElementNumber"]): _refusal(item) for item in told.get("errors") or []}
    issues = told.get("issues") or []
    if len(issues) + len(failed) != count:
        raise Unclear(f"Jira's answer names {len(issues)} issues and {len(failed)} errors for {count} sent")
    created = iter(issues)
    return [_Made(refusal=failed[place]) if place in failed else _issue(next(created)) for place in range(count)]


def _refusal(item: Mapping[str, Any]) -> Rejected:
    messages, fields = fault.reasons(item.get("elementErrors"))
    return Rejected(int(item.get("status") or 400), messages, fields)


def _issue(answer: Any) -> _Made:
    if not isinstance(answer, Mapping) or "id" not in answer or "key" not in answer:
        raise Unclear("Jira's answer names no issue that was created")
    return _Made(str(answer["id"]), str(answer["key"]))


def _settled(site: Site, item: Draft, made: _Made) -> Outcome:
    site.originals.see(marks.unique(item.write.key), made.id, made.number)
    return _moved(site, item.write, made.id, made.number, tuple(map(str, item.warnings)))


def _moved(site: Site, write: Write, identity: str, number: str, warnings: tuple[str, ...]) -> Outcome:
    """Bring a new issue to the state it has to have; a way that is missing does not undo the issue.

    Where that fails for now the outcome is unclear: the next try finds the issue, and goes on from there.
    """
    site.homes.see(identity, project_of(number), site.now())
    state = str(write.values.get("state") or "open")
    if state not in ("open", "pending"):
        try:
            transition.reach(site, write.record, identity, state)
        except (NoEffect, Unclear) as error:
            reason = f"created as {number}, but not brought to '{state}': {error}"
            return Outcome(write.key, "unclear", identity, number, reason=reason)
        except (Rejected, transition.NoWay) as error:
            warnings = (*warnings, f"created, but not brought to '{state}': {error}")
    return outcome.done(site, write, identity, number, warnings=warnings)


def _found(site: Site, write: Write, found: landed.Found) -> Outcome:
    return _moved(site, write, found.id, found.number, found.warnings())
