"""Settings that are wrong: everything is told at once, with what to write instead."""

from datetime import time, timedelta
from pathlib import Path

import pytest

from connector.settings import Survey, survey

GOOD = """\
database: sqlite:///continuity.db
public_url: http://localhost:8080
secret: ${SECRET}
connections:
  jira:
    platform: jira
    url: http://localhost:8082
    auth: {user: continuity@example.com, password: word}
    project: OPS
    fallback_team: Service Desk
"""
NEEDS = {"servicenow": (), "jira": ("project",)}
SECRET = "sixteen characters and more"


def read(folder: Path, text: str, secret: str = SECRET) -> Survey:
    (folder / "continuity.yaml").write_text(text)
    return survey(folder, {"SECRET": secret} if secret else {}, NEEDS)


def told(folder: Path, text: str, secret: str = SECRET) -> list[str]:
    return [str(problem) for problem in read(folder, text, secret).problems]


def test_good_settings_have_no_problem(tmp_path: Path) -> None:
    assert told(tmp_path, GOOD) == []


def test_faults_of_every_kind_are_told_together(tmp_path: Path) -> None:
    text = GOOD.replace("    project: OPS\n", "    major: priorty == 1\n    poll: perhaps\n") + "poll_evry: 1m\n"
    text = text.replace("password: word", "token_: x") + "database: sqlite:///other.db\n"

    found = " ".join(told(tmp_path, text, secret="short"))

    for what in (
        "continuity.yaml:3: secret: the secret is shorter than 16 characters; use 32 random ones",
        "connections.jira.major: unknown name 'priorty'",
        "connections.jira.poll: 'perhaps' is neither true nor false",
        "connections.jira: the field project is missing",
        "connections.jira.auth: no complete way to sign in",
        "connections.jira.auth.token_: unknown field",
        "poll_evry: unknown field",
        "database: the key stands twice, first on line 1",
    ):
        assert what in found, what


def test_a_secret_that_is_not_set_is_told_once_and_the_rest_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD, secret="")

    assert [problem.what for problem in found.problems] == ["the environment variable SECRET is not set"]
    assert found.settings is not None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("listen: 18083", "listen: 18083 has no address; write it as 127.0.0.1:18083"),
        ("listen: localhost", "listen: 'localhost' has no port from 1 to 65535; write it as 127.0.0.1:8080"),
        (
            "listen: 127.0.0.1:99999",
            "listen: '127.0.0.1:99999' has no port from 1 to 65535; write it as 127.0.0.1:8080",
        ),
        ("keep_history: 23h", "keep_history: the duration is shorter than a day; write one such as 400d"),
        (
            "preflight_at: 25:00",
            "preflight_at: '25:00' is not a time of day; write hours and minutes in UTC, such as '03:00'",
        ),
        (
            "escalation: {webhook: {url: 'https://alerts.example.com', secret: short}}",
            "escalation.webhook.secret: the secret is shorter than 16 characters; use 32 random ones",
        ),
        (
            "escalation: {smtp: {host: mail, from: continuity, to: carla@example.com}}",
            "escalation.smtp.from: 'continuity' is not a mail address; write one such as carla@example.com",
        ),
        (
            "escalation: {smtp: {host: mail, from: a@example.com, to: [b@example.com, carla]}}",
            "escalation.smtp.to[1]: 'carla' is not a mail address; write one such as carla@example.com",
        ),
    ],
)
def test_a_wrong_value_is_told_with_what_to_write(line: str, message: str, tmp_path: Path) -> None:
    assert told(tmp_path, f"{GOOD}{line}\n") == [f"continuity.yaml:11: {message}"]


@pytest.mark.parametrize("written", ["0", "-1", "many", "yes", "1000000", "1.5"])
def test_a_number_of_calls_is_one_that_can_be_kept(written: str, tmp_path: Path) -> None:
    text = GOOD + f"    calls_per_minute: {written}\n    reconcile_calls_per_minute: 30\n"

    (found,) = told(tmp_path, text)

    assert found.startswith("continuity.yaml:11: connections.jira.calls_per_minute: '")
    assert found.endswith("is not a number of calls; write one from 1 to 100000")


def test_what_is_kept_in_step_is_said_for_each_kind(tmp_path: Path) -> None:
    wrong = told(tmp_path, GOOD + "    records: {service: links, plans: create}\n")
    homeless = told(tmp_path, GOOD + "    records: {plan: off, plan_task: create}\n")
    found = read(tmp_path, GOOD + "    records: {service: link, plan: off}\nreconcile_every: 10m\n")

    assert any(
        "connections.jira.records.service: 'links' is not known here; did you mean 'link'?" in one for one in wrong
    )
    assert any("connections.jira.records.plans: unknown field" in one for one in wrong)
    expected = (
        "connections.jira.records.plan_task: the tasks of plans stand under their plans, and plans are not kept here; "
        "add plan: link or create, or say off"
    )
    assert [one.partition(": ")[2] for one in homeless] == [expected]
    assert told(tmp_path, GOOD + "    records: {plan: link, plan_task: create}\n") == []
    assert found.settings is not None
    assert found.settings.connections["jira"].records == {"service": "link", "plan": "off"}
    assert found.settings.reconcile_every == timedelta(minutes=10)


@pytest.mark.parametrize(("written", "at"), [("off", None), ("'off'", None), ("23:15", time(23, 15))])
def test_the_nightly_audit_has_a_time_or_is_off(written: str, at: time | None, tmp_path: Path) -> None:
    (tmp_path / "continuity.yaml").write_text(f"{GOOD}    audit_at: {written}\n")

    found = survey(tmp_path, {"SECRET": SECRET}, NEEDS)

    assert found.problems == ()
    assert found.settings is not None
    assert found.settings.connections["jira"].audit_at == at


def test_a_missing_file_names_the_folder_that_was_read(tmp_path: Path) -> None:
    (found,) = survey(tmp_path, {}, NEEDS).problems

    assert found.what == f"there is no such file in {tmp_path.resolve()}"
    assert "`continuity init DIRECTORY`" in found.fix


def test_a_platform_that_is_added_is_known_with_the_settings_that_it_needs(tmp_path: Path) -> None:
    (tmp_path / "continuity.yaml").write_text(GOOD.replace("platform: jira", "platform: desk"))

    unknown = survey(tmp_path, {"SECRET": SECRET}, NEEDS)
    known = survey(tmp_path, {"SECRET": SECRET}, {**NEEDS, "desk": ("project",)})
    needy = survey(tmp_path, {"SECRET": SECRET}, {**NEEDS, "desk": ("review_project",)})

    assert [problem.what for problem in unknown.problems] == ["'desk' is not known here"]
    assert known.problems == ()
    assert known.settings is not None
    assert [problem.what for problem in needy.problems] == ["the field review_project is missing"]


@pytest.mark.parametrize("written", ["03:30", "'03:30'", "3:30"])
def test_the_time_of_the_nightly_preflight_is_read_with_or_without_quotes(written: str, tmp_path: Path) -> None:
    (tmp_path / "continuity.yaml").write_text(f"{GOOD}preflight_at: {written}\n")

    found = survey(tmp_path, {"SECRET": SECRET}, NEEDS)

    assert found.problems == ()
    assert found.settings is not None
    assert found.settings.preflight_at == time(3, 30)


def test_what_becomes_of_files_is_copy_up_to_ten_megabytes_unless_said_otherwise(tmp_path: Path) -> None:
    said = GOOD + "    files: tell\n    largest_file: 1.5 kB\n"

    found = [read(tmp_path, text).settings for text in (GOOD, said)]

    sides = [settings.connections["jira"] for settings in found if settings is not None]
    assert [(side.files, side.largest_file) for side in sides] == [("copy", 10 * 2**20), ("tell", 1536)]


def test_files_and_sizes_that_are_not_understood_are_told_with_what_to_write(tmp_path: Path) -> None:
    for written, what in (
        ("files: copi", "files: 'copi' is not known here; did you mean 'copy'?"),
        ("largest_file: 10", "largest_file: '10' is not a size; write a number with kB, MB or GB, such as 10 MB"),
        (
            "largest_file: 0 MB",
            "largest_file: '0 MB' is not between 1 kB and 1 GB; to copy no files, write files: tell",
        ),
        (
            "largest_file: 2 GB",
            "largest_file: '2 GB' is not between 1 kB and 1 GB; to copy no files, write files: tell",
        ),
    ):
        (problem,) = told(tmp_path, GOOD + f"    {written}\n")
        assert problem.endswith(f"connections.jira.{what}"), problem
