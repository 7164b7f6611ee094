"""An activation that is not complete in time is told outside both platforms, by mail and by a signed webhook."""

from __future__ import annotations

import json
import threading
from asyncio import Server
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from standardwebhooks.webhooks import Webhook

from connector.escalation import Escalations
from connector.settings import Escalation, Settings, Smtp
from connector.ticketing import Write
from tests.connector.flows.stage import plan, stage, task

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TASKS = {"assess": task("Assess"), "failover": task("Failover", on={"jira": "OPS"})}


@dataclass
class Box:
    """What came in by mail; the first `refuse` messages are refused for now."""

    mails: list[Message] = field(default_factory=list)
    refuse: int = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        if self.refuse:
            self.refuse -= 1
            return "451 try again later"
        self.mails.append(message_from_bytes(envelope.original_content or b""))
        return "250 OK"


class _Server(Controller):
    """Knocks at the port that the system gave, which the original forgets to ask for."""

    def _trigger_server(self) -> None:
        self.port = cast(Server, self.server).sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def mail_server(box: Box) -> Iterator[int]:
    controller = _Server(box, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@contextmanager
def hook_server() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield an address and what was posted there, its signature checked."""
    posted: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            Webhook(SECRET).verify(body, {name.lower(): value for name, value in self.headers.items()})
            posted.append({**json.loads(body), "id": self.headers["webhook-id"]})
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/alerts", posted
    finally:
        server.shutdown()
        server.server_close()


def test_what_does_not_stand_on_its_platform_in_time_is_told_by_mail_and_webhook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Box(refuse=1)
    with mail_server(box) as port, hook_server() as (url, posted):

        def tell(settings: Settings) -> Settings:
            smtp = Smtp("127.0.0.1", port, "continuity@example.com", ("carla.continuity@example.com",))
            return replace(settings, escalation=Escalation(timedelta(minutes=10), smtp, url, SECRET))

        with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), at="09:00", change=tell) as world:
            world.faults(world.jira, {"kind": "503", "times": None, "path": "/rest/api/3/issue"})
            made = world.incident(impact="1", urgency="1", cmdb_ci=world.ci("payments-db"))
            world.promote(made["number"])
            world.wait(world.tasks)
            assert box.mails == []
            world.at("09:11")
            world.wait(lambda: posted)
            world.wait(lambda: world.rows("SELECT 1 FROM write WHERE connection = 'escalation' AND attempts > 0"))
            for minute in (12, 13):
                world.at(f"09:{minute}")
                world.wait(lambda: not world.rows("SELECT 1 FROM subject WHERE queued = 1"))
            world.wait(lambda: box.mails)

            (mail,) = box.mails
            text = mail.get_payload(decode=True).decode()
            assert mail["To"] == "carla.continuity@example.com"
            assert f"ACT-1 (PAY-DR) for {made['number']} is not complete" in str(mail["Subject"])
            # Which of Jira's reasons stands there depends on the try: its 503, or the wait for its index after it.
            assert "jira: Jira answered 503" in text or "jira: an earlier try may have landed" in text, text
            assert {item["id"] for item in posted} == {posted[0]["id"]}
            assert posted[0]["type"] == "activation.incomplete"
            assert posted[0]["data"]["incident"] == made["number"]
            assert posted[0]["data"]["missing"] == 1

            requests.delete(f"{world.jira.url}/_sandbox/faults", timeout=5).raise_for_status()
            world.at("09:20")
            world.settle()
            world.at("10:00")
            world.settle()
            assert list(world.subtasks()) == ["Failover"]
            assert len(box.mails) == 1
            (activation,) = world.activations()
            assert activation.escalated_at
            assert activation.complete_at


def test_a_webhook_that_is_down_does_not_have_the_mail_repeated() -> None:
    box = Box()
    with mail_server(box) as port:
        smtp = Smtp("127.0.0.1", port, "continuity@example.com", ("carla.continuity@example.com",))
        sender = Escalations(Escalation(timedelta(minutes=10), smtp, "http://127.0.0.1:1/alerts", SECRET))
        values = {"activation": "ACT-1", "plan": "PAY-DR", "incident": "", "due_at": "", "text": "Late", "reasons": []}
        mail, hook = (Write(f"k:{way}", "create", "activation", values={**values, "way": way}) for way in sender.ways())

        first, second, again = sender.send([mail, hook, hook])

        assert (first.status, second.status, again.status) == ("done", "unclear", "unclear")
        assert len(box.mails) == 1


def test_a_way_that_is_not_set_up_any_more_is_refused() -> None:
    (outcome,) = Escalations(Escalation()).send([Write("k", "create", "activation", values={"way": "webhook"})])

    assert outcome.status == "refused"
    assert "continuity.yaml" in outcome.reason


def test_a_complete_activation_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box()
    with mail_server(box) as port:

        def tell(settings: Settings) -> Settings:
            smtp = Smtp("127.0.0.1", port, "continuity@example.com", ("carla.continuity@example.com",))
            return replace(settings, escalation=Escalation(timedelta(minutes=10), smtp))

        with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), at="09:00", change=tell) as world:
            world.major()
            world.at("09:30")
            world.settle()
            assert world.activations()[0].complete_at
            assert box.mails == []


def test_a_line_break_in_a_name_does_not_keep_the_mail_from_going_out() -> None:
    box = Box()
    with mail_server(box) as port:
        smtp = Smtp("127.0.0.1", port, "continuity@example.com", ("carla.continuity@example.com",))
        sender = Escalations(Escalation(timedelta(minutes=10), smtp))
        values = {
            "activation": "ACT-1", "plan": "PAY-DR", "incident": "INC1\nBcc: eve@example.com",
            "due_at": "", "text": "Late", "reasons": [], "way": "mail",
        }  # fmt: skip

        (outcome,) = sender.send([Write("k:mail", "create", "activation", values=values)])

        assert outcome.status == "done"
        assert len(box.mails) == 1
