"""Turns what happened into webhooks as the real ones look: bodies by flavour, headers by target, retries on Cloud."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from typing import Any

from sandbox.jira.event import Event
from sandbox.jira.options import Options
from sandbox.jira.site import Site
from sandbox.jira.store import Store
from sandbox.jira.view import View
from sandbox.webhooks import Message, Sender, Target

Json = dict[str, Any]
RETRIES = 5
_RETRIED = {408, 409, 425, 429}
_COMMENT_ISSUE_FIELDS = {"summary", "issuetype", "project", "assignee", "priority", "status"}
_DELETED_ONLY = {"comment"}


def sender(options: Options) -> Sender:
    """The outgoing side for this flavour: Cloud signs and retries, Data Center does neither."""

    def sign(target: Target, message: Message) -> dict[str, str]:
        if target.style == "static":
            return {"X-Continuity-Secret": target.secret}
        if not options.cloud:
            return {}
        headers = {
            "X-Atlassian-Webhook-Identifier": message.id,
            "X-Atlassian-Webhook-Flow": "Primary",
            "X-Atlassian-Webhook-Retry": str(message.retry),
        }
        if message.retry == 0:
            del headers["X-Atlassian-Webhook-Retry"]
        if target.secret:
            digest = hmac.new(target.secret.encode(), message.body, hashlib.sha256).hexdigest()
            headers["X-Hub-Signature"] = f"sha256={digest}"
        return headers

    def retry(message: Message, status: int | None) -> float | None:
        if not options.cloud or message.retry >= RETRIES:
            return None
        failed = status is None or status in _RETRIED or status >= 500  # noqa: PLR2004 - server errors
        return options.webhook_retry_seconds * (1 + message.retry) if failed else None

    return Sender(sign, options.targets, retry)


class Announcer:
    """Queues an event's webhooks; called under the store's lock, so that a body shows the state of that moment."""

    def __init__(self, options: Options, site: Callable[[], Site], store: Store, webhooks: Sender) -> None:
        self._cloud = options.cloud
        self._site = site
        self._store = store
        self._webhooks = webhooks

    def tell(self, event: Event, base: str) -> None:
        if not self._webhooks.aimed:
            return
        view = View(base, "2", self._cloud, self._site(), self._store, webhook=True)
        for body in self._bodies(event, view):
            raw = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
            self._webhooks.send(Message(body["webhookEvent"], event.issue.key, raw, str(uuid.uuid4())))

    def _bodies(self, event: Event, view: View) -> list[Json]:
        if event.kind in {"commented", "comment_updated"}:
            return self._commented(event, view)
        body: Json = {"timestamp": _milliseconds(event), "webhookEvent": f"jira:issue_{event.kind}"}
        if event.kind != "deleted":
            body["issue_event_type_name"] = event.name
        body |= {"user": view.user(event.author), "issue": self._issue(event, view)}
        # Whether a creation brings a changelog differs from one to the next on Cloud; Data Center sends none.
        told = event.kind == "updated" or (self._cloud and event.issue.id % 2 == 0)
        if event.change is not None and told:
            items = [view.change_item(item) for item in event.change.items]
            body["changelog"] = {"id": event.change.id, "items": items}
        return [body]

    def _issue(self, event: Event, view: View) -> Json:
        whole = not self._cloud or event.kind == "deleted"
        return _without_expand(view.issue(event.issue, lambda name: whole or name not in _DELETED_ONLY))

    def _commented(self, event: Event, view: View) -> list[Json]:
        """Cloud sends one event, an issue of six fields and no user; Data Center two, the first without an issue."""
        if event.comment is None:
            raise ValueError("a commented event carries its comment")
        comment = view.comment(event.issue, event.comment)
        name = "comment_created" if event.kind == "commented" else "comment_updated"
        created: Json = {"timestamp": _milliseconds(event), "webhookEvent": name, "comment": comment}
        if self._cloud:
            issue = _without_expand(view.issue(event.issue, lambda name: name in _COMMENT_ISSUE_FIELDS))
            return [created | {"issue": issue}]
        updated: Json = {
            "timestamp": _milliseconds(event),
            "webhookEvent": "jira:issue_updated",
            "issue_event_type_name": event.name,
            "user": view.user(event.author),
            "issue": _without_expand(view.issue(event.issue)),
            "comment": comment,
        }
        return [created, updated]


def _without_expand(issue: Json) -> Json:
    return {key: value for key, value in issue.items() if key != "expand"}


def _milliseconds(event: Event) -> int:
    return int(event.at.timestamp() * 1000)
