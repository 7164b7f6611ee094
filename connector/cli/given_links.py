"""What a person says of which record of ours is which of a platform's: `--link KEY=NUMBER`, and a table as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from connector.adoption import Said
from connector.cli import output
from connector.problem import Problem

Given = tuple[list[Said], list[Problem]]
"""What a person says, and what of it cannot be read."""
_CALLED = frozenset({"number", "id"})
_EXAMPLE = "such as payments,SVC0012345"


def pairs(texts: Sequence[str]) -> Given:
    """Return what `--link` says."""
    found, problems = [], []
    for text in texts:
        key, sign, called = (part.strip() for part in text.partition("="))
        if key and sign and called:
            found.append(Said(f"--link {text}", key, called))
        else:
            problems.append(Problem(f"--link {text}", "write KEY=NUMBER, such as payments=SVC0012345"))
    return found, problems


def table(path: Path) -> Given:
    """Return what a table says: a line for each record, with its key and the number or id there.

    Its first line may name the columns, `key` and `number` or `id`: others are left out, in whatever order they come.
    Commas or semicolons part them. Raises Declined where it cannot be read at all.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise output.Declined(f"{path} is not UTF-8; in a spreadsheet, save it as CSV UTF-8") from error
    except OSError as error:
        raise output.Declined(f"{path} cannot be read: {error.strerror}") from error
    try:
        lines = list(_lines(text))
    except csv.Error as error:
        raise output.Declined(f"{path} is no CSV: {error}") from error
    if not lines:
        raise output.Declined(f"{path} is empty: write a line with a key and a number for each record, {_EXAMPLE}")
    key, called = 0, 1
    heading = [cell.casefold() for cell in lines[0][1]]
    if {"key", *_CALLED} & set(heading):
        column = next((place for place, cell in enumerate(heading) if cell in _CALLED), None)
        if column is None or "key" not in heading:
            lacking, fix = ("number", "`number` or `id`") if column is None else ("key of ours", "`key`")
            what = f"its columns are {', '.join(heading)}, and none is the {lacking}"
            return [], [Problem(f"{path}:{lines[0][0]}", what, f"call that one {fix}")]
        key, called = heading.index("key"), column
        lines = lines[1:]
        if not lines:
            raise output.Declined(f"{path} has a heading and no lines: write a key and a number on each, {_EXAMPLE}")
    return _said(path, lines, key, called)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each line that is not empty, with its number."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(text.splitlines(), delimiter=";" if ";" in first and "," not in first else ",", strict=True)
    for row in reader:
        cells = [cell.strip() for cell in row]
        if any(cells):
            yield reader.line_num, cells


def _said(path: Path, lines: Sequence[tuple[int, list[str]]], key: int, called: int) -> Given:
    found, problems = [], []
    for line, cells in lines:
        if len(cells) > max(key, called) and cells[key] and cells[called]:
            found.append(Said(f"{path}:{line}", cells[key], cells[called]))
        else:
            what = f"write a key and a number, {_EXAMPLE}"
            fix = "part them with a comma, as on the first line" if len(cells) == 1 and ";" in cells[0] else ""
            problems.append(Problem(f"{path}:{line}", what, fix))
    return found, problems
