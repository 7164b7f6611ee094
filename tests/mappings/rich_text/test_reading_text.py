"""What people and platforms write is read as Markdown, and of what is not known the text."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from mappings import rich_text
from mappings.rich_text import MARKUPS

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "jira-webhooks"
PLAN = """\
Call **the provider**, then:

1. Stop the [old site](https://status.example/a)
   ```bash
   systemctl stop app
   ```
2. Start
   - the *second* site
   - `app`

> Ask first."""


@pytest.mark.parametrize(
    ("wiki", "markdown"),
    [
        ("*bold* _slanted_ -gone- {{code}}", "**bold** *slanted* ~~gone~~ `code`"),
        ("h2. Title\ntext", "## Title\n\ntext"),
        ("* a\n** b\n*# c\n# d", "- a\n  - b\n  1. c\n\n1. d"),
        ("- a\n- b", "- a\n- b"),
        ("[~priya] saw [the page|https://x.example|tip]", "@priya saw [the page](https://x.example)"),
        ("[x|javascript:alert(1)] [#top] [^log.txt] [note]", "x top log.txt \\[note\\]"),
        ("||Name||State||\n|a [b|https://c.example]|up|", "Name | State\\\na [b](https://c.example) | up"),
        ("{panel:title=Mind}this{panel} {unknown:x=1}", "**Mind**\n\nthis\n\n{unknown:x=1}"),
        ("!shot.png|thumbnail! wow! and!", "shot.png wow! and!"),
        ("{color:red}hot{color} +new+ H{~}2{~}O a -- b", "hot new H2O a -- b"),
        ("{code:title=x|java}\nint *a;\n{code}", "```java\nint *a;\n```"),
        ("{code}\nnever closed *x*", "{code}\\\nnever closed **x**"),
        ("{quote}said{quote}\nbq. so", "> said\n>\n> so"),
        ("in{*}side{*}", "in**side**"),
        ("well-known snake_case 5 - 3 - 1", "well-known snake_case 5 - 3 - 1"),
    ],
)
def test_wiki_text_is_read(wiki: str, markdown: str) -> None:
    assert rich_text.read(wiki, "wiki") == markdown


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<div>a<br>b</div><p>c &amp; d", "a\\\nb\n\nc & d"),
        ("<ul><li>a<li>b<ol><li>c</ul>", "- a\n- b\n  1. c"),
        ("<table><tr><th>A<th>B<tr><td>1<td><b>2</b></table>", "A | B\\\n1 | **2**"),
        ("<script>x()</script><style>p{}</style>seen<!-- not -->", "seen"),
        ('<a href="javascript:x()">y</a> <a href="https://z.example">z</a>', "y [z](https://z.example)"),
        ('<img src="x" onerror="y" alt="a shot">', "a shot"),
        ("<pre>a\n  b</pre>", "```\na\n  b\n```"),
        ("5 < 6 and <", "5 \\< 6 and \\<"),
    ],
)
def test_html_is_read(html: str, markdown: str) -> None:
    assert rich_text.read(html, "html") == markdown


def test_what_a_document_holds_that_we_do_not_know_is_read_as_its_text() -> None:
    def text(given: str) -> dict[str, Any]:
        return {"type": "text", "text": given}

    def cell(given: str) -> dict[str, Any]:
        return {"type": "tableCell", "content": [{"type": "paragraph", "content": [text(given)]}]}

    document = {"type": "doc", "version": 1, "content": [
        {"type": "paragraph", "content": [
            {"type": "mention", "attrs": {"id": "1", "text": "@Priya"}}, text(" by "),
            {"type": "date", "attrs": {"timestamp": "1767225600000"}}, text(" "),
            {"type": "status", "attrs": {"text": "LATE"}}]},
        {"type": "panel", "content": [{"type": "paragraph", "content": [text("mind")]}]},
        {"type": "expand", "attrs": {"title": "More"}, "content": [{"type": "paragraph", "content": [text("inner")]}]},
        {"type": "table", "content": [{"type": "tableRow", "content": [cell("a"), cell("b")]}]},
        {"type": "taskList", "content": [{"type": "taskItem", "attrs": {"state": "DONE"}, "content": [text("call")]}]},
        {"type": "mediaSingle", "content": [{"type": "media", "attrs": {"alt": "shot.png"}}]},
    ]}  # fmt: skip

    assert rich_text.read(document, "adf") == (
        "@Priya by 2026-01-01 LATE\n\nmind\n\n**More**\n\ninner\n\na | b\n\n- \\[x\\] call\n\nshot.png"
    )


def test_wiki_text_in_the_place_of_a_document_is_read_as_such() -> None:
    assert rich_text.read("*now*", "adf") == "**now**"


@pytest.mark.parametrize("markup", MARKUPS)
def test_a_plan_in_markdown_comes_back_as_it_was(markup: str) -> None:
    assert rich_text.read(rich_text.write(PLAN, markup), markup) == PLAN


def test_a_plan_in_wiki_text_has_its_lists_links_and_code() -> None:
    assert rich_text.write(PLAN, "wiki") == (
        "Call *the provider*, then:\n\n"
        "# Stop the [old site|https://status.example/a] {code:bash}\nsystemctl stop app\n{code}\n"
        "# Start\n#* the _second_ site\n#* {{app}}\n\n{quote}\nAsk first.\n{quote}"
    )


def test_html_holds_no_tag_and_no_address_of_the_texts_own() -> None:
    written = rich_text.write('<img src=x onerror=y> [a](javascript:x) [b](https://c.example/"onclick=)', "html")

    assert written == ('<p>&lt;img src=x onerror=y&gt; a <a href="https://c.example/%22onclick=">b</a></p>')


def test_a_language_that_jira_does_not_know_is_left_out_in_wiki_text() -> None:
    assert rich_text.write("```cobol\nx\n```", "wiki") == "{code}\nx\n{code}"
    assert rich_text.write("```sh\nx\n```", "wiki") == "{code:bash}\nx\n{code}"


@pytest.mark.parametrize("markup", MARKUPS)
@pytest.mark.parametrize(
    "text", ["- " * 10_000 + "x", ">" * 10_000 + "x", "*" * 10_000 + " x", "<ul><li>" * 10_000 + "x", "word\n" * 10_000 + "x"],
    ids=["items", "quotes", "stars", "tags", "many lines"],
)  # fmt: skip
def test_what_is_very_deep_or_long_is_read_with_its_text(markup: str, text: str) -> None:
    read = rich_text.read(text, markup)

    assert read.rstrip("\\").endswith("x")


def test_a_document_of_ten_thousand_lists_is_read() -> None:
    deep: dict[str, Any] = {"type": "paragraph", "content": [{"type": "text", "text": "x"}]}
    for _ in range(10_000):
        deep = {"type": "bulletList", "content": [{"type": "listItem", "content": [deep]}]}

    assert rich_text.read({"type": "doc", "content": [deep]}, "adf") == "- x"


@pytest.mark.parametrize(
    "text", ["<a " * 20_000, "<!--" * 15_000, "{panel:title=" * 5_000, "[a" * 30_000, "{{a" * 20_000]
)
@pytest.mark.parametrize("markup", ["wiki", "html"])
def test_what_is_opened_many_times_and_never_closed_takes_no_square_of_the_time(markup: str, text: str) -> None:
    began = time.process_time()

    rich_text.read(text, markup)

    assert time.process_time() - began < 10


@pytest.mark.parametrize("markup", MARKUPS)
def test_a_long_text_is_cut_to_what_the_platform_takes(markup: str) -> None:
    written = rich_text.write("\n\n".join(f"{number}. **step** _{number}_ *" for number in range(4_000)), markup)

    cut = rich_text.shortened(written, markup, 32_767)

    assert len(rich_text.write(rich_text.read(cut, markup), "wiki" if markup == "adf" else markup)) <= 32_767
    assert rich_text.read_plain(cut, markup).endswith("...")
    assert rich_text.shortened(cut, markup, 32_767) == cut


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded samples are not beside the project")
def test_what_people_wrote_in_recorded_messages_reads_well() -> None:
    texts = set()
    for file in sorted(SAMPLES.glob("*.json")):
        message = json.loads(file.read_text("utf-8"))
        fields = (message.get("issue") or {}).get("fields") or {}
        comments = (fields.get("comment") or {}).get("comments") or []
        bodies = [fields.get("description"), *(item.get("body") for item in comments)]
        texts |= {rich_text.read(body, "adf") for body in bodies if body}

    assert (
        "**Creating Quick Filters**\n\nYou can add your own Quick Filters in the board configuration (select **Board > Configure**)"
        in texts
    )
    assert any(text.startswith("@mickmister") and text.endswith("I agree") for text in texts)
    assert "Unit test description, not that long" in texts
