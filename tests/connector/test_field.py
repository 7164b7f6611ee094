"""Tests of fields beyond what the catalog's broken files show."""

import pytest
from marshmallow import ValidationError, fields

from connector.document import Document
from connector.field import Shape, Text, problems_of


class Letter(Shape):
    sender = Text(required=True, data_key="from")
    to = Text()


class Post(Shape):
    letter = fields.Nested(Letter)


def test_a_field_is_known_by_the_name_that_stands_in_the_file():
    assert Letter().load({"from": "a", "to": "b"}) == {"sender": "a", "to": "b"}


def test_faults_name_the_field_as_it_stands_in_the_file():
    with pytest.raises(ValidationError) as caught:
        Post().load({"letter": {"sender": "a", "form": "b", "to": " "}})
    document = Document("post.yaml", {}, {("letter",): 1, ("letter", "to"): 4})

    assert [str(problem) for problem in problems_of(document, caught.value)] == [
        "post.yaml:1: letter.from: the field is missing; add it",
        "post.yaml:4: letter.to: the field is empty; give it a value or remove it",
        "post.yaml:1: letter.sender: unknown field; known fields: from, to",
        "post.yaml:1: letter.form: unknown field; did you mean 'from'?",
    ]
