"""What counts as a usable body."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webhooks.body import MAX_DEPTH, count, document, shown
from webhooks.envelope import Malformed


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "line 1, column 2"),
        (b"[]", "list"),
        (b"null", "null"),
        (b'"text"', "text"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "number"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested"),
        (b'{"a": ' + b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1) + b"}", "nested"),
    ],
)
def test_a_body_that_is_not_one_json_object_is_named_as_what_it_is(body, what):
    with pytest.raises(Malformed, match=what):
        document(body)


def test_a_byte_order_mark_is_passed_over():
    assert document(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_characters_that_a_database_refuses_are_replaced_and_emoji_are_kept():
    assert document(rb'{"cut \ud83d": "a\u0000b", "whole": ["\ud83d\ude00", 1.5, null]}') == {
        "cut \ufffd": "a\ufffdb",
        "whole": ["😀", 1.5, None],
    }


@pytest.mark.parametrize(
    ("given_value", "number"),
    [
        (7, 7),
        ("7", 7),
        (0, 0),
        (-1, None),
        (True, None),
        ("\u0667", None),
        (7.0, None),
        (2**53, None),
        ("9" * 5000, None),
    ],
)
def test_a_count_is_a_whole_number_that_every_database_holds(given_value, number):
    assert count(given_value) == number


def test_a_value_is_shown_on_one_short_line():
    assert shown("a\n" * 200).startswith("'a\\na")
    assert len(shown("a\n" * 200)) == 60
    assert shown({"a": 1}) == "object"


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(), st.lists(st.text()) | st.integers() | st.none()))
def test_the_texts_of_every_json_object_are_utf_8_without_nul(value):
    kept = document(json.dumps(value).encode())
    texts = [*kept, *(text for item in kept.values() if isinstance(item, list) for text in item)]
    assert b"\x00" not in "".join(texts).encode()
