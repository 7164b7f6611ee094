"""The whole show: both scenes, the verdict, the figures, and the addresses to look at."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import requests
from rich.console import Console

from connector.demo.evidence import NotSeen, Witness
from connector.demo.narrator import Narrator
from connector.demo.payments import Payments
from connector.demo.payments import Told as PaymentsTold
from connector.demo.portal import Portal
from connector.demo.portal import Told as PortalTold
from connector.demo.stage import Stage, stage
from connector.demo.verdict import Evidence, Finding, judge_payments, judge_portal, judge_whole


@dataclass(frozen=True)
class Outcome:
    """What came of the demo; `failure` says what broke it off, "" when it was played to its end."""

    findings: tuple[Finding, ...] = ()
    figures: tuple[tuple[str, str], ...] = ()
    failure: str = ""

    @property
    def well(self) -> bool:
        """Whether the platforms hold what they should."""
        return not self.failure and bool(self.findings) and all(right for right, _ in self.findings)


def run(console: Console, *, stay: bool, pause: float | None = None) -> Outcome:
    """Play the demo on a console and return what came of it.

    `stay` keeps everything running afterwards until Ctrl-C. `pause` is seconds after a line (None: some on a terminal).
    """
    narrator = Narrator(console, pause=pause)
    narrator.plain("continuity-connector, with a simulated ServiceNow and a simulated Jira over HTTP")
    started = time.monotonic()
    try:
        with stage() as built:
            outcome = _play(built, narrator, started)
            if stay:
                _stay(built, narrator)
            return outcome
    except KeyboardInterrupt:
        return _broken(narrator, "stopped before its end")


def _play(built: Stage, narrator: Narrator, started: float) -> Outcome:
    witness = Witness(built.servicenow, built.jira)
    try:
        witness.settle()
        first = Payments(built, witness, narrator).play()
        second = Portal(built, witness, narrator).play()
    except NotSeen as error:
        return _broken(narrator, str(error))
    except requests.RequestException as error:
        return _broken(narrator, f"a platform refused what a person did: {error}")
    findings = tuple(_judge(built, witness, first, second))
    outcome = Outcome(findings, tuple(_figures(witness, first, time.monotonic() - started)))
    narrator.scene("What the two platforms hold, asked of them and not of the connector")
    narrator.verdict(outcome.findings)
    narrator.scene("Figures")
    narrator.figures(outcome.figures)
    narrator.plain()
    narrator.plain("The story is true." if outcome.well else "The story is NOT true: see the lines marked WRONG.")
    return outcome


def _broken(narrator: Narrator, failure: str) -> Outcome:
    narrator.failed(failure)
    return Outcome(failure=failure)


def _judge(built: Stage, witness: Witness, first: PaymentsTold, second: PortalTold) -> Iterable[Finding]:
    held = Evidence(witness.servicenow(), witness.jira())
    plans = built.catalog.plans
    yield from judge_payments(plans["PAY-DR"], _rto(built, "PAY-DR"), first, held)
    yield from judge_portal(plans["PORTAL-LOSS"], second, held)
    yield from judge_whole([plans["PAY-DR"], plans["PORTAL-LOSS"]], held)


def _rto(built: Stage, plan: str) -> timedelta:
    """Return the strictest RTO among the services of a plan."""
    return min(built.catalog.services[key].rto for key in built.catalog.plans[plan].services)


def _figures(witness: Witness, first: PaymentsTold, seconds: float) -> Iterable[tuple[str, str]]:
    yield "From the webhook of the promotion to the last of the 13 task tickets", f"{first.seconds_to_last_task:.2f} s"
    for platform, count in first.calls_to_last_task.items():
        yield f"Calls to {platform} from the promotion to the last task, link and note", str(count)
    for platform in witness.addresses:
        yield f"Calls to {platform} from the promotion to here, both incidents", str(len(witness.calls(platform)))
    yield "The whole demo", f"{seconds:.1f} s"


def _stay(built: Stage, narrator: Narrator) -> None:
    """Keep the stage up for people to look at; ends with Ctrl-C."""
    witness = Witness(built.servicenow, built.jira)
    page = next((row["u_continuity_link"] for row in witness.servicenow().tables["incident"]), "")
    narrator.scene("Look around; Ctrl-C ends it")
    narrator.plain(f"  ServiceNow        {built.servicenow}/")
    narrator.plain(f"  Jira              {built.jira}/")
    narrator.plain(f"  The plan's page   {page}")
    narrator.plain(f"  API               {built.connector}/api/docs   (token: {built.token})")
    narrator.plain(f"  Metrics           {built.connector}/metrics")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        narrator.plain("\nStopping; it takes a few seconds.")
