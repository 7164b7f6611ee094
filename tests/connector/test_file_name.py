"""Names, kinds and sizes of files as others give them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.file_name import LONGEST, cleaned, kind, sized


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("failover.log", "failover.log"),
        ("Überblick - план (2).txt", "Überblick - план (2).txt"),
        ("U\u0308berblick.txt", "Überblick.txt"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("lag\u202egnp.exe", "laggnp.exe"),
        ('a:b*c?"d".txt', "a_b_c_d_.txt"),
        ("a\r\nX-Header: b\x00.txt", "a X-Header_ b .txt"),
        (".htaccess", "htaccess"),
        ("..", "file"),
        ("\u200b", "file"),
        ("", "file"),
        ("x" * 300 + ".png", "x" * 96 + ".png"),
        ("x" * 300 + "." + "y" * 30, "x" * 100),
    ],
)
def test_a_name_is_kept_where_it_is_clean_and_cleaned_where_it_is_not(name: str, clean: str) -> None:
    assert cleaned(name) == clean


@given(st.text())
def test_a_clean_name_is_safe_and_stays_as_it_is(name: str) -> None:
    clean = cleaned(name)

    assert cleaned(clean) == clean
    assert 0 < len(clean) <= LONGEST
    assert clean.isprintable()
    assert not set(clean) & set('/\\:*?"<>|%$\r\n')
    assert clean not in {".", ".."}


@pytest.mark.parametrize(
    ("told", "passed"),
    [
        ("image/png", "image/png"),
        ("text/plain; charset=utf-8", "text/plain"),
        ("application/vnd.ms-excel.sheet.macroEnabled.12", "application/vnd.ms-excel.sheet.macroEnabled.12"),
        ("text/plain\r\nX-Header: b", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("picture", "application/octet-stream"),
    ],
)
def test_a_content_type_is_passed_on_as_told_if_it_is_one(told: str, passed: str) -> None:
    assert kind(told) == passed


def test_sizes_are_told_as_people_read_them() -> None:
    assert [sized(count) for count in (0, 1, 1000, 1024, 1536, 10 * 2**20, 2**30, 3 * 2**40)] == [
        *("0 bytes", "1 byte", "1000 bytes", "1 kB", "1.5 kB", "10 MB", "1 GB", "3072 GB")
    ]
