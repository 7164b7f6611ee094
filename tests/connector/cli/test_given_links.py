"""What a person says of which record is which: --link and tables as spreadsheets write them."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from connector.cli import given_links


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "links.csv"


def read(file: Path, content: str | bytes) -> list[tuple[str, str]]:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [(item.key, item.called) for item in given_links.table(file)[0]]


@pytest.mark.parametrize(
    "content",
    [
        "payments,SVC1\nportal,SVC2\n",
        "key,number\npayments,SVC1\n\nportal, SVC2\n",
        "Key;Number\r\npayments;SVC1\r\nportal;SVC2\r\n",
        b"\xef\xbb\xbfkey;number\npayments;SVC1\nportal;SVC2\n",
        'name,ID,key\n"Payments, old",SVC1,payments\nPortal,SVC2,portal\n',
    ],
)
def test_a_table_is_read_as_spreadsheets_write_it(file: Path, content: str | bytes) -> None:
    assert read(file, content) == [("payments", "SVC1"), ("portal", "SVC2")]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "is empty: write a line with a key and a number"),
        ("\n \n", "is empty"),
        ("key,number\n", "has a heading and no lines"),
        ("key,number\n".encode("utf-16"), "is not UTF-8; in a spreadsheet, save it as CSV UTF-8"),
        ('payments,"SVC1\n', "is no CSV"),
    ],
)
def test_what_is_no_table_is_declined_with_what_to_do(file: Path, content: str | bytes, told: str) -> None:
    with pytest.raises(click.ClickException, match=told):
        read(file, content)


def test_every_line_that_is_wrong_is_told_with_its_number_beside_the_others(file: Path) -> None:
    assert read(file, "key,number\npayments,SVC1\nportal\n\n,SVC3\nother;SVC4\n") == [("payments", "SVC1")]
    lines = given_links.table(file)[1]
    read(file, "key,name\npayments,Payments\n")
    (numberless,) = given_links.table(file)[1]
    read(file, "service;number\npayments;SVC1\n")
    (keyless,) = given_links.table(file)[1]

    assert [problem.where.rpartition(":")[2] for problem in lines] == ["3", "5", "6"]
    assert "part them with a comma" in lines[2].fix
    assert numberless.what == "its columns are key, name, and none is the number"
    assert numberless.fix == "call that one `number` or `id`"
    assert (keyless.where, keyless.fix) == (f"{file}:1", "call that one `key`")


def test_links_on_the_command_line_are_told_all_at_once_where_they_are_wrong() -> None:
    found, problems = given_links.pairs(["payments", "a = x=y", "=SVC1"])

    assert [item.where for item in problems] == ["--link payments", "--link =SVC1"]
    assert [(item.key, item.called) for item in found] == [("a", "x=y")]
