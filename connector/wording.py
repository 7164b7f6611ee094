"""The texts that we put on tickets: plain, short, and the same words on both platforms (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connector.moment import instant, span
from connector.plan import Plan
from connector.recovery_task import Phase, PlanTask
from connector.standing import Standing, TaskStanding

EXERCISE = "EXERCISE: "
PHASE_NAMES = {
    Phase.ACTIVATION: "Activation",
    Phase.CONTAINMENT: "Containment",
    Phase.RECOVERY: "Recovery",
    Phase.RETURN_TO_NORMAL: "Return to normal",
}
FIRST_STEPS = 3


def label(title: str, *, exercise: bool) -> str:
    """Return a title, marked when it belongs to an exercise; cut to what every platform takes (160 characters)."""
    text = " ".join(title.split())
    return ((EXERCISE if exercise else "") + text)[:160]


def task_title(standing: Standing, task: TaskStanding) -> str:
    keys = [item.key for item in standing.plan.tasks]
    place = f" {keys.index(task.key) + 1}/{len(keys)}" if task.key in keys else ""
    return label(f"[{standing.plan.key}{place}] {task.name}", exercise=standing.exercise)


def task_text(standing: Standing, task: PlanTask, incident: str, link: str) -> str:
    """Say what to do, for whom, when it may begin and where the whole plan stands."""
    plan = standing.plan
    names = {item.key: item.name for item in plan.tasks}
    lines = [task.instructions] if task.instructions else []
    lines.append(
        f"Plan: {plan.name} ({plan.key}), phase: {PHASE_NAMES[task.phase]}" + (f", for {incident}" if incident else "")
    )
    lines.append("Required for recovery." if task.required else "Optional.")
    who = [task.role, *_reach(plan, [task.role])]
    if task.role:
        lines.append("Role: " + ", ".join(who[1:]) if len(who) > 1 else f"Role: {task.role}")
    if task.phase is Phase.RECOVERY:
        lines.append("When data was restored, write on closing: recovery point: YYYY-MM-DD HH:MM (UTC).")
    if task.team:
        lines.append(f"Team: {task.team}")
    if task.after:
        lines.append("Starts after: " + ", ".join(names[key] for key in task.after))
    lines.append(
        f"Expected duration: {span(task.duration)}. Due {instant(standing.tasks[task.key].due_at or standing.due_at)}."
    )
    if link:
        lines.append(f"Plan and status: {link}")
    return "\n".join(lines)


def question_text(standing: Standing, task: TaskStanding, incident: str, link: str) -> str:
    """Put a question to a person: how to answer it, and what follows."""
    plan = standing.plan
    if task.kind == "invoke":
        ask = f"Decide whether the plan {plan.name} is invoked. Complete this task: all phases begin. Close it as skipped or incomplete: the plan is stood down."
        reach = _reach(plan, [plan.decider])
    else:
        ask = f"{standing.stand_down_reason}. Complete this task: the plan {plan.name} is stood down. Close it as skipped or incomplete: the plan carries on."
        reach = []
    lines = [ask, *(f"Decides: {item}" for item in reach)]
    if incident:
        lines.append(f"Incident: {incident}")
    if link:
        lines.append(f"Plan and status: {link}")
    return "\n".join(lines)


def activation_text(standing: Standing, incident: str, services: Sequence[str], link: str) -> str:
    """Describe an activation on the ticket that stands for it."""
    plan = standing.plan
    lines = [
        f"The continuity plan {plan.name} ({plan.key}) is being carried out"
        + (f" for {incident}." if incident else "."),
        f"Services: {', '.join(services)}. RTO {span(standing.rto)}, due {instant(standing.due_at)}.",
        *(f"Response team: {item}" for item in _reach(plan, [role.name for role in plan.team])),
    ]
    if link:
        lines.append(f"Plan and status: {link}")
    return "\n".join(lines)


def link_note(plan: Plan, services: Sequence[str], rto: str, link: str) -> str:
    """Tell the desk of the plan: the first steps, whom to call, and where to read on."""
    first = [task.name for task in plan.tasks][:FIRST_STEPS]
    lines = [
        f"Continuity plan: {plan.name} ({plan.key}). Services: {', '.join(services)}. RTO {rto}.",
        *(f"{number}. {name}" for number, name in enumerate(first, start=1)),
        "Response team:",
        *(f"- {item}" for item in _reach(plan, [role.name for role in plan.team])),
        f"Plan and status: {link}",
    ]
    return "\n".join(lines)


def activated_note(standing: Standing, by: str) -> str:
    plan = standing.plan
    lead = f"{plan.name} ({plan.key}) was activated" + ("" if by == "rule" else f" by {by}")
    tasks = f"{len(plan.tasks)} recovery tasks"
    asked = (
        ""
        if standing.invoked
        else " The decider is asked whether to invoke the plan; only the activation phase begins."
    )
    return f"{EXERCISE if standing.exercise else ''}{lead}: {tasks}, RTO {span(standing.rto)}, due {instant(standing.due_at)}.{asked}"


def review_text(standing: Standing, incident: str, link: str) -> str:
    took = span(standing.restored_at - standing.clock_start) if standing.restored_at else "not restored"
    met = "met" if standing.restored_at and standing.restored_at <= standing.due_at else "missed"
    lines = [
        f"Post-incident review of {standing.plan.name}" + (f" for {incident}." if incident else "."),
        f"Disruption began {instant(standing.clock_start)}; actual recovery time {took}; RTO of {span(standing.rto)} {met}.",
        "Record what worked, what did not, the actual recovery point, and what the plan has to change.",
    ]
    if link:
        lines.append(f"Plan and what happened: {link}")
    return "\n".join(lines)


def _reach(plan: Plan, names: Iterable[str]) -> list[str]:
    """Say who fills each role and how to reach them."""
    found = []
    for name in names:
        role = plan.role(name)
        if role is not None:
            ways = [way for way in (role.phone, role.email, role.channel) if way]
            deputy = f" (deputy {role.deputy})" if role.deputy else ""
            found.append(f"{role.name}: {role.person}{deputy}" + (f", {', '.join(ways)}" if ways else ""))
    return found
