"""Puts up both simulated platforms and the connector in this one process, and takes them down again."""

from __future__ import annotations

import base64
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask
from waitress.server import create_server

from connector.bootstrap import Connector
from connector.catalog import Catalog, load, to_json, write_example
from connector.settings import Auth, ConnectionSettings, Escalation, Settings, WebhookIn
from connector.store import catalogs
from sandbox.jira import app as jira_app
from sandbox.jira.options import Options as JiraOptions
from sandbox.server import Running, start
from sandbox.servicenow import app as servicenow_app
from sandbox.servicenow.options import Options as ServiceNowOptions
from sandbox.webhooks import Target

HOST = "127.0.0.1"
FALLBACK = "Service Desk"
OUTAGE_BEGAN = """\
# What this site changes of the shipped mapping: the agent notes in "Actual start" when the outage began.
version: 1
fields:
  outage_began_at: {field: work_start, direction: read, type: datetime}
"""


@dataclass(frozen=True)
class Stage:
    """The addresses of the two platforms and of the connector, the token of its read API, and the records in force."""

    servicenow: str
    jira: str
    connector: str
    token: str
    catalog: Catalog


@contextmanager
def stage() -> Iterator[Stage]:
    """Give a running stage on free ports; the database and the records stand in a folder that is deleted at the end."""
    with TemporaryDirectory(prefix="continuity-demo-") as folder:
        directory = Path(folder)
        write_example(directory)
        mapping = directory / "mappings" / "servicenow" / "incident.yaml"
        mapping.parent.mkdir(parents=True, exist_ok=True)
        mapping.write_text(OUTAGE_BEGAN, encoding="utf-8")
        listener = socket.create_server((HOST, 0))
        address = f"http://{HOST}:{listener.getsockname()[1]}"
        token = secrets.token_urlsafe(16)
        keys = {"servicenow": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()}
        keys["jira"] = secrets.token_urlsafe(24)
        servicenow = start(servicenow_app.create(_servicenow(address, keys["servicenow"])))
        jira = start(jira_app.create(_jira(address, keys["jira"])))
        connector = Connector(_settings(directory, address, token, keys, servicenow, jira))
        try:
            connector.prepare()
            catalog = load(directory, ["servicenow", "jira"], datetime.now(UTC).date())
            with connector.database.begin() as tx:
                catalogs.apply(tx, catalog.digest, to_json(catalog), "the demo", datetime.now(UTC))
            parts = connector.launch()
            with _served(connector.web(parts.wakes), listener):
                yield Stage(servicenow.url, jira.url, address, token, catalog)
        finally:
            connector.stop()
            servicenow.stop()
            jira.stop()


@contextmanager
def _served(app: Flask, listener: socket.socket) -> Iterator[None]:
    server = create_server(app, sockets=[listener], threads=8)
    thread = threading.Thread(target=server.run, name="demo-web", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.close()
        thread.join(timeout=5)


def _servicenow(address: str, key: str) -> ServiceNowOptions:
    return ServiceNowOptions(targets=(Target(f"{address}/webhooks/servicenow", key, "standard"),))


def _jira(address: str, key: str) -> JiraOptions:
    return JiraOptions(targets=(Target(f"{address}/webhooks/jira", key, "hub"),))


def _settings(
    directory: Path, address: str, token: str, keys: dict[str, str], servicenow: Running, jira: Running
) -> Settings:
    return Settings(
        directory=directory,
        database=f"sqlite:///{directory}/continuity.db",
        public_url=address,
        secret=secrets.token_urlsafe(32),
        api_tokens=(token,),
        write_back_window=timedelta(seconds=0.3),
        escalation=Escalation(),
        connections={
            "servicenow": ConnectionSettings(
                name="servicenow",
                platform="servicenow",
                url=servicenow.url,
                auth=Auth("continuity.integration", "sandbox-password"),
                webhook=WebhookIn("standard", (keys["servicenow"],)),
                fallback_team=FALLBACK,
                desk_team=FALLBACK,
            ),
            "jira": ConnectionSettings(
                name="jira",
                platform="jira",
                url=jira.url,
                auth=Auth("continuity.integration@example.com", "sandbox-token"),
                webhook=WebhookIn("hub", (keys["jira"],)),
                fallback_team=FALLBACK,
                desk_team=FALLBACK,
                project="OPS",
            ),
        },
    )
