"""Tests of reading YAML files."""

import pytest

from connector.document import read_document
from connector.problem import Invalid


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('a: x\nb: ["ok", "\\ud83d\\ude00"]\n', "p.yaml:2: \\ud83d is"),
        ('a: "x\\0"\n', "p.yaml:1: \\u0000 is"),
        ('a:\n  "\\ud800": x\n', "p.yaml:2: \\ud800 is"),
    ],
)
def test_what_no_database_takes_is_told_with_its_line(tmp_path, text, where):
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(Invalid) as caught:
        read_document(tmp_path / "p.yaml", "p.yaml")

    assert str(caught.value) == f"{where} not a valid character; write the character itself"


def test_a_character_written_as_itself_or_as_its_number_is_read(tmp_path):
    (tmp_path / "p.yaml").write_text('a: "\N{GRINNING FACE}"\nb: "\\U0001F600"\n', encoding="utf-8")

    assert read_document(tmp_path / "p.yaml", "p.yaml").data == {"a": "\N{GRINNING FACE}", "b": "\N{GRINNING FACE}"}
