"""Simulated platforms to try things on, each a process of its own."""

from __future__ import annotations

import signal
import sys
from types import FrameType

import click
from flask import Flask

from connector.cli import output
from sandbox.jira import app as jira_app
from sandbox.jira.options import Flavour
from sandbox.jira.options import Options as JiraOptions
from sandbox.server import serve_forever
from sandbox.servicenow import app as servicenow_app
from sandbox.servicenow.options import Options as ServiceNowOptions
from sandbox.webhooks import Target

LAST_PORT = 65535
PORT = click.IntRange(0, LAST_PORT)

host_option = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
webhook_option = click.option("--webhook", default="", metavar="URL", help="Who hears of changes: .../webhooks/NAME.")
secret_option = click.option(
    "--secret", default="", envvar="CONTINUITY_SANDBOX_SECRET", help="Proves the webhooks, as the connection expects."
)


@click.group()
def sandbox() -> None:
    """Run a simulated platform: its REST, its webhooks, and faults on demand under /_sandbox."""


@sandbox.command()
@click.option("--port", type=PORT, default=8081, show_default=True, help="0 takes a free one.")
@host_option
@webhook_option
@secret_option
@click.option(
    "--style",
    type=click.Choice(["standard", "static"]),
    default="standard",
    show_default=True,
    help="Standard Webhooks (the secret is whsec_ and base64), or the secret itself in a header.",
)
@click.option("--mim/--no-mim", default=True, show_default=True, help="Major Incident Management is installed.")
@click.option("--plain", is_flag=True, help="Without Major Incident Management and without any u_ column.")
@click.option("--bcm", is_flag=True, help="Business Continuity Management is installed: plans stand on its tables.")
@click.option("--told", multiple=True, metavar="TABLE", help="A further table whose changes send webhooks; repeatable.")
@click.option(
    "--policy-acl/--no-policy-acl", default=True, show_default=True, help="Data policies are hidden from the account."
)
def servicenow(  # one line an option
    *,
    port: int,
    host: str,
    webhook: str,
    secret: str,
    style: str,
    mim: bool,
    plain: bool,
    bcm: bool,
    told: tuple[str, ...],
    policy_acl: bool,
) -> None:
    """Run a simulated ServiceNow instance."""
    targets = _targets(webhook, secret, style)
    options = ServiceNowOptions(
        mim=mim, plain=plain, bcm=bcm, rules=frozenset(told), policy_acl=policy_acl, targets=targets
    )
    _serve(servicenow_app.create(options), host, port)


@sandbox.command()
@click.option("--port", type=PORT, default=8082, show_default=True, help="0 takes a free one.")
@host_option
@webhook_option
@secret_option
@click.option(
    "--style",
    type=click.Choice(["hub", "static"]),
    default="hub",
    show_default=True,
    help="X-Hub-Signature over the body (Cloud), or the secret itself in a header.",
)
@click.option("--flavour", type=click.Choice(["cloud", "datacenter"]), default="cloud", show_default=True)
@click.option(
    "--search-lag",
    type=click.FloatRange(min=0),
    default=1.5,
    show_default=True,
    metavar="SECONDS",
    help="How long a change takes to be found by a search.",
)
@click.option("--rate-limits", is_flag=True, help="Limit bursts as Jira does.")
def jira(  # one line an option
    *,
    port: int,
    host: str,
    webhook: str,
    secret: str,
    style: str,
    flavour: Flavour,
    search_lag: float,
    rate_limits: bool,
) -> None:
    """Run a simulated Jira, Cloud or Data Center."""
    options = JiraOptions(
        flavour=flavour, search_lag=search_lag, rate_limits=rate_limits, targets=_targets(webhook, secret, style)
    )
    _serve(jira_app.create(options), host, port)


def _targets(webhook: str, secret: str, style: str) -> tuple[Target, ...]:
    if webhook and not secret:
        raise click.UsageError("--webhook needs --secret: what the connector's settings name as the webhook's secret")
    return (Target(webhook, secret, style),) if webhook else ()


def _serve(app: Flask, host: str, port: int) -> None:
    """Serve until SIGTERM (exit code 0) or ^C."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        serve_forever(app, host, port)
    except OSError as error:
        raise output.Declined(
            f"cannot listen on {host}:{port}: {error.strerror or error}; use another --port"
        ) from None


def _leave(number: int, frame: FrameType | None) -> None:
    del number, frame
    sys.exit(0)
