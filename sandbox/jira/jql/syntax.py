"""From the text of a JQL query to its tree."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      | (?P<op>!=|!~|>=|<=|=|~|>|<)
      | (?P<sign>[(),])
      | (?P<word>cf\[\d+\]|[^\s"'=!<>~(),]+)
    )""",
    re.VERBOSE,
)
_OPERATORS = {"=", "!=", "~", "!~", ">", ">=", "<", "<="}
_NEGATED = {
    "=": "!=", "!=": "=", "~": "!~", "!~": "~", ">": "<=", "<=": ">", "<": ">=", ">=": "<",
    "in": "not in", "not in": "in", "is": "is not", "is not": "is",
}  # fmt: skip


class BadQuery(ValueError):
    """A query that Jira refuses; the message is what stands in errorMessages."""


@dataclass(frozen=True)
class Operand:
    """A literal, or a function's name in `text` with `call` true; EMPTY and NULL are `empty`."""

    text: str
    call: bool = False
    empty: bool = False
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Clause:
    field: str
    operator: str
    operands: tuple[Operand, ...]

    def negated(self) -> Clause:
        return Clause(self.field, _NEGATED[self.operator], self.operands)


@dataclass(frozen=True)
class Every:
    parts: tuple[Tree, ...]

    def negated(self) -> Tree:
        return Some(tuple(part.negated() for part in self.parts))


@dataclass(frozen=True)
class Some:
    parts: tuple[Tree, ...]

    def negated(self) -> Tree:
        return Every(tuple(part.negated() for part in self.parts))


Tree = Clause | Every | Some


@dataclass(frozen=True)
class Order:
    field: str
    descending: bool


@dataclass(frozen=True)
class Query:
    """`where` None restricts nothing: Cloud calls such a query unbounded."""

    where: Tree | None
    order: tuple[Order, ...]


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int

    @property
    def word(self) -> str:
        return self.text.casefold() if self.kind == "word" else ""


def parse(text: str) -> Query:
    """Raises BadQuery."""
    return _Parser(text).query()


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None:
            raise BadQuery(
                f"Error in the JQL Query: The quoted string '{stripped[at:].strip()}' has not been completed. "
                f"(line 1, character {at + 1})"
            )
        kind = str(match.lastgroup)
        value = match.group(kind)
        if kind == "quoted":
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        tokens.append(_Token(kind, value, match.start(kind) + 1))
        at = match.end()
    return tokens


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = 0

    def query(self) -> Query:
        where = None if self._at_end() or self._peek("order") else self._some()
        order: tuple[Order, ...] = ()
        if self._take("order"):
            if not self._take("by"):
                raise self._wrong("Expecting 'by'")
            order = self._order()
        if not self._at_end():
            raise self._wrong("Expecting either 'OR' or 'AND'")
        return Query(where, order)

    def _order(self) -> tuple[Order, ...]:
        found = []
        while True:
            name = self._name()
            descending = self._take("desc")
            if not descending:
                self._take("asc")
            found.append(Order(name, descending))
            if not self._sign(","):
                return tuple(found)

    def _some(self) -> Tree:
        parts = [self._every()]
        while self._take("or"):
            parts.append(self._every())
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _every(self) -> Tree:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _one(self) -> Tree:
        if self._take("not"):
            return self._one().negated()
        if self._sign("("):
            inner = self._some()
            if not self._sign(")"):
                raise self._wrong("Expecting ')'")
            return inner
        return self._clause()

    def _clause(self) -> Clause:
        name = self._name()
        operator = self._operator()
        if operator in {"in", "not in"} and self._sign("("):
            operands = [self._operand()]
            while self._sign(","):
                operands.append(self._operand())
            if not self._sign(")"):
                raise self._wrong("Expecting ',' or ')'")
            return Clause(name, operator, tuple(operands))
        operand = self._operand()
        if operator in {"is", "is not"} and not operand.empty:
            raise BadQuery(f"The operator '{operator}' only supports the 'EMPTY' operand.")
        return Clause(name, operator, (operand,))

    def _operator(self) -> str:
        if not self._at_end():
            token = self._tokens[self._next]
            if token.kind == "op":
                self._next += 1
                return token.text
            if self._take("in"):
                return "in"
            if self._take("is"):
                return "is not" if self._take("not") else "is"
            if self._take("not") and self._take("in"):
                return "not in"
        raise self._wrong("Expecting operator")

    def _operand(self) -> Operand:
        token = self._advance("Expecting either a value, list or function")
        if token.word in {"empty", "null"}:
            return Operand(token.text, empty=True)
        if token.kind == "word" and self._sign("("):
            arguments: list[str] = []
            while not self._sign(")"):
                arguments.append(self._advance("Expecting ')'").text)
                self._sign(",")
            return Operand(token.text, call=True, arguments=tuple(arguments))
        return Operand(token.text)

    def _name(self) -> str:
        return self._advance("Expecting a field name").text

    def _advance(self, expecting: str) -> _Token:
        if self._at_end() or self._tokens[self._next].kind not in {"word", "quoted"}:
            raise self._wrong(expecting)
        self._next += 1
        return self._tokens[self._next - 1]

    def _peek(self, word: str) -> bool:
        return not self._at_end() and self._tokens[self._next].word == word

    def _take(self, word: str) -> bool:
        found = self._peek(word)
        self._next += found
        return found

    def _sign(self, sign: str) -> bool:
        found = not self._at_end() and self._tokens[self._next].kind == "sign" and self._tokens[self._next].text == sign
        self._next += found
        return found

    def _at_end(self) -> bool:
        return self._next >= len(self._tokens)

    def _wrong(self, expecting: str) -> BadQuery:
        if self._at_end():
            return BadQuery(f"Error in the JQL Query: {expecting} before the end of the query.")
        token = self._tokens[self._next]
        return BadQuery(f"Error in the JQL Query: {expecting} but got '{token.text}'. (line 1, character {token.at})")
