"""A service that the organisation has to keep running, with its recovery objectives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Identifier:
    """How one platform names (a part of) a service.

    `platform` is a platform's name or a connection's name, `kind` one of `ci`, `service`, `component`, `label`.
    """

    platform: str
    kind: str
    name: str


@dataclass(frozen=True)
class Service:
    """A service as `services.yaml` states it; `criticality` runs from 1 (most critical) to 4."""

    key: str
    name: str
    criticality: int
    rto: timedelta
    rpo: timedelta
    mtpd: timedelta
    owner: str
    identifiers: tuple[Identifier, ...] = ()
    depends_on: tuple[str, ...] = ()


def affected(services: Iterable[Service], named: Iterable[Identifier]) -> tuple[Service, ...]:
    """Return the services that `named` identifies, and those that depend on one of them (one hop), in that order.

    Names are compared without regard to case, because people type them on tickets.
    """
    known = tuple(services)
    wanted = {(item.platform, item.kind, item.name.casefold()) for item in named}
    direct = tuple(
        service
        for service in known
        if any((item.platform, item.kind, item.name.casefold()) in wanted for item in service.identifiers)
    )
    keys = {service.key for service in direct}
    dependent = tuple(service for service in known if service.key not in keys and keys & set(service.depends_on))
    return direct + dependent
