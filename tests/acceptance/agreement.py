"""Judges whether services and plans say the same in the files, on ServiceNow and on Jira, by what the platforms hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from connector.duration import format_duration
from tests.acceptance.estate import MTPD_MINUTES, RPO_MINUTES, Service
from tests.acceptance.evidence import Held
from tests.acceptance.judgement import Fault

Kind = Literal["service", "plan"]
Of = tuple[Kind, str]
FILES = "files"
PLATFORMS = ("servicenow", "jira")
TABLES: Mapping[Kind, str] = {"service": "cmdb_ci_service", "plan": "kb_knowledge"}
FIELDS: Mapping[Kind, tuple[str, ...]] = {"service": ("rpo", "mtpd"), "plan": ("title", "review_at")}
"""What people change. An RTO is left alone: the activations are judged by it."""
COLUMNS = {"rpo": "u_rpo", "mtpd": "u_mtpd", "title": "short_description", "review_at": "u_review_at"}
JIRA_FIELDS = {"rpo": "RPO minutes", "mtpd": "MTPD minutes", "title": "summary", "review_at": "duedate"}
NAMES: Mapping[Kind, tuple[str, str]] = {"service": ("name", "summary"), "plan": ("short_description", "summary")}


@dataclass(frozen=True)
class Edit:
    """A value that somebody gave a field, in the files or on a platform; lengths of time as minutes."""

    of: Of
    field: str
    side: str
    value: str


@dataclass(frozen=True)
class Kept:
    """A service or plan as it stands on a platform; `values` by field as text, "" for none."""

    side: str
    ident: str
    number: str
    name: str
    text: str
    values: Mapping[str, str]


def initial(services: Sequence[Service]) -> dict[Of, dict[str, str]]:
    """Return what the files say of each record before anybody edits them."""
    found: dict[Of, dict[str, str]] = {}
    for service in services:
        found["service", service.key] = {"rpo": str(RPO_MINUTES), "mtpd": str(MTPD_MINUTES)}
        found["plan", service.plan] = {"title": service.title, "review_at": ""}
    return found


def names(services: Sequence[Service], edits: Sequence[Edit]) -> dict[Of, set[str]]:
    """Return all that each record was ever called: none shares a name with another."""
    found: dict[Of, set[str]] = {}
    for service in services:
        found["service", service.key] = {service.name}
        found["plan", service.plan] = {service.title}
    for edit in edits:
        if edit.field == "title":
            found[edit.of].add(edit.value)
    return found


def kept(held: Held, side: str, kind: Kind) -> list[Kept]:
    """Return all records of a kind on a platform, its own as well as ours."""
    if side == "servicenow":
        return [_in_servicenow(row, kind) for row in held.tables[TABLES[kind]]]
    label = f"continuity-{kind}"
    return [_in_jira(issue, kind, held.fields) for issue in held.issues if label in issue["fields"]["labels"]]


def judge_records(
    held: Held,
    services: Sequence[Service],
    edits: Sequence[Edit],
    foreign: Iterable[str],
    listed: Sequence[Mapping[str, Any]],
) -> list[Fault]:
    """Return every fault; none when each record stands once on each platform and all three sides say the same.

    `foreign` are the ids of what stood on the platforms before; `listed` is what `continuity records --json` tells.
    """
    ours = _ours(services, edits, listed)
    stands: dict[tuple[str, Of], Kept] = {}
    faults = list(_stand_once(held, names(services, edits), set(foreign), stands))
    for of, values in ours.items():
        sides = {side: stands[side, of] for side in PLATFORMS if (side, of) in stands}
        faults += _agree(of, values, sides, [edit for edit in edits if edit.of == of], initial(services)[of])
        faults += _listed_in_step(of, sides, listed)
    for service in services:
        faults += _told_in_plan(ours["service", service.key], service, stands)
    return faults


def _ours(
    services: Sequence[Service], edits: Sequence[Edit], listed: Sequence[Mapping[str, Any]]
) -> dict[Of, dict[str, str]]:
    """Return what is in force here: the files, with what `listed` says was taken from a platform laid over them."""
    found = initial(services)
    for edit in edits:
        if edit.side == FILES:
            found[edit.of][edit.field] = edit.value
    for item in listed:
        for taken in item["taken"]:
            value, name = taken["value"], taken["field"]
            said = str(round(value / 60)) if name in {"rpo", "mtpd"} else str(value or "")
            found[item["kind"], item["key"]][name] = said
    return found


def _stand_once(
    held: Held, called: Mapping[Of, set[str]], foreign: set[str], stands: dict[tuple[str, Of], Kept]
) -> Iterable[Fault]:
    for side in PLATFORMS:
        for kind in TABLES:
            made = [item for item in kept(held, side, kind) if item.ident not in foreign]
            for of in (of for of in called if of[0] == kind):
                mine = [item for item in made if item.name in called[of]]
                if not mine:
                    yield Fault("lost", of[1], f"the {kind} is missing on {side}")
                    continue
                if len(mine) > 1:
                    numbers = ", ".join(item.number for item in mine)
                    yield Fault("doubled", of[1], f"the {kind} stands {len(mine)} times on {side}: {numbers}")
                stands[side, of] = mine[0]
            known = set().union(*called.values())
            for item in made:
                if item.name not in known:
                    yield Fault("doubled", item.number, f"'{item.name}' on {side} is no {kind} of ours")


def _agree(
    of: Of, ours: Mapping[str, str], sides: Mapping[str, Kept], edits: Sequence[Edit], first: Mapping[str, str]
) -> Iterable[Fault]:
    """Find fields that differ, and values that nobody gave last: an edit that was lost or came back."""
    for name in FIELDS[of[0]]:
        mine = [edit for edit in edits if edit.field == name]
        held = {FILES: ours[name], **{side: item.values[name] for side, item in sides.items()}}
        told = ", ".join(f"{edit.value!r} in {edit.side}" for edit in mine) or "nothing"
        if len(set(held.values())) > 1:
            yield Fault("disagreement", of[1], f"{name} stands as {held}; people said, in this order: {told}")
            continue
        last = {edit.side: edit.value for edit in mine}
        if ours[name] not in (set(last.values()) or {first[name]}):
            text = f"{name} is {ours[name]!r} everywhere, which nobody said last; people said, in this order: {told}"
            yield Fault("disagreement", of[1], text)


def _listed_in_step(of: Of, sides: Mapping[str, Kept], listed: Sequence[Mapping[str, Any]]) -> Iterable[Fault]:
    for side in PLATFORMS:
        rows = [item for item in listed if (item["kind"], item["key"], item["connection"]) == (*of, side)]
        states = [row["state"] for row in rows]
        if states != ["in step"]:
            why = "; ".join(problem for row in rows for problem in row["problems"])
            yield Fault("disagreement", of[1], f"the list of records says {states} of it on {side} {why}".rstrip())
        elif side in sides and side == "jira" and rows[0]["number"] != sides[side].number:
            text = f"the list of records says {rows[0]['number']}, Jira has it as {sides[side].number}"
            yield Fault("disagreement", of[1], text)


def _told_in_plan(ours: Mapping[str, str], service: Service, stands: Mapping[tuple[str, Of], Kept]) -> Iterable[Fault]:
    """The plan's text states its services' objectives: it follows where these were changed."""
    rpo, mtpd = (format_duration(timedelta(minutes=int(ours[name]))) for name in ("rpo", "mtpd"))
    for side in PLATFORMS:
        plan = stands.get((side, ("plan", service.plan)))
        if plan is not None and f"RPO {rpo}, MTPD {mtpd}" not in plan.text:
            yield Fault("disagreement", plan.number, f"the plan's text on {side} does not say RPO {rpo}, MTPD {mtpd}")


def _in_servicenow(row: Mapping[str, Any], kind: Kind) -> Kept:
    values = {name: str(row[COLUMNS[name]] or "") for name in FIELDS[kind]}
    number = str(row.get("number") or row["sys_id"])
    return Kept("servicenow", row["sys_id"], number, row[NAMES[kind][0]], str(row.get("text", "")), values)


def _in_jira(issue: Mapping[str, Any], kind: Kind, ids: Mapping[str, str]) -> Kept:
    fields = issue["fields"]
    found = {name: fields.get(ids.get(JIRA_FIELDS[name], JIRA_FIELDS[name])) for name in FIELDS[kind]}
    values = {name: f"{value:g}" if isinstance(value, float) else str(value or "") for name, value in found.items()}
    return Kept("jira", issue["id"], issue["key"], fields["summary"], str(fields.get("description")), values)
