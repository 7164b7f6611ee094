"""Files on issues: where their content is, and who gets our credentials for it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from adapters.jira import files
from connector.ticketing import Refused, Remark, Unavailable, Write
from sandbox.jira.app import create
from sandbox.jira.options import Options
from sandbox.server import start
from tests.adapters.jira.jira_desk import Desk, only, write


@contextmanager
def opened(**options: Any) -> Iterator[Desk]:
    running = start(create(Options(search_lag=0.0, **options)))
    try:
        yield Desk(running.url, options.get("flavour", "cloud"))
    finally:
        running.stop()


def attach(jira: Any, issue: str, name: str = "failover.log", content: bytes = b"fine") -> Any:
    values = {"file": name, "size": len(content), "type": "text/plain"}
    return only(jira.send([Write("f", "attach", "recovery_task", issue, values=values, content=io.BytesIO(content))]))


def content(jira: Any, issue: str) -> bytes:
    (file,) = jira.remarks("recovery_task", [issue])
    into = io.BytesIO()
    jira.content(file, into)
    return into.getvalue()


def test_where_jira_sends_to_for_a_file_nobody_gets_our_credentials() -> None:
    with opened(redirects_always=True) as desk:
        jira = desk.warmed()
        made = only(jira.send([write("t")]))
        attach(jira, made.id)
        desk.forget_calls()

        # The place that it sends to refuses whoever signs in.
        assert content(jira, made.id) == b"fine"
        told = requests.get(f"{desk.url}/_sandbox/calls", timeout=5).json()["calls"]
        assert [(call["path"].split("/")[1], bool(call["account"])) for call in told[-2:]] == [
            ("rest", True),
            ("media", False),
        ]


@pytest.mark.parametrize("target", ["http://example.invalid/file", "ftp://example.invalid/file", "file:///etc/passwd"])
def test_a_file_is_followed_to_https_only(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened() as desk:
        asked: list[str] = []
        monkeypatch.setattr(files.requests, "get", lambda address, **_: asked.append(address))

        with pytest.raises(files.Rejected, match="not https"), files._elsewhere(desk.adapter()._site, target):
            pass

        assert asked == []


def test_a_data_center_that_sends_to_its_login_page_gives_no_file() -> None:
    with opened(flavour="datacenter") as desk:
        jira = desk.warmed()
        made = only(jira.send([write("t")]))
        attach(jira, made.id, "Plan für 2.log")

        assert content(jira, made.id) == b"fine"
    with opened(flavour="datacenter", secure_takes_pat=False) as desk:
        jira = desk.warmed()
        made = only(jira.send([write("t")]))
        attach(jira, made.id)

        with pytest.raises(Refused, match="login page"):
            content(jira, made.id)


def test_files_that_are_switched_off_are_refused_before_anything_is_sent() -> None:
    with opened(attachments=False) as desk:
        jira = desk.warmed()
        made = only(jira.send([write("t")]))
        desk.forget_calls()

        outcome = attach(jira, made.id)

        assert (outcome.status, outcome.reason) == ("refused", "files on issues are switched off in Jira")
        assert desk.calls() == ["GET /attachment/meta"]


@pytest.mark.parametrize(
    ("kind", "status"), [("429", "retry"), ("500", "unclear"), ("html_200", "unclear"), ("503_after", "unclear")]
)
def test_the_fate_of_a_file_is_told_as_of_any_write(cloud: Desk, kind: str, status: str) -> None:
    jira = cloud.warmed()
    made = only(jira.send([write("t")]))
    cloud.faults({"method": "POST", "path": "/attachments$", "kind": kind})

    outcome = attach(jira, made.id)

    assert outcome.status == status
    assert "fine" not in outcome.reason


@pytest.mark.parametrize("kind", ["429", "500", "html_200", "drop_after"])
def test_a_content_that_does_not_come_now_is_asked_for_later(cloud: Desk, kind: str) -> None:
    jira = cloud.warmed()
    made = only(jira.send([write("t")]))
    attach(jira, made.id)
    cloud.faults({"method": "GET", "path": "/attachment/content", "kind": kind})

    with pytest.raises(Unavailable):
        content(jira, made.id)


def test_an_id_that_is_none_is_asked_for_nowhere(cloud: Desk) -> None:
    jira = cloud.warmed()

    with pytest.raises(Refused):
        jira.content(Remark("1", "attachment:../../user", "attachment", "", None, "x"), io.BytesIO())

    assert cloud.calls() == []
