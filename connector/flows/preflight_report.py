"""Keeps what preflights and live checks found, and tells outside both platforms what is new, stands or is mended."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connector.flows.outside import Message, tell
from connector.flows.parts import Parts
from connector.lasting import news as lasting
from connector.moment import instant
from connector.problem import Problem
from connector.store import preflights

PATIENCE = timedelta(days=1)
"""How long a connection may give no answer before people are told."""
MOST_LINES = 50
MOST_LOGGED = 5
MOST_NAMED = 5
FAILED, MENDED = "preflight.failed", "preflight.mended"
UNANSWERED, ANSWERED = "preflight.unanswered", "preflight.answered"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class News:
    """What there is to tell of one plan on one connection: whether it failed (else it is mended), and why."""

    plan: str
    failed: bool
    problems: tuple[Problem, ...]


def record(
    tx: sa.Connection,
    parts: Parts,
    connection: str,
    found: Mapping[str, Sequence[Problem]],
    now: datetime,
    *,
    basis: str = "",
    whole: bool = False,
) -> None:
    """Store problems by plan ("" for the connection itself), and tell what is new, due again or mended.

    `whole`: `found` has all plans that there are, so that any other is out of date; `basis` is what they were tried on.
    """
    rows = preflights.on(tx, connection, lock=True)
    news: list[News] = []
    for plan, problems in found.items():
        told_at, item = _judged(rows.get(plan), plan, tuple(problems), now)
        news += [item] if item is not None else []
        failed = any(problem.level == "error" for problem in problems)
        values = {"problems": preflights.plain(problems), "failed": failed, "checked_at": now, "told_at": told_at}
        preflights.put(tx, connection, plan, values)
    if whole:
        gone = {plan: row for plan, row in rows.items() if plan not in {*found, preflights.CONNECTION}}
        news += [News(plan, failed=False, problems=()) for plan, row in gone.items() if row.told_at is not None]
        preflights.forget(tx, connection, gone)
    own = {"unanswered_since": None, "unanswered_told_at": None} | ({"basis": basis} if whole else {})
    preflights.put(tx, connection, preflights.CONNECTION, own)
    for failed, event in ((True, FAILED), (False, MENDED)):
        some = [item for item in news if item.failed is failed]
        if some:
            _tell(tx, parts, connection, event, _words(connection, some, now), now, sorted(item.plan for item in some))
    was = rows.get(preflights.CONNECTION)
    if was is not None and lasting(was.unanswered_told_at, now, lasts=False) == "mended":
        words = f"{connection} answers again: its plans were tried at {instant(now)}", ()
        _tell(tx, parts, connection, ANSWERED, words, now, ())


def unanswered(tx: sa.Connection, parts: Parts, connection: str, reason: str, now: datetime) -> None:
    """Note that a connection could not be asked; it is no failure of a plan, but after a day people are told."""
    row = preflights.on(tx, connection, lock=True).get(preflights.CONNECTION)
    since = row.unanswered_since if row is not None and row.unanswered_since is not None else now
    told_at = row.unanswered_told_at if row is not None else None
    values: dict[str, Any] = {"unanswered_since": since}
    if now - since >= PATIENCE and lasting(told_at, now, lasts=True) is not None:
        values["unanswered_told_at"] = now
        text = f"{connection} has given no answer since {instant(since)}: whether plans could be created is not known"
        _tell(tx, parts, connection, UNANSWERED, (text, (reason,)), now, ())
    preflights.put(tx, connection, preflights.CONNECTION, values)


def _judged(
    row: sa.Row[Any] | None, plan: str, problems: tuple[Problem, ...], now: datetime
) -> tuple[datetime | None, News | None]:
    """Return when the failure was last told, and what there is to tell now."""
    errors = tuple(problem for problem in problems if problem.level == "error")
    told_at = row.told_at if row is not None else None
    known = set(preflights.problems(row)) if row is not None else set()
    match lasting(told_at, now, lasts=bool(errors), changed=not set(errors) <= known):
        case "lasts":
            return now, News(plan, failed=True, problems=errors)
        case "mended":
            return None, News(plan, failed=False, problems=())
        case None:
            return told_at, None


def _words(connection: str, news: Sequence[News], now: datetime) -> tuple[str, tuple[str, ...]]:
    """Return a sentence, and a line for each problem."""
    plans = _listed([item.plan for item in news if item.plan])
    whole = any(not item.plan for item in news)
    if news[0].failed:
        parts = [f"{plans} could not be fully created on {connection}"] if plans else []
        parts += [f"the live check of {connection} failed"] if whole else []
    else:
        parts = [f"{plans} can be created on {connection} again, or need not be"] if plans else []
        parts += [f"the live check of {connection} passes again"] if whole else []
    return f"{'; '.join(parts)} (as of {instant(now)})", _cut(tuple(_lines(connection, news)), MOST_LINES)


def _listed(plans: Sequence[str]) -> str:
    more = [f"{len(plans) - MOST_NAMED} more plans"] if len(plans) > MOST_NAMED else []
    return ", ".join([*plans[:MOST_NAMED], *more])


def _lines(connection: str, news: Sequence[News]) -> Iterator[str]:
    """Yield a line for each problem, one for all plans that share it."""
    shared: dict[tuple[str, str, str], dict[str, Problem]] = {}
    for item in news:
        for problem in item.problems:
            field = problem.where.rpartition(f" on {connection}")[2] if item.plan else problem.where
            key = (field, problem.what, problem.fix)
            shared.setdefault(key, {}).setdefault(item.plan, problem)
    for by_plan in shared.values():
        first, *others = by_plan.values()
        more = f"{len(others)} more plans" if len(others) > 1 else "another plan"
        yield f"{first} (and so for {more})" if others else str(first)


def _cut(lines: tuple[str, ...], most: int) -> tuple[str, ...]:
    more = (f"and {len(lines) - most} more: `continuity preflight` lists them",) if len(lines) > most else ()
    return (*lines[:most], *more)


def _tell(
    tx: sa.Connection,
    parts: Parts,
    connection: str,
    event: str,
    words: tuple[str, tuple[str, ...]],
    now: datetime,
    plans: Sequence[str],
) -> None:
    """Log it, and have it told in every way that is set up."""
    text, lines = words
    if event in {MENDED, ANSWERED}:
        log.info("%s", text)
    else:
        log.error("%s: %s", text, "; ".join(_cut(lines, MOST_LOGGED)))
    subject = f"preflight:{connection}"
    values = {
        "event": event,
        "title": text,
        "connection": connection,
        "plans": [plan for plan in plans if plan],
        "reasons": list(lines),
        "text": text,
    }
    tell(tx, parts, Message(f"{subject}:{event}:{now.isoformat()}", subject, values, f"preflight: {event}"), now)
