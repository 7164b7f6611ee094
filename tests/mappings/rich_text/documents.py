"""Documents for hypothesis, of any shape that the readers could put together."""

from __future__ import annotations

from hypothesis import strategies as st

from mappings.rich_text.document import Block, Break, Code, Heading, Inline, Listing, Paragraph, Quote, Rule, Run
from mappings.rich_text.tidy import tidy

SIGNS = "abc XYZ 09 _*~-+#>|\\`[](){}<>!?:;.,&^=/@'\"%$\t\n\u00a0\u2060é中😀"
TEXTS = st.one_of(
    st.text(SIGNS, min_size=1, max_size=12),
    st.text(min_size=1, max_size=8),
    st.sampled_from(
        [
            "https://a.example/x_y*z?b=1&copy=2",
            "http://",
            "see https://a.example/(b), and",
            "&amp;",
            "&#92;",
            "1. x",
            "h1. x",
            "bq. x",
            "{code}",
            "\\{code\\}",
            "[~priya]",
            "!x.png!",
            "<b>x</b>",
            "----",
            "||a|b||",
            "(/) :)",
            "\\\\",
            "snake_case_name",
            "{*}x{*}",
            "```",
        ]
    ),
)
HREFS = st.sampled_from(
    ["", "", "", "https://a.example/x", "mailto:a@b.example", "http://a.example/(b)|c!", "javascript:x"]
)
RUNS = st.builds(
    Run, TEXTS, st.frozensets(st.sampled_from(["strike", "strong", "emphasis", "code"]), max_size=3), HREFS
)
INLINES: st.SearchStrategy[tuple[Inline, ...]] = st.lists(
    st.one_of(RUNS, RUNS, RUNS, st.just(Break())), min_size=1, max_size=6
).map(tuple)
CODES = st.builds(Code, TEXTS, st.sampled_from(["", "python", "sql", "bash"]))
LEAVES: st.SearchStrategy[Block] = st.one_of(
    st.builds(Paragraph, INLINES), st.builds(Heading, st.integers(1, 6), INLINES), CODES, st.just(Rule())
)


def _grown(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Listing, st.booleans(), st.lists(several, min_size=1, max_size=3).map(tuple)),
        st.builds(Quote, several),
    )


BLOCKS = st.recursive(LEAVES, _grown, max_leaves=8)
DOCUMENTS = st.lists(BLOCKS, max_size=4).map(tidy)
