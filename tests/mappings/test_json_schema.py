"""The JSON Schema of mapping files: it takes what is right, and shows in the editor what is wrong in its form."""

from __future__ import annotations

from importlib import resources
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator

from connector.problem import Invalid
from connector.ticketing import Record
from mappings.language.json_schema import json_schema
from mappings.language.schema import FIELD_KEYS, RECORD_KEYS
from mappings.source import parse, plain
from mappings.vocabulary import FIELDS, RECORDS
from tests.mappings.broken import Broken
from tests.mappings.broken_form import FORM
from tests.mappings.broken_meaning import MEANING

NOT_FOR_AN_EDITOR = {
    # The editor's own YAML reader tells these.
    *("a line that is indented unevenly", "a tab", "a brace that is not closed", "a quote that is not closed"),
    *("a colon in a text without quotes", "a template without quotes", "a field that stands twice", "an alias"),
    # These are numbers and dates to any reader of YAML.
    *("a number with leading zeros", "a date without quotes"),
    # A null takes a line out; whether there is one stands in another file.
    "a value with nothing after it",
}
SEEN_TOO = {
    *("a field with a slip of the pen", "an instant as a number", "a name that no condition could use"),
    *("a value that the field does not have", "a setting of the other platform"),
}


def content(text: str) -> Any:
    return plain(parse(text, "f").content)


def faults(case: Broken) -> list[str]:
    schema = json_schema(cast("Record", case.record), case.platform)
    return [error.message for error in Draft202012Validator(schema).iter_errors(content(case.text))]


@pytest.mark.parametrize("record", [None, *RECORDS])
@pytest.mark.parametrize("platform", ["", "servicenow", "jira"])
def test_it_is_a_schema_itself(record: Record | None, platform: str) -> None:
    Draft202012Validator.check_schema(json_schema(record, platform))


@pytest.mark.parametrize("platform", ["servicenow", "jira"])
@pytest.mark.parametrize("record", RECORDS)
def test_it_takes_the_shipped_files(platform: str, record: Record) -> None:
    text = (resources.files("mappings") / "defaults" / platform / f"{record}.yaml").read_text("utf-8")

    for schema in (json_schema(record, platform), json_schema()):
        assert [error.message for error in Draft202012Validator(schema).iter_errors(content(text))] == []


@pytest.mark.parametrize(
    "case", [case for case in FORM if case.title not in NOT_FOR_AN_EDITOR], ids=lambda case: case.title
)
def test_it_refuses_what_is_broken_in_its_form(case: Broken) -> None:
    try:
        found = faults(case)
    except Invalid:  # a file that is no mapping of names at all
        return
    assert found


@pytest.mark.parametrize("case", MEANING, ids=lambda case: case.title)
def test_of_the_meaning_it_sees_what_one_line_shows(case: Broken) -> None:
    assert bool(faults(case)) == (case.title in SEEN_TOO)


def test_it_completes_every_setting_and_every_neutral_field_with_its_description() -> None:
    for record in RECORDS:
        schema = json_schema(record)
        field = schema["$defs"]["field"]["properties"]

        assert set(schema["properties"]) == set(RECORD_KEYS)
        assert set(schema["properties"]["fields"]["properties"]) == FIELDS[record]
        assert set(field) == set(FIELD_KEYS)
        assert all(setting["description"] for setting in field.values())
