"""A folder of continuity records, read and checked whole: services.yaml and plans/*.yaml."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from connector.catalog.facts import Catalog, catalog_of
from connector.catalog.rules import Draft, check_covered, check_plan, check_service, check_together
from connector.catalog.shape import KINDS, read_plan, read_services
from connector.document import Document, read_with_doubles
from connector.plan import Communication, Plan, Role
from connector.problem import Invalid, Problem
from connector.recovery_task import Phase, PlanTask, Target
from connector.service import Identifier, Service

SERVICES_FILE = "services.yaml"
PLANS_FOLDER = "plans"


def load(directory: Path, places: Collection[str], today: date) -> Catalog:
    """Read the folder's services and plans.

    `places` are the names of the known platforms and connections. Raises Invalid with everything that is wrong,
    warnings included; when there are only warnings, they stand in the catalog.
    """
    problems: list[Problem] = []
    services = _services(directory, places, problems)
    plans = _plans(directory, problems)
    for key, draft in (services or {}).items():
        problems += check_service(key, draft, services or ())
    for draft in plans:
        problems += check_plan(draft, services, places, today)
    problems += check_together(plans)
    if all(draft.fields for draft in plans):
        problems += check_covered(plans, services or {})
    if any(problem.level == "error" for problem in problems):
        raise Invalid(dict.fromkeys(problems))
    return catalog_of(
        (_service(key, draft.fields, places) for key, draft in (services or {}).items()),
        (_plan(draft.fields) for draft in plans),
        problems,
    )


def _services(directory: Path, places: Collection[str], problems: list[Problem]) -> dict[str, Draft] | None:
    document = _document(directory / SERVICES_FILE, SERVICES_FILE, problems)
    if document.data is None:
        return None
    read, faults = read_services(document, places)
    problems += faults
    if not read and not faults:
        fix = "write the services that plans cover; `continuity init` shows how"
        problems.append(Problem(document.where("services"), "there is no service in this file", fix))
    return {key: Draft(document, fields, ("services", key)) for key, fields in read.items()} if read else None


def _plans(directory: Path, problems: list[Problem]) -> list[Draft]:
    files = sorted(path for path in (directory / PLANS_FOLDER).glob("*") if path.suffix in {".yaml", ".yml"})
    if not files:
        fix = "write one; `continuity init` shows how"
        problems.append(Problem(f"{PLANS_FOLDER}/", "there is no plan in this folder", fix, "warning"))
    drafts = []
    for path in files:
        document = _document(path, f"{PLANS_FOLDER}/{path.name}", problems)
        fields, faults = read_plan(document) if document.data is not None else ({}, [])
        problems += faults
        drafts.append(Draft(document, fields))
    return drafts


def _document(path: Path, file: str, problems: list[Problem]) -> Document:
    try:
        document, doubles = read_with_doubles(path, file)
    except Invalid as error:
        problems += error.problems
        return Document(file, None, {})
    problems += doubles
    if document.data is None:
        problems.append(Problem(document.where(), "the file is empty", "`continuity init` writes an example"))
    return document


def _service(key: str, fields: Mapping[str, Any], places: Collection[str]) -> Service:
    return Service(
        key=key,
        name=fields["name"],
        criticality=fields["criticality"],
        rto=fields["rto"],
        rpo=fields["rpo"],
        mtpd=fields["mtpd"],
        owner=fields["owner"],
        identifiers=tuple(
            Identifier(place, kind, name)
            for place in sorted(places)
            for kind in KINDS
            for name in fields.get(place, {}).get(kind, ())
        ),
        depends_on=fields.get("depends_on", ()),
    )


def _plan(fields: Mapping[str, Any]) -> Plan:
    return Plan(
        key=fields["key"],
        name=fields["name"],
        services=fields["services"],
        scenario=fields["scenario"],
        when=fields.get("when", ""),
        invoke=fields.get("invoke", "automatic"),
        decider=fields.get("decider", ""),
        stand_down=fields.get("stand_down", "ask"),
        disruption=fields.get("disruption", "join"),
        tasks=tuple(_task(key, task, fields.get("on", ())) for key, task in fields["tasks"].items()),
        team=tuple(_role(name, role) for name, role in fields.get("team", {}).items()),
        communications=tuple(
            Communication(key, item["audience"], item["channel"], item.get("cadence"), item["text"])
            for key, item in fields.get("communications", {}).items()
        ),
        review_at=fields.get("review_at"),
        tested_at=fields.get("tested_at"),
        summary=fields.get("summary", ""),
    )


def _task(key: str, fields: Mapping[str, Any], on: tuple[Target, ...]) -> PlanTask:
    return PlanTask(
        key=key,
        name=fields["name"],
        phase=Phase(fields["phase"]),
        duration=fields["duration"],
        role=fields.get("role", ""),
        team=fields.get("team", ""),
        after=fields.get("after", ()),
        required=fields.get("required", True),
        targets=fields.get("on", on),
        instructions=fields.get("instructions", ""),
        fields=fields.get("own", {}),
    )


def _role(name: str, fields: Mapping[str, Any]) -> Role:
    return Role(
        name=name,
        person=fields["person"],
        phone=fields.get("phone", ""),
        email=fields.get("email", ""),
        channel=fields.get("channel", ""),
        deputy=fields.get("deputy", ""),
    )
