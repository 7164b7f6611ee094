"""What Jira's messages say: recorded samples, our fixtures, odd fields, and anything at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webhooks.envelope import Envelope, Malformed
from webhooks.jira.event import read

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "webhooks" / "jira" / "fixtures"
SAMPLES = ROOT.parent / "shared" / "samples" / "jira-webhooks"
COMMENTS = "comments are read at the next poll"
WHOLE = json.loads((FIXTURES / "automation-issue-data.json").read_text())

# The reason why it is ignored, or "act", "read again", "deleted".
OUTCOMES = {
    "issue-created": "act",
    "issue-updated-status": "act",
    "issue-updated-translated-field-names": "act",
    "issue-updated-no-event-type": "act",
    "issue-updated-with-comment-and-changelog": "act",
    "issue-assigned-six-fields-empty-changelog": "read again",
    "issue-deleted": "deleted",
    "comment-created-cloud": f"comment_created: {COMMENTS}",
    "comment-created-without-issue": f"comment_created: {COMMENTS}",
    "comment-updated-with-changelog": "act",
    "issue-commented-without-changelog": COMMENTS,
    "issue-commented-no-event-type": COMMENTS,
    "worklog-updated": "worklog_updated: work logs are not mirrored",
    "attachment-created": "attachment_created: files are read at the next poll",
    "sprint-started": "sprint_started: sprints are not followed",
    "version-released": "jira:version_released: versions are not followed",
    "project-updated": "project_updated: changes of a project are not followed",
    "user-created": "user_created: changes of a user are not followed",
    "event-of-the-future": (
        "jira:issue_teleported: not an event that is known here; issues created, updated and deleted are acted on"
    ),
    "automation-issue-data": "act",
    "automation-id-and-key": "read again",
    "transition-post-function": "act",
}
# Outcome, issue, version (`updated` in epoch milliseconds, worked out by hand for two of them).
SAMPLED = {
    "webhook-cloud-comment-created": (f"comment_created: {COMMENTS}", "TES-41", None),
    "webhook-cloud-issue-created-many-fields": ("act", "KT-22", 1566935004193),
    "webhook-cloud-issue-updated-custom-field": ("act", "TES-14", 1565574553412),
    "webhook-issue-assigned-empty-changelog": ("read again", "TEST-123", 1724179662935),
    "webhook-issue-created": ("act", "TES-41", 1550286112971),
    "webhook-issue-created-no-description": ("act", "TES-41", 1550286112971),
    "webhook-issue-deleted": ("deleted", "IDT-19", 1562177136176),
    "webhook-issue-updated-assigned": ("act", "TES-41", 1550287081707),
    "webhook-issue-updated-labels": ("act", "TES-41", 1550351530037),
    "webhook-issue-updated-lowered-priority": ("act", "TES-41", 1550351632522),
    "webhook-issue-updated-raised-priority": ("act", "TES-41", 1550351716037),
    "webhook-issue-updated-reopened": ("act", "TES-41", 1550287026501),
    "webhook-issue-updated-resolved": ("act", "TES-41", 1550286940477),
    "webhook-issue-updated-started-working": ("act", "TES-41", 1550286862002),
    "webhook-server-comment-created": (f"comment_created: {COMMENTS}", "", None),
    "webhook-server-issue-updated-commented-1": (COMMENTS, "PRJX-14", None),
    "webhook-server-issue-updated-many-fields": ("act", "HEY-15", 1567490619155),
    "webhook-server-issue-updated-resolved": ("act", "TES-4", 1565652181993),
    "webhook-server-old-issue-updated-no-event-type-commented": (COMMENTS, "PRJX-14", None),
    "webhook-server-old-issue-updated-no-event-type-edited": ("act", "TES-41", 1550286601805),
}


def outcome(envelope: Envelope) -> str:
    if envelope.ignored:
        return envelope.ignored
    if envelope.deleted:
        return "deleted"
    return "read again" if envelope.partial else "act"


def sent(message: object) -> Envelope:
    return read({}, json.dumps(message).encode())


def updated(**changes: object) -> dict[str, object]:
    return {"webhookEvent": "jira:issue_updated", "timestamp": 1772443905201, "issue": WHOLE, **changes}


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_each_fixture_has_its_outcome(path):
    assert outcome(read({}, path.read_bytes())) == OUTCOMES[path.stem]


def test_there_is_a_fixture_for_each_outcome():
    assert {path.stem for path in FIXTURES.glob("*.json")} == set(OUTCOMES)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded samples are not here")
def test_each_recorded_sample_has_its_outcome():
    found = {}
    for path in sorted(SAMPLES.glob("*.json")):
        envelope = read({}, path.read_bytes())
        found[path.stem] = (outcome(envelope), envelope.number, envelope.version)
    assert found == SAMPLED


def test_an_envelope_names_the_issue_and_keeps_its_rest_shape():
    envelope = read({"x-atlassian-webhook-identifier": "d41d"}, (FIXTURES / "issue-updated-status.json").read_bytes())

    assert envelope.key == "d41d"
    assert envelope.event == "jira:issue_updated"
    assert (envelope.ticket, envelope.number) == ("28874", "OPS-315")
    assert envelope.version == 1772443905017
    assert envelope.raw["fields"]["status"]["name"] == "In Progress"


def test_without_an_identifier_the_body_names_the_delivery():
    body = (FIXTURES / "issue-created.json").read_bytes()
    assert read({}, body).key.startswith("sha256:")
    assert read({}, body).key == read({}, body).key


@pytest.mark.parametrize(
    ("stated", "version"),
    [
        ("2026-03-02T10:31:45.017+0100", 1772443905017),
        ("2026-03-02T15:01:45.017+0530", 1772443905017),
        ("2026-03-02T09:31:45.017Z", 1772443905017),
        (1772443905017, 1772443905017),
        ("2026-03-02T10:31:45", 1772443905201),
        ("yesterday", 1772443905201),
        ("0001-01-01T00:00:00+2359", 1772443905201),
        ({"when": "now"}, 1772443905201),
    ],
)
def test_the_version_is_when_the_issue_was_updated_and_else_when_it_was_sent(stated, version):
    issue = {**WHOLE, "fields": {**WHOLE["fields"], "updated": stated}}
    assert sent(updated(issue=issue)).version == version


@pytest.mark.parametrize("stamp", [None, "soon", -1, True, 1e400])
def test_without_any_usable_time_there_is_no_version(stamp):
    message = updated(issue={"id": "28874", "fields": {}}, timestamp=stamp)
    if stamp == 1e400:
        with pytest.raises(Malformed):
            sent(message)
    else:
        assert sent(message).version is None


@pytest.mark.parametrize("issue_id", [28874, "28874"])
def test_an_issue_id_may_be_a_number(issue_id):
    envelope = sent(updated(issue={**WHOLE, "id": issue_id}))
    assert envelope.ticket == envelope.raw["id"] == "28874"


@pytest.mark.parametrize("changelog", [None, {}, {"items": []}, {"items": None}, "none", ...])
def test_an_update_without_changes_is_still_looked_at_unless_it_is_a_comment(changelog):
    extra = {} if changelog is ... else {"changelog": changelog}
    assert outcome(sent(updated(**extra))) == "act"
    assert sent(updated(comment={"body": "hm"}, **extra)).ignored == COMMENTS
    assert sent(updated(issue_event_type_name="issue_comment_edited", **extra)).ignored == COMMENTS


@pytest.mark.parametrize("missing", ["status", "updated", "created", "project", "issuetype", "summary"])
def test_an_issue_without_a_field_that_every_issue_has_is_read_again(missing):
    fields = {name: value for name, value in WHOLE["fields"].items() if name != missing}
    assert outcome(sent(updated(issue={**WHOLE, "fields": fields}))) == "read again"


def test_a_rule_that_picks_fields_has_its_issue_read_again():
    picked = ("summary", "status", "issuetype", "project", "created", "updated")
    issue = {**WHOLE, "fields": {name: WHOLE["fields"][name] for name in picked}}
    assert outcome(sent({"issue": issue})) == "read again"
    assert outcome(sent({"issue": WHOLE})) == "act"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "untick `Exclude body`"),
        (b'{"webhookEvent": "jira:issue_updated"}', "issue: missing from 'jira:issue_updated'"),
        (b'{"webhookEvent": 7}', "webhookEvent: found number"),
        (b'{"webhookEvent": "a b"}', "webhookEvent: found 'a b'"),
        (b'{"text": "an issue changed"}', "choose `Issue data (Jira format)`"),
        (b'{"issue": "OPS-315"}', "choose `Issue data (Jira format)`"),
        (b'{"issue": {"key": "OPS-315", "fields": {}}}', "issue.id: missing"),
        (b'{"issue": {"id": "{{issue.id}}"}}', "issue.id: found '{{issue.id}}'"),
    ],
)
def test_a_message_that_cannot_be_used_says_what_to_change(body, what):
    with pytest.raises(Malformed) as caught:
        read({}, body)
    assert what in caught.value.what


EVENTS = ["jira:issue_updated", "jira:issue_deleted", "comment_created", "sprint_closed", "made_up", ""]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([*EVENTS, "28874"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "key", "fields", "items", "updated", "status"]), inner)
    ),
    max_leaves=8,
)
NAMES = ["webhookEvent", "issue_event_type_name", "timestamp", "issue", "changelog", "comment", "transition", "id"]


@settings(max_examples=250, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, ANYTHING)).map(json.dumps).map(str.encode),
        st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, ANYTHING)).map(
            lambda changes: json.dumps(updated(**changes)).encode()
        ),
    )
)
def test_no_body_makes_the_reader_fail_in_another_way_than_malformed(body):
    try:
        envelope = read({}, body)
    except Malformed:
        return
    assert envelope.ignored or envelope.ticket
