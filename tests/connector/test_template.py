"""Tests of templates."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.problem import Invalid
from connector.template import LONGEST_SOURCE, LONGEST_TEXT, Template
from connector.template_language import FILTERS

WHERE = "plans/pay-dr.yaml:90: communications.board.text"


def render(source, **values):
    return Template(source, WHERE).render(values)


def refused(source, names=None, longest=1000, **values):
    with pytest.raises(Invalid) as caught:
        Template(source, WHERE, names, longest).render(values)
    return str(caught.value)


def test_a_text_is_rendered_as_it_is_without_escaping():
    source = "{{ tasks | join(', ') }}\n{{ title }} {{ nothing }}{{ share }} %{# a remark #}"

    assert (
        render(source, tasks=["Assess", None, 3], title="<Payments & Co>", nothing=None, share=40)
        == "Assess, , 3\n<Payments & Co> 40 %"
    )


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ word | upper }}", "A-B"),
        ("{{ word | replace('-', ' / ') | title }}", "A / B"),
        ("{{ missing | default('none yet') }}", "none yet"),
        ("{{ (word | trim) | length }}", "3"),
        ("{{ nothing | replace('a', 'b') }}", ""),
        ("{{- task.if -}} {{ '\\n' }}", "x\n"),
        ("{% if n >= 2 and not (word == 'x' or 'a' in list) %}a{% elif n is defined %}b{% else %}c{% endif %}", "b"),
    ],
)
def test_what_texts_need_is_understood(source, text):
    assert render(source, word="a-b", n=3, list=["a"], task={"if": "x"}, nothing=None) == text


def test_an_unknown_name_is_told_before_use_with_its_place():
    assert refused("Hello\n to {{ servce }}", ["service", "plan"]) == (
        f"{WHERE}: line 2: unknown name 'servce'; did you mean 'service'?\n     to {{{{ servce }}}}\n           ^"
    )


def test_a_value_that_is_missing_is_an_error_and_not_an_empty_text():
    assert refused("é {{ task.owner }}", task={}) == (
        f"{WHERE}: line 1: `task.owner` is undefined; check the name, or give it a default: "
        "{{ name | default('') }}\n    é {{ task.owner }}\n         ^"
    )


def test_a_template_that_does_not_parse_is_told_with_its_place():
    assert refused("due {% if late %}") == (
        f"{WHERE}: line 1: unexpected end of input, expected end of block; mend the template\n"
        "    due {% if late %}\n"
        "                   ^"
    )


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("a\n{% set x = y %}", "line 2: {% set %} cannot stand in a text; write the value where it is used"),
        ("{% for a in list %}{% endfor %}", "line 1: {% for %} cannot stand in a text; write a list with {{ name | jo"),
        ("{%- raw %}{% endraw %}", "{% raw %} cannot stand in a text; a text may hold {{ name }}, the filters upper,"),
        ("{% include '/etc/passwd' %}", "{% include %} cannot stand"),
        ("{{ 'a' | shout }}", "there is no filter 'shout' for texts; use one of upper, lower, title, trim, default"),
        ("{{ word ~ word }}", "'~' cannot stand in a tag; write the parts one after the other: {{ a }}{{ b }}"),
        ("{{ 'x' * 90000 }}", "'*' cannot stand in a tag"),
        ("{{ range(99999) }}", "'range(...)' cannot be called in a text"),
        ("{{ word.upper() }}", "'upper(...)' cannot be called in a text"),
        ("{{ (word)() }}", "')(...)' cannot be called in a text"),
        ("{{ word[0] }}", "'[' cannot stand in a tag"),
        ("{{ {'a': 1} }}", "'{' cannot stand in a tag"),
        ("{{ (word, word) | join(word) }}", "',' cannot stand here"),
        ("{{ a if b else c }}", "'if' cannot stand in an expression; write {% if a %}b{% else %}c{% endif %}"),
        ("{{ 1 is divisibleby(0) }}", "'is divisibleby' cannot stand in a text"),
        ("{{ 'open }}", "close the text in quotes"),
        ("{{ " + "9" * 5000 + " }}", "a number this long cannot stand in a text"),
        ("{{ " + "(" * 30 + "1" + ")" * 30 + " }}", "there are too many open brackets"),
        ("{{ " + "(" * 9000 + "1" + ")" * 9000 + " }}", "more is computed here than a text needs"),
        ("{{ not not a }}", "'not not' cannot stand in a text"),
        ("{% if a %}" * 30 + "{% endif %}" * 30, "there are too many {% if %}"),
        ("{% if a %}" + "{% elif a %}" * 900 + "{% endif %}", "there are too many {% if %}"),
        ("{{ a }}" * 1001, "more is computed here than a text needs"),
        ("\ud83d", "the text holds half a character"),
    ],
)
def test_what_texts_do_not_need_is_refused_before_use(source, told):
    with pytest.raises(Invalid) as caught:
        Template(source, WHERE)

    assert told in str(caught.value)


@pytest.mark.parametrize(
    "source",
    ["{{ word }}" * 3, "{{ list | join(word) }}", "{{ word" + " | replace('a', 'aaaaaaaaaa')" * 7 + " | length }}"],
)
def test_a_text_beyond_the_bound_is_refused(source):
    told = refused(source, longest=1000, word="a" * 400, list=["b"] * 5000)

    assert told.startswith(f"{WHERE}: the text grows beyond 1000 characters; shorten it")


def test_only_lists_are_joined_as_joined_texts_grow_without_end():
    assert "join is given what is no list; write {{ name }} without it" in refused("{{ word | join(word) }}", word="ab")


def test_half_a_character_in_a_value_is_shown_as_a_question_mark():
    assert render("{{ word }}", word="a\ud83d") == "a?"


_PIECES = st.sampled_from(
    [
        *[
            "{{ ",
            "}} ",
            "{% ",
            "%}",
            "if ",
            "elif ",
            "else ",
            "endif ",
            "for a in l ",
            "set a = ",
            "word",
            "list",
            " ~ ",
            " * ",
            "99999",
            "(",
            ")",
            ",",
            ".",
            "[",
            "]",
            "'a'",
            "'",
            "-",
            "=",
        ],
        *(f" | {name} " for name in (*FILTERS, "center(99999999)", "format", "indent(9999)", "sort")),
        *("replace('a', 'aaaaaaaaaa')", "range(99999)", "namespace(a=1)", " not ", " in ", " is ", "{#", "#}", "\n"),
        *("{{ word | replace('a', word) }}", "{{ list | join(word) | upper }}", "{% if word in list %}", "{% endif %}"),
    ]
)


@settings(max_examples=300, deadline=timedelta(seconds=0.2), suppress_health_check=[HealthCheck.too_slow])
@given(pieces=st.lists(_PIECES, max_size=60), times=st.integers(1, 40))
def test_no_text_takes_long_or_much(pieces, times):
    try:
        text = Template("".join(pieces) * times, WHERE).render({"word": "a" * 2000, "list": ["ab"] * 200})
    except Invalid:
        return

    assert len(text) <= LONGEST_TEXT


def test_the_bound_is_on_each_text_and_not_on_all():
    template = Template("{{ word }}", WHERE, longest=10)

    assert [template.render({"word": "12345678"}) for _ in range(5)] == ["12345678"] * 5


def test_a_source_beyond_the_bound_is_refused():
    assert f"keep it to {LONGEST_SOURCE} or fewer" in refused("a" * (LONGEST_SOURCE + 1))


@pytest.mark.parametrize("value", [object(), datetime.now(UTC), {"deep": [object()]}])
def test_only_plain_values_are_taken(value):
    with pytest.raises(TypeError, match="give templates text, numbers, lists and dicts only"):
        render("{{ value }}", value=value)


def test_a_value_gives_no_way_to_its_methods_internals():
    assert "is undefined" in refused("{{ word.__class__ }}", word="a")


def test_a_template_can_be_used_by_many_threads_at_once():
    template = Template("{{ word }}" * 20, WHERE, longest=200)

    def many(word):
        return {template.render({"word": word * 10}) for _ in range(200)}

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(many, "abcdefgh"))

    assert found == [{word * 200} for word in "abcdefgh"]
