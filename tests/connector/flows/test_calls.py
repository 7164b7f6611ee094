"""Few calls: an activation of twenty tasks on both platforms, and write-backs that carry what moved together."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connector.settings import Settings
from tests.connector.flows.stage import plan, stage, task

BOTH = ["servicenow", {"jira": "OPS"}]


def a_window_of_a_second(settings: Settings) -> Settings:
    return replace(settings, write_back_window=timedelta(seconds=1))


def test_twenty_tasks_on_both_platforms_take_four_calls_a_side_and_a_write_back_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = {f"step-{n}": task(f"Step {n}", duration="5m", on=BOTH) for n in range(1, 19)}
    tasks["in-jira"] = task("In Jira", on={"jira": "OPS"})
    tasks["last"] = task("Last", *tasks, on="servicenow")
    with stage(tmp_path, monkeypatch, plan("PAY-DR", tasks), change=a_window_of_a_second) as world:
        world.forget_calls()
        incident = world.major()
        assert len(world.tasks()) == 19
        assert len(world.subtasks()) == 19
        assert len(world.calls(world.servicenow)) <= 4
        assert len(world.calls(world.jira)) <= 4

        # The window passes; then ten tasks of one platform move at once.
        world.look()
        world.settle(quiet=1.2)
        world.forget_calls()
        before = len(world.notes(incident["sys_id"]))
        world.hush()
        moved = world.tasks()
        for n in range(1, 11):
            world.update("incident_task", moved[f"Step {n}"]["sys_id"], state="2")
        messages = [world.message("incident_task", moved[f"Step {n}"]["sys_id"]) for n in range(1, 11)]
        for message in messages:
            world.deliver(message)
        world.settle(quiet=1.2)
        assert {world.subtasks()[f"Step {n}"]["fields"]["status"]["name"] for n in range(1, 11)} == {"In Progress"}

        world.forget_calls()
        jira = [world.subtasks()["In Jira"]["key"]]
        world.listen()
        world.jira_move(jira[0], "Done")
        world.settle(quiet=1.2)
        assert world.get("incident", incident["sys_id"])["u_recovery_progress"] == "5"
        assert len(world.calls(world.servicenow)) == 1
        # Its own parent's status, read back once because its state is not in the message's order of time.
        assert len([call for call in world.calls(world.jira) if call["method"] in {"PUT", "POST"}]) == 1
        assert len(world.notes(incident["sys_id"])) == before
