"""An issue to be created: its fields, what can be left out of them, and what became worth a warning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapters.jira import echo, left_out, marks
from adapters.jira.site import Site
from connector.problem import Problem
from connector.ticketing import Write

_NEEDED = frozenset({"summary", "project", "issuetype", "parent", "labels", "pid"})
"""What an issue of ours cannot be without: any other field that Jira refuses is left out rather than the task."""


@dataclass(frozen=True)
class Draft:
    """`state` is the neutral state in which the issue has to stand; `team` names the fields that hold the team."""

    write: Write
    project: str
    state: str
    fields: Mapping[str, Any]
    team: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()

    def body(self) -> dict[str, Any]:
        """Return the body of the create call, with the write's whole key as an issue property."""
        value = {"key": self.write.key, "record": self.write.record, "incident": self.write.values.get("incident", "")}
        return {"fields": dict(self.fields), "properties": [{"key": marks.PROPERTY, "value": value}]}


def parent_of(write: Write) -> str:
    """Return the id of the issue under which a create is made, "" for none: an activation's, or a plan's."""
    return str(write.values.get("parent") or write.values.get("plan") or "")


def compose(site: Site, write: Write, parent: str) -> Draft:
    """Turn a create into a draft. `parent` is the parent's id, "" for an issue of its own. Raises as a read does."""
    mapping = site.mapping(write.record)
    project = site.project_of(write.record, str(write.values.get("project") or ""))
    values = {**write.values, "project": project, "parent": parent}
    state = str(values.pop("state", None) or "open")
    written = mapping.write(values, site.resolve, whole=True, about=write.about)
    shaped = site.written(written.fields, mapping)
    fields = shaped.fields
    status, holder = mapping.named("state"), mapping.named("parent")
    fields.pop(status.id if status else "status", None)
    fields.pop(holder.id if holder else "parent", None)
    kind = _type(site, project, mapping.setting("subtask_type" if parent else "issue_type"), subtask=bool(parent))
    fields |= {"project": {"key": project}, "issuetype": {"name": kind}}
    if parent:
        fields["parent"] = {"id": parent}
    labels = [*marks.labels(write.record, write.key, state), *mapping.settings.get("labels", ())]
    fields["labels"] = list(dict.fromkeys([*(fields.get("labels") or ()), *labels]))
    # An empty field need not be sent, and might stand on no screen.
    fields = {name: value for name, value in fields.items() if value not in (None, [])}
    team = tuple(item.id for item in mapping.fields if item.source == "team" and item.id in fields)
    draft = Draft(write, project, state, fields, team, (*written.problems, *shaped.cut))
    return _on_screen(site, draft, kind, subtask=bool(parent))


def _type(site: Site, project: str, name: str, *, subtask: bool) -> str:
    wanted = name or ("Sub-task" if subtask else "Task")
    if not subtask:
        return wanted
    found = site.lookups.project(project).issue_type(wanted, subtask=True)
    return found.name if found else wanted


def _on_screen(site: Site, draft: Draft, kind: str, *, subtask: bool) -> Draft:
    """Leave out what is known to stand on no screen of this type, so that Jira need not refuse it first."""
    screen = site.lookups.known_screen(draft.project, kind, subtask=subtask)
    if not screen:
        return draft
    absent = [name for name in draft.fields if name not in screen and name not in _NEEDED]
    return _without(site, draft, dict.fromkeys(absent, f"not on the create screen of {kind} in {draft.project}"))


def may_go_without(refused: Mapping[str, str], messages: tuple[str, ...]) -> bool:
    """Tell whether a refusal concerns nothing but fields that can be left out."""
    return bool(refused) and not messages and not _NEEDED & set(refused)


def second(site: Site, draft: Draft, refused: Mapping[str, str]) -> Draft:
    """Return the draft without the refused fields; where its team was refused, with the fallback team."""
    fallback = _fallback(site, draft, refused)
    kept = _without(site, draft, {name: text for name, text in refused.items() if name not in fallback})
    if not fallback:
        return kept
    told = tuple(
        Problem(
            site.field_name(name),
            f"'{echo.shown(draft.fields[name])}' was refused ({refused[name]})",
            f"given to the fallback team '{site.fallback_team}': correct the plan, or create that team in "
            f"{draft.project}",
            "warning",
        )
        for name in fallback
    )
    return replace(kept, fields={**kept.fields, **fallback}, warnings=(*kept.warnings, *told))


def _fallback(site: Site, draft: Draft, refused: Mapping[str, str]) -> dict[str, Any]:
    # What is on no screen cannot hold another team either. (Where Jira says so in another language, it says it twice.)
    names = [name for name in draft.team if name in refused and "screen" not in refused[name].lower()]
    if not site.fallback_team or not names or draft.write.values.get("team") == site.fallback_team:
        return {}
    mapping = site.mapping(draft.write.record)
    fields = site.written(mapping.write({"team": site.fallback_team}, site.resolve).fields, mapping).fields
    # A second refusal finds the fallback already there, and then goes without.
    return {name: fields[name] for name in names if name in fields and fields[name] != draft.fields[name]}


def _without(site: Site, draft: Draft, refused: Mapping[str, str]) -> Draft:
    record = draft.write.record
    told = tuple(
        left_out.problem(site, record, name, draft.fields[name], text)
        for name, text in refused.items()
        if name in draft.fields
    )
    fields = {name: value for name, value in draft.fields.items() if name not in refused}
    return replace(draft, fields=fields, warnings=(*draft.warnings, *told))
