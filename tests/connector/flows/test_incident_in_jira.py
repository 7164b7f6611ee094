"""The whole way of an incident that stands in Jira, with tasks on both platforms, on both flavours of Jira."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.jira.options import Flavour, Options
from tests.connector.flows.stage import plan, stage, task

TASKS = {
    "assess": task("Assess", phase="activation", on={"jira": "OPS"}),
    "network": task("Switch the network", "assess", on={"jira": "NET"}, team="Network Operations"),
    "failover": task("Failover", "assess", on="servicenow"),
    "failback": task("Failback", "failover", phase="return_to_normal", on={"jira": "OPS"}),
}


@pytest.mark.parametrize("flavour", ["cloud", "datacenter"])
def test_an_incident_in_jira_is_recovered_and_reviewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flavour: Flavour
) -> None:
    options = Options(flavour=flavour, search_lag=0.0)
    with stage(tmp_path, monkeypatch, plan("PAY-DR", TASKS), at="09:00", jira=options) as world:
        key = world.raise_in_jira("Nobody can pay")
        world.settle()

        (activation,) = world.activations()
        assert activation.due_at.startswith("2026-03-02 13:00")
        parents = [row for row in world.issues() if row["fields"]["summary"].startswith("The plan PAY-DR")]
        assert sorted(row["fields"]["project"]["key"] for row in parents) == ["NET", "OPS"]
        assert {name: row["fields"]["project"]["key"] for name, row in world.subtasks().items()} == {
            "Assess": "OPS",
            "Switch the network": "NET",
            "Failback": "OPS",
        }
        assert list(world.tasks()) == ["Failover"]
        assert world.tasks()["Failover"]["state"] == "-5"
        incident = world.issue(key)
        assert world.custom(incident, "Continuity plan") == "PAY-DR"
        assert world.custom(incident, "Continuity phase") == "Activation"
        assert world.custom(incident, "Recovery progress") == 0
        assert str(world.custom(incident, "RTO due")).startswith("2026-03-02T13:00")

        world.at("10:00")
        world.jira_move(world.subtasks()["Assess"]["key"], "Done")
        world.settle()
        world.jira_move(world.subtasks()["Switch the network"]["key"], "Done")
        (failover,) = world.table("task")
        world.update("task", failover["sys_id"], state="3")
        world.settle()
        incident = world.issue(key)
        assert world.custom(incident, "Recovery progress") == 75
        assert "Service restored 2026-03-02 10:00Z after 1 h, RTO met" in world.custom(incident, "Recovery status")
        (link,) = incident["remotelinks"]
        assert link["object"]["status"]["resolved"] is True
        assert incident["comments"]
        assert all(comment["public"] is False for comment in incident["comments"])
        bodies = [str(comment["body"]) for comment in incident["comments"]]
        assert len([body for body in bodies if "was activated" in body]) == 1
        assert len([body for body in bodies if "Service restored" in body]) == 1
        reviews = [row for row in world.issues() if row["fields"]["summary"].startswith("Post-incident review")]
        assert [row["fields"]["status"]["name"] for row in reviews] == ["To Do"]

        offered = world.jira_call("GET", f"/rest/api/2/issue/{key}/transitions")["transitions"]
        resolve = next(item["id"] for item in offered if item["to"]["name"] == "Resolved")
        body = {"transition": {"id": resolve}, "fields": {"resolution": {"name": "Done"}}}
        world.jira_call("POST", f"/rest/api/2/issue/{key}/transitions", json=body)
        world.settle()
        assert world.activations()[0].state == "running"
        world.jira_move(world.subtasks()["Failback"]["key"], "Done")
        world.settle()
        assert world.activations()[0].state == "closed"
        parents = [row for row in world.issues() if row["fields"]["summary"].startswith("The plan PAY-DR")]
        assert {row["fields"]["status"]["name"] for row in parents} == {"Done"}
        reviews = [row for row in world.issues() if row["fields"]["summary"].startswith("Post-incident review")]
        assert [row["fields"]["status"]["name"] for row in reviews] == ["To Do"]
