"""The live check: what the mappings need, compared with the tables, columns, choices and roles of the instance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Facts
from dataclasses import dataclass

from adapters.servicenow import query, records
from adapters.servicenow.batch import Answer, Inner
from connector.problem import Problem, nearest
from connector.ticketing import Record
from mappings.library import Mappings
from mappings.mapping import Field
from mappings.transforms import scalar

_MANY = 10000
_WRITERS = ("itil", "admin", "sn_incident_write")
# What most tables that we use extend, asked for with them; a table between is asked for by `follow_up`.
_BASES = ("task", "cmdb_ci")
_DICTIONARY = ("name", "element", "read_only")


@dataclass(frozen=True)
class Findings:
    """The account's name as people know it, and what is wrong."""

    name: str
    problems: tuple[Problem, ...]


def used(mappings: Mappings) -> dict[str, Record]:
    """Return the tables that the mappings use, with the record kept on each."""
    return {table: record for record, mapping in mappings.records.items() for table in records.tables(mapping)}


def questions(mappings: Mappings, user: str) -> list[Inner]:
    """Return what to ask: the account (first), the tables, their columns and choices, and a record of each."""
    tables = tuple(dict.fromkeys((*used(mappings), *_BASES)))
    # Without a user name the platform itself is asked who we are.
    account = query.where("user_name", "=", user) if user else "sys_id=javascript:gs.getUserID()"
    reads = [Inner(f"read:{table}", "GET", query.listing(table, "", ("sys_id",), limit=1)) for table in used(mappings)]
    return [
        _ask("account", "sys_user", account, ("sys_id", "user_name", "name")),
        _ask("tables", "sys_db_object", query.within("name", tables), ("name", "super_class.name")),
        _ask("columns", "sys_dictionary", query.within("name", tables), _DICTIONARY),
        _ask(
            "choices",
            "sys_choice",
            query.every(query.within("name", tables), query.within("element", _coded(mappings)), "inactive=false"),
            ("name", "element", "value"),
        ),
        *reads,
    ]


def follow_up(answers: Facts[str, Answer]) -> list[Inner]:
    """Return what can be asked once those are answered: the account's roles, and tables between ours and the bases."""
    asked: list[Inner] = []
    rows = answers["account"].rows
    if len(rows) == 1:
        condition = query.where("user", "=", scalar(rows[0].get("sys_id"), ""))
        asked.append(_ask("roles", "sys_user_has_role", condition, ("role", "role.name")))
    parents = _parents(answers)
    between = sorted(set(parents.values()) - set(parents) - {""})
    if between:
        asked += [
            _ask("columns:between", "sys_dictionary", query.within("name", between), _DICTIONARY),
            _ask("tables:between", "sys_db_object", query.within("name", between), ("name", "super_class.name")),
        ]
    return asked


def _parents(answers: Facts[str, Answer]) -> dict[str, str]:
    """Return the table that each known table extends, "" for none."""
    rows = [row for key, answer in answers.items() if key.startswith("tables") for row in answer.rows]
    return {scalar(row.get("name"), ""): scalar(row.get("super_class.name"), "") for row in rows}


def _line(parents: Facts[str, str], table: str) -> list[str]:
    """Return a table and what it extends, nearest first."""
    line: list[str] = []
    while table and table not in line:
        line.append(table)
        table = parents.get(table, "")
    return line


def _ask(name: str, table: str, condition: str, fields: Sequence[str]) -> Inner:
    return Inner(name, "GET", query.listing(table, condition, fields, display="false", limit=_MANY))


def _coded(mappings: Mappings) -> list[str]:
    found = {item.id for mapping in mappings.records.values() for item in mapping.fields if item.values and item.id}
    return sorted(found)


def findings(connection: str, mappings: Mappings, user: str, answers: Facts[str, Answer]) -> Findings:
    """Judge the answers; `level` is `warning` for what the work goes on without."""
    where = f"connection {connection}"
    rows = answers["account"].rows
    name = scalar(rows[0].get("name"), "") if len(rows) == 1 else ""
    shown = f"{name} ({scalar(rows[0].get('user_name'), '')})" if name else (user or "the OAuth client's user")
    problems = [
        *_roles(where, shown, answers),
        *_readable(where, shown, mappings, answers),
        *_tables(where, mappings, answers),
        *_columns(mappings, answers),
        *_choices(mappings, answers),
    ]
    return Findings(shown, tuple(problems))


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


def _tables(where: str, mappings: Mappings, answers: Facts[str, Answer]) -> Iterator[Problem]:
    known = _known_tables(answers)
    if not known:
        fix = "grant read access to sys_db_object, sys_dictionary and sys_choice (role personalize_dictionary)"
        yield Problem(
            where, "the account cannot see tables and columns, so that mappings stay unchecked", fix, "warning"
        )
        return
    for table, record in used(mappings).items():
        if table not in known:
            fix = nearest(table, known) or "correct table: in the mapping, or install what brings the table"
            yield Problem(mappings[record].file, f"the instance has no table '{table}'", fix)


def _known_tables(answers: Facts[str, Answer]) -> set[str]:
    return set(_parents(answers))


def _columns(mappings: Mappings, answers: Facts[str, Answer]) -> Iterator[Problem]:
    columns: dict[str, dict[str, bool]] = {}
    for row in (row for key, answer in answers.items() if key.startswith("columns") for row in answer.rows):
        read_only = scalar(row.get("read_only"), "") == "true"
        columns.setdefault(scalar(row.get("name"), ""), {})[scalar(row.get("element"), "")] = read_only
    parents = _parents(answers)
    for record, mapping in mappings.records.items():
        table = mapping.setting("table")
        if not columns or table not in parents:
            continue
        seen: dict[str, bool] = {}
        for above in reversed(_line(parents, table)):
            seen |= columns.get(above, {})
        where = f"{mapping.file}: fields"
        for item in mapping.fields:
            if item.id and item.id.partition(".")[0] not in seen:
                yield _absent(where, table, record, item, seen)
            elif item.writes and seen.get(item.id):
                what = f"column {table}.{item.id} is read-only"
                yield Problem(f"{where}.{item.name}", what, "map a writable column, or say direction: read", "warning")


def _absent(where: str, table: str, record: Record, item: Field, seen: Facts[str, bool]) -> Problem:
    near = nearest(item.id, seen)
    fix = near or f"add the column to {table}, or take the field out of the mapping of {record}"
    return Problem(
        f"{where}.{item.name}",
        f"the instance has no column {table}.{item.id}",
        fix,
        "warning" if item.optional else "error",
    )


def _choices(mappings: Mappings, answers: Facts[str, Answer]) -> Iterator[Problem]:
    choices: dict[tuple[str, str], set[str]] = {}
    for row in answers["choices"].rows if "choices" in answers else ():
        key = (scalar(row.get("name"), ""), scalar(row.get("element"), ""))
        choices.setdefault(key, set()).add(scalar(row.get("value"), "").casefold())
    parents = _parents(answers)
    for mapping in mappings.records.values():
        table = mapping.setting("table")
        for item in mapping.fields:
            # A table's own choices replace those of the table that it extends.
            offers = (choices.get((above, item.id)) for above in _line(parents, table))
            offered = next((offer for offer in offers if offer), None)
            if item.values and offered:
                yield from _offered(mapping.file, table, item, offered)


def _offered(file: str, table: str, item: Field, offered: set[str]) -> Iterator[Problem]:
    where = f"{file}: fields.{item.name}.values"
    meant = {theirs.casefold() for options in item.values.values() for theirs in options}
    for ours, options in item.values.items():
        if item.writes and options[0].casefold() not in offered:
            what = f"{table}.{item.id} offers no choice '{options[0]}', which {ours} would write"
            yield Problem(where, what, f"use one of: {', '.join(sorted(offered))}", "warning")
    for value in sorted(offered - meant):
        what = f"{table}.{item.id} offers '{value}', which is mapped to nothing"
        yield Problem(where, what, "add it to the value that it means", "warning")
