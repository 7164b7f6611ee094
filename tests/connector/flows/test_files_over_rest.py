"""A file crosses between the simulated platforms over their REST, with the service's own engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connector.flows.stage import plan, stage, task
from tests.world import DESK, JIRA_PERSON, talk

PICTURE = bytes(range(256)) * 8000  # above what is held in memory


def test_files_cross_both_ways_once_though_an_answer_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = ["servicenow", {"jira": "OPS"}]
    with stage(tmp_path, monkeypatch, plan("P", {"assess": task("Assess", on=both)})) as world:
        world.major()
        here, there = world.tasks()["Assess"]["sys_id"], world.subtasks()["Assess"]["id"]
        world.faults(world.servicenow, {"method": "POST", "path": "/attachment/file", "kind": "drop_after", "skip": 1})
        asked = {"table_name": "incident_task", "table_sys_id": here, "file_name": "lag.png"}
        headers = {"Content-Type": "image/png"}
        url = f"{world.servicenow.url}/api/now/attachment/file"
        talk("POST", url, params=asked, data=PICTURE, headers=headers, auth=DESK, timeout=5).raise_for_status()
        headers, file = {"X-Atlassian-Token": "no-check"}, ("plan.txt", b"fine", "text/plain")
        world.jira_call("POST", f"/rest/api/2/issue/{there}/attachments", headers=headers, files={"file": file})
        world.update("incident_task", here, work_notes="See the picture.")
        told = "SELECT id FROM write WHERE note LIKE '% attached %' AND state = 'done'"
        world.wait(lambda: len(world.rows(told)) == 2)

        rows = world.servicenow_call("GET", "/api/now/attachment", params={"sysparm_query": f"table_sys_id={here}"})
        on_desk = {row["file_name"]: talk("GET", row["download_link"], auth=DESK, timeout=5).content for row in rows}
        rows = world.jira_call("GET", f"/rest/api/2/issue/{there}")["fields"]["attachment"]
        inline = {"redirect": "false"}
        on_board = {
            row["filename"]: talk("GET", row["content"], params=inline, auth=JIRA_PERSON, timeout=5).content
            for row in rows
        }
        assert on_desk == on_board == {"lag.png": PICTURE, "plan.txt": b"fine"}
        assert len(rows) == 2
        assert sum("attached 'plan.txt'" in note for note in world.notes(here)) == 1
        assert world.rows("SELECT answer FROM write WHERE action = 'attach' AND answer LIKE '%earlier try had landed'")
