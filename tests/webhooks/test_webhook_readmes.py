"""The messages that the READMEs tell a person to send are read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from webhooks.envelope import EventReader
from webhooks.jira.event import read as read_jira
from webhooks.servicenow.event import FOLLOWED
from webhooks.servicenow.event import read as read_servicenow

WEBHOOKS = Path(__file__).parents[2] / "webhooks"


@pytest.mark.parametrize(("platform", "read"), [("servicenow", read_servicenow), ("jira", read_jira)])
def test_the_message_in_the_readme_is_acted_on(platform: str, read: EventReader):
    [example] = re.findall(r"```json\n(.*?)```", (WEBHOOKS / platform / "README.md").read_text(), re.DOTALL)
    envelope = read({}, example.encode())
    assert envelope.ticket
    assert not envelope.ignored
    assert envelope.partial


def test_the_readme_names_the_tables_that_are_followed():
    text = (WEBHOOKS / "servicenow" / "README.md").read_text()
    assert f"Followed tables: `{FOLLOWED[0]}`, `{FOLLOWED[1]}`, `{FOLLOWED[2]}` and `{FOLLOWED[3]}`." in text
