"""Judges the outcome by what the two platforms hold, measured against the plans' own files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import requests

from connector.demo import payments, portal
from connector.demo.evidence import DISPLAY, TASK_TABLES, TIMEOUT, JiraEvidence, ServiceNowEvidence, TaskTicket
from connector.demo.payments import title_of
from connector.plan import Plan

PLATFORMS = {"servicenow": "ServiceNow", "jira": "Jira"}
NOTES = {"first steps": "Continuity plan:", "activation": "was activated", "restoration": "Service restored"}


@dataclass(frozen=True)
class Evidence:
    """What both platforms hold at the end."""

    servicenow: ServiceNowEvidence
    jira: JiraEvidence

    def tasks(self, label: str) -> list[TaskTicket]:
        return [*self.servicenow.tasks(label), *self.jira.tasks(label)]


Finding = tuple[bool, str]


def judge_payments(plan: Plan, rto: timedelta, told: payments.Told, held: Evidence) -> Iterable[Finding]:
    """Yield what is right and what is wrong about scene one; true is right. `rto` is the strictest of the services."""
    yield from _each_task_once(plan, held.tasks(f"[{plan.key}"), ())
    yield from _payments_states(plan, held)
    incident = held.servicenow.incident(told.number)
    notes = held.servicenow.notes(told.sys_id)
    yield _notes_once(told.number, notes)
    yield not held.servicenow.notes(told.sys_id, "comments"), f"{told.number}: no comment that the customer sees"
    due = datetime.strptime(incident["u_rto_due"] or "1970-01-01 00:00:00", payments.MOMENT).replace(tzinfo=UTC)
    fields = (incident["u_continuity_plan"], incident["u_recovery_progress"], due)
    right = fields == (plan.key, "100", told.began + rto) and "Service restored" in incident["u_recovery_status"]
    yield right, f"{told.number}: recovery fields tell plan {fields[0]}, {fields[1]} %, RTO due {due:%H:%M}Z, restored"
    yield _page_opens(incident["u_continuity_link"], plan.name, told.number)
    links = [link for issue in held.jira.parents(f"[{plan.key}") for link in issue["remotelinks"]]
    resolved = [link["object"].get("status", {}).get("resolved") for link in links]
    yield resolved == [True], "the link on the activation's Jira issue stands once, marked resolved"
    reviews = held.servicenow.reviews()
    numbers = ", ".join(item["number"] for item in reviews) or "none"
    yield len(reviews) == 1 and reviews[0]["active"] == "true", f"one post-incident review, still open: {numbers}"


def judge_portal(plan: Plan, told: portal.Told, held: Evidence) -> Iterable[Finding]:
    """Yield what is right and what is wrong about scene two; true is right."""
    question = f"[{plan.key}] {portal.QUESTION} {plan.name}"
    tickets = held.tasks(f"[{plan.key}")
    yield from _each_task_once(plan, tickets, (("Jira", question),))
    wanted = dict.fromkeys((title_of(plan, task.key) for task in plan.tasks), "pending")
    for key in ("static-page", "restore-database", "restore-release"):
        wanted[title_of(plan, key)] = "open"
    wanted |= {title_of(plan, "assess"): "done", question: "done"}
    wrong = [f"{item.number} is {item.state}" for item in tickets if item.state != wanted.get(item.title)]
    yield not wrong, "the decision and the first task are done, the next ones open, the rest pending" + _but(wrong)
    issue = held.jira.issue(told.key)
    bodies = [str(comment["body"]) for comment in issue["comments"]]
    public = sum(bool(comment["public"]) for comment in issue["comments"])
    counted = [sum(words in body for body in bodies) for words in ("Continuity plan:", "was activated", "invoked the")]
    internal = counted == [1, 1, 1] and not public
    yield internal, f"{told.key}: each comment once, all internal ({len(bodies)} in all, {public} public)"
    progress = held.jira.value(told.key, "Recovery progress")
    key, percent = held.jira.value(told.key, "Continuity plan"), round(float(progress or 0))
    right = (key, percent) == (plan.key, round(100 / len(plan.tasks)))
    yield right, f"{told.key}: recovery fields tell plan {key}, {percent} %"
    yield len(issue["remotelinks"]) == 1, f"{told.key}: one link to the plan"
    yield _page_opens(told.page, plan.name, told.key)


def judge_whole(plans: Sequence[Plan], held: Evidence) -> Iterable[Finding]:
    """Yield whether anything stands on the platforms that no plan asked for."""
    expected = sum(len(task.targets) for plan in plans for task in plan.tasks) + 1
    made = [
        row for name in TASK_TABLES for row in held.servicenow.tables[name] if row["correlation_display"] == DISPLAY
    ]
    subtasks = [
        issue
        for issue in held.jira.issues
        if issue["fields"]["issuetype"]["subtask"] and DISPLAY in issue["fields"]["labels"]
    ]
    found = len(made) + len(subtasks)
    yield found == expected, f"nothing else was made: {found} task tickets in all, {expected} asked for"


def _each_task_once(plan: Plan, tickets: Sequence[TaskTicket], more: Sequence[tuple[str, str]]) -> Iterable[Finding]:
    wanted = [
        (PLATFORMS[target.platform], title_of(plan, task.key)) for task in plan.tasks for target in task.targets
    ] + list(more)
    found = Counter((item.platform, item.title) for item in tickets)
    for platform in PLATFORMS.values():
        mine = [title for side, title in wanted if side == platform]
        wrong = [f"'{title}' stands {found[platform, title]} times" for title in mine if found[platform, title] != 1]
        yield not wrong, f"{plan.key}: {len(mine)} tasks in {platform}, each exactly once" + _but(wrong)


def _payments_states(plan: Plan, held: Evidence) -> Iterable[Finding]:
    cascade = ("ServiceNow", title_of(plan, "fail-back"))
    wrong = [
        f"{item.number} is {item.state}"
        for item in held.tasks(f"[{plan.key}")
        if item.state != ("not achieved" if (item.platform, item.title) == cascade else "done")
    ]
    text = f"{plan.key}: all tasks done, the one that ServiceNow closed with its incident left alone"
    yield not wrong, text + _but(wrong)
    parents = [f"{item['key']} {item['fields']['status']['name']}" for item in held.jira.parents(f"[{plan.key}")]
    done = len(parents) == 1 and parents[0].endswith(" Done")
    yield done, f"{plan.key}: one parent issue in Jira, done: {', '.join(parents) or 'none'}"


def _notes_once(number: str, notes: Sequence[str]) -> Finding:
    counted = {name: sum(words in note for note in notes) for name, words in NOTES.items()}
    once = all(count == 1 for count in counted.values()) and len(set(notes)) == len(notes)
    told = ", ".join(f"{name} {count}" for name, count in counted.items())
    return once, f"{number}: each note once ({told}; {len(notes)} in all)"


def _page_opens(address: str, name: str, number: str) -> Finding:
    """Open the page behind a ticket's link, as the agent would."""
    if not address:
        return False, f"{number}: the ticket bears no link"
    answer = requests.get(address, timeout=TIMEOUT)
    return answer.status_code == HTTPStatus.OK and name in answer.text, f"{number}: the plan's page opens from the link"


def _but(wrong: Sequence[str]) -> str:
    return f", but {'; '.join(wrong)}" if wrong else ""
