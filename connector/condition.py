"""Conditions and computed values that an admin writes, in CEL, checked against declared variables before use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Literal

from cel_expr_python import cel

from connector.problem import Invalid, Problem, nearest

Kind = Literal["int", "string", "bool", "list"]

INCIDENT_VARIABLES: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "priority": "int",
        "major_state": "string",
        "state": "string",
        "summary": "string",
        "number": "string",
        "connection": "string",
        "project": "string",
        "issue_type": "string",
        "assignment_group": "string",
        "parent": "string",
        "active": "bool",
        "label": "list",
        "ci": "list",
        "service": "list",
        "component": "list",
        "exercise": "bool",
    }
)
"""What a condition over the normalised incident may use.

`active` is false once the incident is resolved, closed or cancelled; lists hold strings; a field that the platform or
the ticket does not have is the zero of its kind (0, "", false, []).
"""

_FUNCTIONS: Final = "all contains endsWith exists exists_one filter has int map matches size startsWith string"
_ZERO: Final[Mapping[Kind, Any]] = MappingProxyType({"int": 0, "string": "", "bool": False, "list": ()})
_KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {"INT": "int", "STRING": "string", "BOOL": "bool", "LIST<STRING>": "list"}
)
_ERROR = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*?)(?=\n \||\nERROR: | \[[A-Z_]+\]$|$)", re.DOTALL)
_UNDECLARED = re.compile(r"undeclared reference to '(?P<name>[^']*)'")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORD = re.compile(r"(?<![=!<>])=(?!=)|<>|\b(?:and|or|not|AND|OR|NOT)\b")
_INSTEAD: Final = {"=": "==", "<>": "!=", "and": "&&", "or": "||", "not": "!"}
_EXAMPLE = "write one such as priority == 1 && 'payments-db' in ci"


class Undecidable(Exception):
    """A condition could not be evaluated on these values (a list index out of range, a division by zero, ...)."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


class Expression:
    """A compiled expression; `value` may be called from several threads.

    `where` is the breadcrumb for messages, `kind` what it gives. Raises Invalid, one problem per mistake, for a source
    that does not compile (a name that is not declared, a number compared with a text) or gives a number with a
    fraction, an instant or a map.
    """

    def __init__(self, source: str, variables: Mapping[str, Kind], where: str) -> None:
        self.source = source
        self.where = where
        self._variables = dict(variables)
        try:
            self._compiled = _environment(tuple(sorted(variables.items()))).compile(source)
        except RuntimeError as error:
            raise Invalid(_problems(str(error), source, variables, where)) from None
        gives = self._compiled.return_type().name()
        kind = _KINDS.get(gives)
        if kind is None:
            fix = "end in a text, a whole number, true or false, or a list of texts"
            raise Invalid([Problem(where, f"`{source}` gives {gives.lower()}", fix)])
        self.kind: Kind = kind

    def value(self, values: Mapping[str, object]) -> Any:
        """Return what it gives for `values`; names left out, or None, are the zero of their kind.

        Raises Undecidable when a value has another kind than declared or the evaluation fails.
        """
        data = {name: self._typed(name, kind, values.get(name)) for name, kind in self._variables.items()}
        try:
            result = self._compiled.eval(data=data)
        except RuntimeError as error:  # too many steps: a loop within a loop over long lists
            raise Undecidable(self.where, f"`{self.source}` cannot be evaluated: {error}") from error
        if result.type() == cel.Type.ERROR:  # CEL gives errors back as values
            reason = str(result.value()).partition(": ")[2] or str(result.value())
            raise Undecidable(self.where, f"`{self.source}` cannot be evaluated: {reason}")
        if self.kind == "list":
            return [str(item.value()) for item in result.value()]
        return result.value()

    def _typed(self, name: str, kind: Kind, value: object) -> object:
        if value is None:
            value = _ZERO[kind]
        fits = {
            "int": isinstance(value, int) and not isinstance(value, bool),
            "string": isinstance(value, str),
            "bool": isinstance(value, bool),
            "list": isinstance(value, list | tuple) and all(isinstance(item, str) for item in value),
        }[kind]
        if not fits:
            raise Undecidable(self.where, f"`{self.source}`: {name} is {value!r}, not of kind {kind}")
        return list(value) if isinstance(value, list | tuple) else value


class Condition:
    """A compiled condition; `holds` may be called from several threads. Raises Invalid as `Expression` does."""

    def __init__(self, source: str, variables: Mapping[str, Kind], where: str) -> None:
        self.source = source
        self.where = where
        self._expression = Expression(source, variables, where)
        gives = self._expression.kind
        if gives != "bool":
            raise Invalid([Problem(where, f"the condition `{source}` gives {gives}, not true or false", _EXAMPLE)])

    def holds(self, values: Mapping[str, object]) -> bool:
        """Return whether the condition is true of `values`; raises Undecidable, as `Expression.value` does."""
        return bool(self._expression.value(values))


@lru_cache(maxsize=64)
def _environment(variables: tuple[tuple[str, Kind], ...]) -> Any:
    types = {"int": cel.Type.INT, "string": cel.Type.STRING, "bool": cel.Type.BOOL}
    return cel.NewEnv(variables={name: types.get(kind, cel.Type.List(cel.Type.STRING)) for name, kind in variables})


def _problems(message: str, source: str, variables: Mapping[str, Kind], where: str) -> list[Problem]:
    """Turn the compiler's report into problems that name the mistake, the remedy and, with a caret, the place."""
    wrong = _WORD.search(_QUOTED.sub(lambda text: "_" * len(text[0]), source))
    if wrong:  # another language's sign: what the compiler says of it helps nobody
        line = source.count("\n", 0, wrong.start())
        column = wrong.start() - (source.rfind("\n", 0, wrong.start()) + 1)
        caret = f"    {source.splitlines()[line]}\n    {' ' * column}^"
        sign = _INSTEAD[wrong[0].strip().lower()]
        return [Problem(where, f"'{wrong[0].strip()}' is not known here", f"write {sign}\n{caret}")]
    found = []
    for line, column, what in _ERROR.findall(message):
        text = source.split("\n")[int(line) - 1]
        caret = f"    {text}\n    {' ' * (int(column) - 1)}^"
        found.append(Problem(where, *_said(what, variables, caret)))
    return found or [Problem(where, f"`{source}` is not a condition: {message}", _EXAMPLE)]


def _said(what: str, variables: Mapping[str, Kind], caret: str) -> tuple[str, str]:
    undeclared = _UNDECLARED.search(what)
    if undeclared:
        name = undeclared["name"].partition(".")[0]
        fix = nearest(name, [*variables, *_FUNCTIONS.split()]) or f"known names: {', '.join(sorted(variables))}"
        return f"unknown name '{undeclared['name']}'", f"{fix}\n{caret}"
    operands = re.search(r"found no matching overload for '([^']*)' applied to '\(([^']*)\)'", what)
    if operands:
        operator, kinds = operands[1].strip("_@"), operands[2].replace(", ", " and ")
        fix = "use the same kind on both sides"
        listless = re.search(r"(\w+)\s+in\s+('[^']*'|\"[^\"]*\")", caret)
        if operator == "in" and listless:
            fix = f"write {listless[1]} == {listless[2]}, or {listless[1]}.contains({listless[2]})"
        if operands[2].startswith("list("):
            name = re.search(r"(\w+)\s*\.\s*" + re.escape(operator), caret)
            compared = re.search(r"(\w+)\s*(?:==|!=)\s*('[^']*'|\"[^\"]*\")", caret)
            if compared:
                asked = f"{compared[2]} in {compared[1]}"
                fix = f"write !({asked})" if operator == "!=" else f"write {asked}"
            elif name and operator == "contains":
                fix = f"write 'x' in {name[1]}"
            else:
                fix = "write 'x' in a list, or list.exists(item, ...)"
        return f"'{operator}' does not go with {kinds}", f"{fix}\n{caret}"
    if "'<EOF>'" in what:
        return "the condition ends too early", f"{_EXAMPLE}\n{caret}"
    return re.sub(r" expecting \{.*\}$", "", what, flags=re.DOTALL), f"{_EXAMPLE}\n{caret}"
