"""Tests of templates."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from connector.problem import Invalid
from connector.template import LONGEST_SOURCE, Template

WHERE = "plans/pay-dr.yaml:90: communications.board.text"


def render(source, **values):
    return Template(source, WHERE).render(values)


def refused(source, names=None, longest=1000, **values):
    with pytest.raises(Invalid) as caught:
        Template(source, WHERE, names, longest).render(values)
    return str(caught.value)


def test_a_text_is_rendered_as_it_is_without_escaping():
    tasks = [{"name": "Assess"}, {"name": "Fail over"}]
    source = "{% for task in tasks %}\n- {{ task.name }}\n{% endfor %}\n{{ title }} {{ nothing }}{{ share }} %"

    assert (
        render(source, tasks=tasks, title="<Payments & Co>", nothing=None, share=40)
        == "- Assess\n- Fail over\n<Payments & Co> 40 %"
    )


def test_an_unknown_name_is_told_before_use_with_its_place():
    assert refused("Hello\n to {{ servce }}", ["service", "plan"]) == (
        f"{WHERE}: line 2: unknown name 'servce'; did you mean 'service'?\n     to {{{{ servce }}}}\n           ^"
    )


def test_names_that_the_template_makes_itself_are_known():
    source = "{% set total = 3 %}{% for n in range(total) %}{{ loop.index }}{{ n }} {% endfor %}"

    assert Template(source, WHERE, []).render({}) == "10 21 32 "


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


def test_an_unknown_filter_is_told():
    assert "line 1: filter shout is unknown; see the list of filters" in refused("{{ 'a' | shout }}")


def test_work_without_end_is_stopped():
    source = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}"

    assert "the template takes too many steps; loop over less" in refused(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 1001 }}",
        "{% for n in range(600) %}{{ 'ab' }}{% endfor %}",
        "{% for n in range(600) %}ab{% endfor %}",
        "{{ range(1000) | list }}",
    ],
)
def test_a_text_beyond_the_bound_is_refused(source):
    assert refused(source).startswith(f"{WHERE}: the text grows beyond 1000 characters; shorten it")


def test_a_text_beyond_the_bound_is_stopped_while_it_grows():
    template = Template("{% for n in range(9999) %}{{ word }}{% endfor %}", WHERE, longest=1000)

    with pytest.raises(Invalid):
        template.render({"word": "a" * 900})

    assert template._emitted.count == 1800


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
    template = Template("{% for n in range(20) %}{{ word }}{% endfor %}", WHERE, longest=200)

    def many(word):
        return {template.render({"word": word * 10}) for _ in range(200)}

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(many, "abcdefgh"))

    assert found == [{word * 200} for word in "abcdefgh"]
