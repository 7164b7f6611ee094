"""Messages outside both platforms, by mail and by a signed webhook: what people have to know in any case."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any

import requests
from standardwebhooks.webhooks import Webhook

from connector.settings import Escalation, Smtp
from connector.ticketing import Outcome, Write

TIMEOUT = 10.0
INCOMPLETE = "activation.incomplete"
_STANDINGS = {
    "preflight.failed": "could not be fully created",
    "preflight.mended": "are in order again",
    "preflight.unanswered": "cannot be tried",
    "preflight.answered": "can be tried again",
}


class Escalations:
    """Sends escalations like an adapter sends writes, each in the way that its values name (`way`: mail or webhook).

    Every write has a key, so a receiver can tell a repeat: the mail's Message-ID and the webhook's `webhook-id` derive
    from it. One way that is down does not have the other repeated.
    """

    def __init__(self, settings: Escalation) -> None:
        self._settings = settings

    def ways(self) -> tuple[str, ...]:
        """Return the ways that are set up: a message goes out once in each."""
        found = (("mail", self._settings.smtp is not None), ("webhook", bool(self._settings.webhook_url)))
        return tuple(way for way, there in found if there)

    def send(self, writes: Sequence[Write]) -> list[Outcome]:
        """Send each message in its way; one outcome per write, in order; never raises."""
        return [self._send(write) for write in writes]

    def _send(self, write: Write) -> Outcome:
        way = str(write.values.get("way", ""))
        if way not in self.ways():
            return Outcome(
                write.key, "refused", reason=f"no way '{way}' is set up under `escalation` in continuity.yaml"
            )
        smtp = self._settings.smtp
        fault = _mail(smtp, write) if way == "mail" and smtp is not None else self._post(write)
        if fault:
            return Outcome(write.key, "unclear", reason=fault)
        return Outcome(write.key, "done", id=write.key)

    def _post(self, write: Write) -> str:
        """Post the webhook; returns what went wrong, or ""."""
        now = datetime.now(UTC)
        data = {name: value for name, value in write.values.items() if name not in {"way", "event"}}
        event = write.values.get("event", INCOMPLETE)
        body = json.dumps({"type": event, "timestamp": now.isoformat(), "data": data})
        headers = {
            "content-type": "application/json",
            "webhook-id": write.key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self._settings.webhook_secret).sign(write.key, now, body),
        }
        try:
            answer = requests.post(
                self._settings.webhook_url, data=body.encode(), headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as error:
            return f"the webhook was not taken: {type(error).__name__}"
        return "" if answer.ok else f"the webhook was answered {answer.status_code}"


def _mail(smtp: Smtp, write: Write) -> str:
    """Send the mail; returns what went wrong, or ""."""
    message = _message(smtp, write.key, write.values)
    try:
        with smtplib.SMTP(smtp.host, smtp.port, timeout=TIMEOUT) as client:
            if smtp.starttls:
                client.starttls()
            if smtp.user:
                client.login(smtp.user, smtp.password)
            client.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        return f"the mail was not taken: {type(error).__name__}"
    return ""


def _message(smtp: Smtp, key: str, values: Mapping[str, Any]) -> EmailMessage:
    message = EmailMessage()
    event = values.get("event", INCOMPLETE)
    compose = _incomplete if event == INCOMPLETE else _preflight if event in _STANDINGS else _waiting
    subject, lines = compose(values)
    message["Subject"] = " ".join(subject.split())  # a line break in a plan's name would be no header
    message["From"] = smtp.sender
    message["To"] = ", ".join(smtp.to)
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{key.replace(':', '.')}@{make_msgid().rpartition('@')[2]}"
    message.set_content("\n".join(lines))
    return message


def _incomplete(values: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return the subject and the lines of a mail on an activation that is not complete in time."""
    incident = f" for {values['incident']}" if values["incident"] else ""
    lines = [f"{values['text']}.", f"RTO due: {values['due_at']}", "", "Why:", *values["reasons"]]
    lines += ["", "Start the missing tasks by hand, and see `continuity parked` for what can be replayed."]
    return f"Continuity activation {values['activation']} ({values['plan']}){incident} is not complete", lines


def _waiting(values: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return the subject and the lines of a mail on what waits for a person or for too long, or does no more."""
    lines = [f"{values['text']}.", "", *values["reasons"]]
    if values["event"] == "queue.parked":
        lines += ["", "Mend a cause, then its `continuity replay` tries all that wait for it."]
    return f"Continuity: {values['title']}", lines


def _preflight(values: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return the subject and the lines of a mail on what a preflight found."""
    lines = [f"{values['text']}."]
    if values["reasons"]:
        lines += ["", *values["reasons"], "", "When it is mended, `continuity preflight` tries the plans again."]
    plans = values["plans"]
    about = f": {plans[0]}" + (f" and {len(plans) - 1} more" if len(plans) > 1 else "") if plans else ""
    return f"Continuity plans on {values['connection']} {_STANDINGS[values['event']]}{about}", lines
