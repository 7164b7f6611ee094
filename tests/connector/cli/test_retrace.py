"""retrace, over what a service has done with both simulated platforms."""

from __future__ import annotations

import json

from tests.connector.cli.conftest import Run
from tests.world import World


def test_a_plan_that_was_carried_out_is_decided_the_same_and_another_setting_shows(served: World, order: Run) -> None:
    made = served.incident(short_description="Payments down", impact="1", urgency="1", cmdb_ci=served.ci("payments-db"))
    served.settle()
    served.promote(made["number"])
    served.settle()
    tasks = {item["short_description"].partition("] ")[2]: item for item in served.table("incident_task")}
    served.update("incident_task", tasks["Assess the loss and confirm the failover"]["sys_id"], state="3")
    served.settle()
    moved = next(item for item in served.issues() if "Hold incoming" in item["fields"]["summary"])
    served.jira_move(moved["key"], "In Progress")
    served.settle()
    told = order("task", "done", "ACT-1", "stop-writes", "--by", "Carla Mendes", "--reason", "seen on the console")
    assert told.exit_code == 0, told.output
    served.settle()

    file = served.connector.settings.directory / "continuity.yaml"
    text = file.read_text()
    here = served.connector.settings.public_url
    file.write_text(text.replace("http://localhost:8080", here))
    same = order("retrace", "ACT-1")
    assert "the same comes out" in same.output, same.output
    assert same.exit_code == 0
    assert [row.id for row in served.rows("SELECT id FROM write WHERE cause = ''")] == []

    file.write_text(text.replace("http://localhost:8080", "https://elsewhere.example"))
    other = order("retrace", "act-1", "--json")

    assert other.exit_code == 1
    assert "continuity_link" in {item["field"] for item in json.loads(other.stdout)["differences"]}


def test_what_cannot_be_retraced_says_why(served: World, order: Run) -> None:
    assert "'x' is no activation; write it as ACT-12" in order("retrace", "x").output
    assert "there is no activation ACT-99" in order("retrace", "ACT-99").output
