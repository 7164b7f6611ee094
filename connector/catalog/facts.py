"""The services and plans that an organisation has, as one set with a digest, and what a new set changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from connector import plan as plans_of
from connector.plan import Plan
from connector.problem import Problem
from connector.service import Identifier, Service


@dataclass(frozen=True)
class Catalog:
    """All services and plans by key. `warnings` are what a check found that does not block; they are not stored."""

    services: Mapping[str, Service]
    plans: Mapping[str, Plan]
    digest: str
    warnings: tuple[Problem, ...] = field(default=(), compare=False)

    def plans_for(self, keys: Iterable[str]) -> tuple[Plan, ...]:
        """Return the plans that cover one of these services, those of the first service first, each once."""
        found = (plan for key in keys for plan in self.plans.values() if key in plan.services)
        return tuple({plan.key: plan for plan in found}.values())

    def strictest_rto(self, keys: Iterable[str]) -> timedelta | None:
        """Return the shortest RTO of these services; None when none of them is known."""
        return min((self.services[key].rto for key in keys if key in self.services), default=None)


@dataclass(frozen=True)
class Change:
    """What a new catalog does to one record; `fields` are paths such as `tasks.failover.duration`."""

    record: Literal["service", "plan"]
    key: str
    action: Literal["added", "changed", "removed"]
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.record} {self.key} {self.action}" + (f": {', '.join(self.fields)}" if self.fields else "")


def catalog_of(services: Iterable[Service], plans: Iterable[Plan], warnings: Iterable[Problem] = ()) -> Catalog:
    """Return the catalog of these, with the digest of their content."""
    by_key = {service.key: service for service in services}
    plans_by_key = {plan.key: plan for plan in plans}
    text = json.dumps(_content(by_key, plans_by_key), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Catalog(by_key, plans_by_key, hashlib.sha256(text.encode()).hexdigest()[:16], tuple(warnings))


def to_json(known: Catalog) -> dict[str, Any]:
    """Return the catalog as plain JSON, without its warnings."""
    return {**_content(known.services, known.plans), "digest": known.digest}


def from_json(data: Mapping[str, Any]) -> Catalog:
    """Return the catalog that `to_json` gave."""
    return catalog_of(
        (_service_from_json(service) for service in data["services"].values()),
        (plans_of.from_json(plan) for plan in data["plans"].values()),
    )


def changes(old: Catalog | None, new: Catalog) -> list[Change]:
    """Return what replacing `old` by `new` changes: services first, then plans, each in the order of the files."""
    before: dict[str, Any] = _content(old.services, old.plans) if old else {"services": {}, "plans": {}}
    after = _content(new.services, new.plans)
    return [
        *_changes("service", before["services"], after["services"]),
        *_changes("plan", before["plans"], after["plans"]),
    ]


def _changes(
    record: Literal["service", "plan"], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Change]:
    for key, now in after.items():
        if key not in before:
            yield Change(record, key, "added")
        elif now != before[key]:
            yield Change(record, key, "changed", tuple(_differences(before[key], now, "")))
    yield from (Change(record, key, "removed") for key in before if key not in after)


def _differences(before: Any, now: Any, path: str) -> Iterator[str]:
    """Yield the paths that differ; records in a list are told apart by their key or name."""
    old, new = _named(before), _named(now)
    if old is None or new is None:
        if before != now:
            yield path
        return
    prefix = f"{path}." if path else ""
    for name in dict.fromkeys([*new, *old]):
        if name not in old:
            yield f"{prefix}{name} (new)"
        elif name not in new:
            yield f"{prefix}{name} (gone)"
        else:
            yield from _differences(old[name], new[name], f"{prefix}{name}")
    kept = [name for name in old if name in new]
    if kept != [name for name in new if name in old]:
        yield f"{path} (order)"


def _named(value: Any) -> dict[str, Any] | None:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list) and value and all(isinstance(item, dict) and _name(item) for item in value):
        return {_name(item): item for item in value}
    return None


def _name(item: Mapping[str, Any]) -> str:
    return "" if "kind" in item else str(item.get("key") or item.get("name") or "")


def _content(services: Mapping[str, Service], plans: Mapping[str, Plan]) -> dict[str, Any]:
    return {
        "services": {key: _service_to_json(service) for key, service in services.items()},
        "plans": {key: plans_of.to_json(plan) for key, plan in plans.items()},
    }


def _service_to_json(service: Service) -> dict[str, Any]:
    return {
        **vars(service),
        "rto": int(service.rto.total_seconds()),
        "rpo": int(service.rpo.total_seconds()),
        "mtpd": int(service.mtpd.total_seconds()),
        "identifiers": [dict(vars(item)) for item in service.identifiers],
        "depends_on": list(service.depends_on),
    }


def _service_from_json(data: Mapping[str, Any]) -> Service:
    return Service(
        **{
            **data,
            "rto": timedelta(seconds=data["rto"]),
            "rpo": timedelta(seconds=data["rpo"]),
            "mtpd": timedelta(seconds=data["mtpd"]),
            "identifiers": tuple(Identifier(**item) for item in data["identifiers"]),
            "depends_on": tuple(data["depends_on"]),
        }
    )
