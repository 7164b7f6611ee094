"""Laws that hold for any formatted text: it survives each markup, and an echo of it changes nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings import rich_text
from mappings.rich_text import _WRITERS, MARKUPS, parsed, plain
from mappings.rich_text.document import Document
from mappings.rich_text.tidy import tidy
from tests.mappings.rich_text.documents import DOCUMENTS, SIGNS, TEXTS

ANY_TEXT = st.one_of(st.text(max_size=200), st.text(SIGNS, max_size=60), st.lists(TEXTS, max_size=6).map("".join))
NODES = ["doc", "paragraph", "text", "bulletList", "listItem", "mention", "table", "tableRow", "tableCell", "media"]
ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["type", "content", "text", "attrs", "marks", "href", "level"]), inner, max_size=4
        ),
        st.fixed_dictionaries(
            {"type": st.sampled_from(NODES)},
            optional={"content": st.lists(inner, max_size=3), "text": inner, "attrs": inner},
        ),
    ),
    max_leaves=12,
)
MANY = settings(max_examples=40, deadline=None)


@MANY
@given(DOCUMENTS)
def test_to_tidy_twice_changes_nothing(document: Document) -> None:
    assert tidy(document) == document


@pytest.mark.parametrize("markup", MARKUPS)
@MANY
@given(DOCUMENTS)
def test_what_is_written_reads_back_as_the_same_document(markup: str, document: Document) -> None:
    written = _WRITERS[markup](document)

    assert parsed(written, markup) == document


@pytest.mark.parametrize("markup", MARKUPS)
@MANY
@given(DOCUMENTS)
def test_an_echo_changes_nothing(markup: str, document: Document) -> None:
    written = _WRITERS[markup](document)

    assert rich_text.write(rich_text.read(written, markup), markup) == written


@pytest.mark.parametrize("markup", MARKUPS)
@MANY
@given(ANY_TEXT)
def test_any_text_is_read_and_what_was_read_is_stable(markup: str, text: str) -> None:
    read = rich_text.read(text, markup)

    assert rich_text.read(read, "markdown") == read
    assert rich_text.read(rich_text.write(read, markup), markup) == read


@pytest.mark.parametrize("markup", MARKUPS)
@MANY
@given(ANY_JSON)
def test_any_json_is_read(markup: str, raw: Any) -> None:
    assert isinstance(rich_text.read(raw, markup), str)


@pytest.mark.parametrize("markup", MARKUPS)
@MANY
@given(ANY_TEXT)
def test_plain_text_survives_as_the_same_visible_text(markup: str, text: str) -> None:
    document = plain.read(text)
    seen = plain.write(document)

    assert _seen(seen) == _seen(text)
    assert rich_text.read_plain(rich_text.write_plain(text, markup), markup) == seen


def _seen(text: str) -> str:
    """Return a text without white space, without the signs that are not seen, and without those that make a bullet."""
    kept = "".join(sign for sign in text if not (sign < " " or sign in "\x7f\u2060-*•"))
    return "".join(kept.encode("utf-8", "replace").decode().split())


OURS = re.compile(
    r'</?(?:p|ul|ol|li|pre|blockquote|del|strong|em|code|h[1-6]|a)>|<hr>|<br>|<code class="language-[\w+#.-]+">'
    r'|<a href="(?:https?://|mailto:)[^"<>\s]+">',
    re.IGNORECASE,
)


@MANY
@given(ANY_TEXT)
def test_html_that_we_write_holds_no_tag_but_ours(text: str) -> None:
    rest = OURS.sub("", rich_text.write(text, "html"))

    assert "<" not in rest
    assert ">" not in rest
