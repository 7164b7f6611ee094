from typing import Any

import pytest

from adapters.jira import marks, text
from mappings import rich_text


def to_adf(plain: str) -> dict[str, Any]:
    return rich_text.write_plain(plain, "adf")


def to_wiki(plain: str) -> str:
    return rich_text.write_plain(plain, "wiki")


def test_paragraphs_lists_and_links_become_a_document() -> None:
    document = to_adf("Fail over.\nThen check:\n- first\n* second\n\nSee https://c.example/t/1, please.")

    kinds = [block["type"] for block in document["content"]]
    assert kinds == ["paragraph", "bulletList", "paragraph"]
    assert [item["content"][0]["content"][0]["text"] for item in document["content"][1]["content"]] == [
        "first",
        "second",
    ]
    link = document["content"][2]["content"][1]
    assert (link["text"], link["marks"][0]["attrs"]["href"]) == ("https://c.example/t/1", "https://c.example/t/1")
    assert document["content"][2]["content"][2]["text"] == ", please."


@pytest.mark.parametrize("plain", ["", "one", "one\ntwo", "one\n\ntwo", "- a\n- b", "a [b] {c} \\ d", "Größe: 5 °C"])
def test_plain_text_survives_both_markups(plain: str) -> None:
    assert text.plain(to_adf(plain)) == plain
    assert text.plain(to_wiki(plain)) == plain


def test_a_document_never_holds_an_empty_text() -> None:
    def walk(node: dict[str, Any]) -> None:
        assert node.get("text") != ""
        for child in node.get("content", []):
            walk(child)

    for plain in ("", "\n", "a\n\n\n\nb", "- \n- x", "https://c.example", "   "):
        walk(to_adf(plain))


def test_braces_and_brackets_start_no_macro() -> None:
    assert to_wiki("{code} [x|y]") == "\\{code\\} \\[x\\|y\\]"


def test_mentions_cards_and_unknown_nodes_are_read() -> None:
    document = {"type": "doc", "content": [
        {"type": "paragraph", "content": [
            {"type": "mention", "attrs": {"id": "1", "text": "@Priya"}}, {"type": "text", "text": " see "},
            {"type": "inlineCard", "attrs": {"url": "https://x.example"}}]},
        {"type": "unheard-of", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "inner"}]}]},
    ]}  # fmt: skip

    assert text.plain(document) == "@Priya see https://x.example\n\ninner"


@pytest.mark.parametrize("markup", [to_adf, to_wiki])
def test_a_marker_is_found_again_in_either_markup(markup: Any) -> None:
    stored = text.plain(markup(f"Note\n\n{marks.note('w1')}"))

    assert marks.stands_in(stored, "w1")
    assert not marks.stands_in(stored, "w2")
    assert marks.is_ours(stored)
    assert not marks.is_ours("a person wrote about continuity: nothing")


def test_labels_are_one_word_and_differ_by_key() -> None:
    found = marks.labels("recovery_task", "act-1:t", "pending")

    assert all(" " not in label for label in found)
    assert marks.unique_among(found) == marks.unique("act-1:t") != marks.unique("act-1:u")


@pytest.mark.parametrize(
    ("plain", "wiki"),
    [
        ("!http://evil.example/x.png!", "\\![http://evil.example/x.png]\\!"),
        ("a !pixel.png|width=1! b!", "a \\!pixel.png\\|width=1! b\\!"),
        (
            "http://a.example/!http://evil.example/x.png!x",
            "[http&#58;//a.example/\\!http&#58;//evil.example/x.png\\!x|http://a.example/%21http://evil.example/x.png%21x]",
        ),
        ("{html}<b>{html}", "\\{html\\}<b>\\{html\\}"),
        ("[~priya]", "\\[\\~priya\\]"),
        ("\\[~priya\\]", "&#92;\\[\\~priya&#92;\\]"),
        ("\\\\{code}", "&#92;&#92;\\{code\\}"),
        ("\\!x.png!", "&#92;\\!x.png\\!"),
        ("*not* _meant_ -so- h1. x", "\\*not\\* \\_meant\\_ \\-so\\- h1. x"),
        ("C:\\temp, done! See https://c.example/t/1?a=b_c.", "C:\\temp, done! See [https://c.example/t/1?a=b_c]."),
    ],
)
def test_what_others_wrote_starts_no_image_macro_or_mention(plain: str, wiki: str) -> None:
    assert to_wiki(plain) == wiki
    assert text.plain(wiki) == plain
