"""The live check: what the mappings need, compared with the tables, columns, choices and roles of the instance."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from collections.abc import Mapping as Facts
from dataclasses import dataclass, replace

from adapters.servicenow import demands, dictionary, fitting, lookups, offers, preference, query, records
from adapters.servicenow.batch import Answer, Inner
from adapters.servicenow.dictionary import Dictionary
from adapters.servicenow.lookups import Name
from connector.problem import Problem, nearest
from connector.ticketing import KEPT, Record
from mappings.library import Mappings
from mappings.mapping import Field
from mappings.transforms import NOTHING, scalar

Ask = Callable[[Sequence[Inner]], Facts[str, Answer]]
"""Asks in one call and gives what was answered, good or not."""

_WRITERS = ("itil", "admin", "sn_incident_write")
# Steps of a dot-walk after which we stop following it.
_DEEPEST = 4


@dataclass(frozen=True)
class Findings:
    """The account's name as people know it, what the instance says of its tables, and what is wrong."""

    name: str
    dictionary: Dictionary
    problems: tuple[Problem, ...]


def concerned(mappings: Mappings, keeps: Collection[Record]) -> Mappings:
    """Return the mappings that a connection uses: those of continuity records only where it keeps them in step."""
    used = {record: item for record, item in mappings.records.items() if record not in KEPT or record in keeps}
    return replace(mappings, records=used)


def settled(found: Dictionary, mappings: Mappings) -> Mappings:
    """Return the mappings with each record on the table that it prefers where the instance has that one."""
    there = {record: found.knows(preference.preferred(item)) for record, item in mappings.records.items()}
    if not found.tables:
        return mappings
    decided = {record: preference.decided(item, there=there[record]) for record, item in mappings.records.items()}
    return replace(mappings, records=decided)


def used(mappings: Mappings) -> dict[str, Record]:
    """Return the tables that the mappings use, with the record kept on each."""
    return {table: record for record, mapping in mappings.records.items() for table in records.tables(mapping)}


def who(user: str) -> Inner:
    """Return what asks for the account; without a user name the platform itself is asked who we are."""
    account = query.where("user_name", "=", user) if user else "sys_id=javascript:gs.getUserID()"
    url = query.listing("sys_user", account, ("sys_id", "user_name", "name"), display="false", limit=2)
    return Inner("account", "GET", url)


def described(ask: Ask, mappings: Mappings, beside: Sequence[Inner] = ()) -> tuple[Dictionary, Facts[str, Answer]]:
    """Read what the instance says of all tables that the mappings use or lead to, in a few calls.

    `beside` is asked with the first. Raises what `ask` does.
    """
    classes = (name for item in mappings.records.values() for name in records.classes(item))
    answers = dict(ask([dictionary.tables([*used(mappings), *classes]), *beside]))
    found = Dictionary(answers)
    first = found.tables
    if not first:
        return found, answers
    mappings = settled(found, mappings)
    answers |= ask([*dictionary.columns(first), *dictionary.contents(first)])
    found, known = Dictionary(answers), set(first)
    for turn in range(1, _DEEPEST):
        ahead = sorted({table for table in _ahead(found, mappings) if query.is_column(table)} - known)
        if not ahead:
            break
        answers |= ask([dictionary.tables(ahead, turn=turn)])
        found = Dictionary(answers)
        lines = sorted({name for table in ahead for name in found.line(table)} - known)
        answers |= ask(dictionary.columns(lines, turn=turn))
        found, known = Dictionary(answers), known | set(lines) | set(ahead)
    return found, answers


def _ahead(found: Dictionary, mappings: Mappings) -> Iterator[str]:
    """Yield the tables that dot-walks, references and lookups lead to, as far as it is known."""
    for mapping in mappings.records.values():
        for item in mapping.fields:
            if item.shape.lookup is not None:
                yield lookups.table_of(item.shape.lookup.kind)
            names = found.locate(mapping.setting("table"), item.field) if item.field else ()
            for name in names[:1]:
                yield from _targets(found, mapping.setting("table"), name, whole=item.shape.lookup is not None)


def _targets(found: Dictionary, table: str, path: str, *, whole: bool) -> Iterator[str]:
    """Yield the tables on a dot-walk; of its end only if `whole`."""
    steps = path.split(".")
    for place, name in enumerate(steps):
        column = found.column(table, name)
        if column is None or not column.reference or (place == len(steps) - 1 and not whole):
            return
        yield column.reference
        table = column.reference


def inspected(
    connection: str, mappings: Mappings, user: str, ask: Ask, account: Answer, *, unused: Collection[str] = ()
) -> Findings:
    """Ask for all that a check needs, and judge it; `level` is `warning` for what the work goes on without.

    `mappings` are as their files say them; `unused` are neutral fields that this connection does without. Raises what
    `ask` does.
    """
    reads = [Inner(f"read:{table}", "GET", query.listing(table, "", ("sys_id",), limit=1)) for table in used(mappings)]
    rows = account.rows
    if len(rows) == 1:
        condition = query.where("user", "=", scalar(rows[0].get("sys_id"), ""))
        url = query.listing("sys_user_has_role", condition, ("role", "role.name"), display="false", limit=1000)
        reads.append(Inner("roles", "GET", url))
    found, answers = described(ask, mappings, reads)
    mappings = settled(found, mappings)
    where = f"connection {connection}"
    name = scalar(rows[0].get("name"), "") if len(rows) == 1 else ""
    shown = f"{name} ({scalar(rows[0].get('user_name'), '')})" if name else (user or "the OAuth client's user")
    problems = [
        *_nowhere(where, mappings),
        *_roles(where, shown, answers),
        *_readable(where, shown, mappings, answers),
        *_tables(where, mappings, found),
        *_policies(where, shown, found),
        *_kept(mappings, found),
    ]
    for mapping in mappings.records.values():
        if found.described(mapping.setting("table")):
            kept = replace(mapping, fields=tuple(item for item in mapping.fields if item.source not in unused))
            problems += fitting.problems(found, kept)
            problems += offers.problems(found, kept)
            problems += demands.problems(found, mapping)
    return Findings(shown, found, tuple(dict.fromkeys(problems)))


def _roles(where: str, account: str, answers: Facts[str, Answer]) -> Iterator[Problem]:
    if "roles" not in answers:
        return
    held = {_named(row, "role") for row in answers["roles"].rows} - {""}
    # An account that may not read roles sees none: that says nothing.
    if held and not held & set(_WRITERS):
        yield Problem(where, f"{account} has none of the roles {', '.join(_WRITERS)}", "grant the role itil", "warning")


def _named(row: Facts[str, object], column: str) -> str:
    return scalar(row.get(f"{column}.name"), "") or scalar(row.get(column), "display_value")


def _readable(where: str, account: str, mappings: Mappings, answers: Facts[str, Answer]) -> Iterator[Problem]:
    for table in used(mappings):
        answer = answers.get(f"read:{table}")
        # A table that does not exist is told by `_tables`.
        if answer is not None and not answer.good and answer.status in (401, 403):
            fix = "grant read access to the table, for example by the role itil"
            yield Problem(where, f"{account} may not read {table} ({answer.reason})", fix)


def _tables(where: str, mappings: Mappings, found: Dictionary) -> Iterator[Problem]:
    if not any(found.described(table) for table in used(mappings)):
        fix = "grant read access to sys_db_object, sys_dictionary and sys_choice (role personalize_dictionary)"
        yield Problem(
            where, "the account cannot see tables and columns, so that mappings stay unchecked", fix, "warning"
        )
    if not found.tables:
        return
    for table, record in used(mappings).items():
        if not found.knows(table):
            fix = nearest(table, found.tables) or "correct table: in the mapping, or install what brings the table"
            yield Problem(f"{mappings[record].file}: table", f"the instance has no table '{table}'", fix)


def _nowhere(where: str, mappings: Mappings) -> Iterator[Problem]:
    """Yield the continuity records that have no table here: they are left out, and their plans tell of them."""
    for mapping in mappings.records.values():
        if records.nowhere(mapping):
            named = mapping.record.replace("_", " ")
            what = f"no {named} is kept here: the instance does not have the table that {mapping.file} prefers"
            fix = (
                "install Business Continuity Management, name a table:, or say off; until then the plan's text tells it"
            )
            yield Problem(f"{where}: records", what, fix, "warning")


def _kept(mappings: Mappings, found: Dictionary) -> Iterator[Problem]:
    """Yield what is wrong with the settings of continuity records: classes, and what counts as archived."""
    for mapping in mappings.records.values():
        table = mapping.setting("table")
        if mapping.record not in KEPT or not found.described(table):
            continue
        for name in records.classes(mapping):
            if not found.knows(name) or table not in found.line(name):
                what = f"the instance has no table '{name}' that extends {table}"
                yield Problem(f"{mapping.file}: classes", what, "take it out, or correct it", "warning")
        for name in records.retired(mapping):
            if found.column(table, name) is None:
                what = f"the instance has no column {table}.{name}, by which archived ones would be known"
                yield Problem(f"{mapping.file}: retired", what, nearest(name, found.columns(table)), "warning")


def _policies(where: str, account: str, found: Dictionary) -> Iterator[Problem]:
    if found.unseen:
        what = (
            f"{account} cannot see all data policies of these tables ({found.unseen}), so that columns which they make "
            "mandatory stay unchecked"
        )
        fix = "grant read access to sys_data_policy2 and sys_data_policy_rule, or look there for what a new task needs"
        yield Problem(where, what, fix, "warning")


def fallbacks(mappings: Mappings) -> Iterator[tuple[Field, str, Name]]:
    """Yield the names that mappings themselves write, each with its field and the setting that holds it."""
    for mapping in mappings.records.values():
        for item in mapping.fields:
            if item.shape.lookup is None or not item.writes:
                continue
            given = item.default if isinstance(item.default, (list, tuple)) else [item.default]
            named = [("default", name) for name in given] + [("else.write", item.shape.else_write)]
            for setting, name in named:
                if name is not NOTHING and isinstance(name, str) and name:
                    yield item, setting, (item.shape.lookup, name)
