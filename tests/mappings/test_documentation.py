"""docs/mappings.md: its examples load, and its reference is that of the schema."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mappings.language.reference import TYPE_MEANINGS, updated
from mappings.library import load
from mappings.transforms import TYPES

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "mappings.md"
BLOCK = re.compile(r"^(?P<indent> *)```yaml\n(?P<text>.*?)^ *```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def examples() -> list[tuple[str, str]]:
    page = PAGE.read_text("utf-8")
    found = []
    for block in BLOCK.finditer(page):
        heading = HEADING.findall(page[: block.start()])[-1]
        lines = block["text"].splitlines(keepends=True)
        found.append((heading, "".join(line.removeprefix(block["indent"]) for line in lines)))
    return found


@pytest.mark.parametrize(("heading", "text"), examples(), ids=[heading for heading, _ in examples()])
def test_an_example_says_its_file_and_loads(tmp_path: Path, heading: str, text: str) -> None:
    named = re.match(r"# mappings/(servicenow|jira)/(\w+)\.yaml\n", text)
    assert named, f"the example under '{heading}' does not begin with the name of its file"
    folder = tmp_path / "mappings" / named[1]
    folder.mkdir(parents=True)
    (folder / f"{named[2]}.yaml").write_text(text, "utf-8")

    assert load(named[1], tmp_path).platform == named[1]


def test_the_page_has_its_examples() -> None:
    assert len(examples()) > 12


def test_the_reference_is_that_of_the_schema() -> None:
    page = PAGE.read_text("utf-8")

    assert updated(page) == page, "run: python -m mappings.language.reference docs/mappings.md"


def test_every_type_has_its_meaning() -> None:
    assert set(TYPE_MEANINGS) == set(TYPES)


def test_a_document_without_a_place_for_the_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for the reference"):
        updated("# Something else\n")
