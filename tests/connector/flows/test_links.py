"""An incident on a covered service gets its plan linked, once, and says more the bigger it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connector.flows.stage import plan, stage, task

CARDS = plan("CARDS", {"assess": task("Assess")}, services=["card-processing"])
PORTAL = plan("PORTAL", {"assess": task("Assess")}, services=["customer-portal"])


def test_an_incident_gets_its_plan_linked_once_and_only_a_bigger_one_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, CARDS, PORTAL) as world:
        database, web, relay = (world.ci(name) for name in ("payments-db", "web-portal", "mail-relay"))
        small = world.incident(impact="2", urgency="2", cmdb_ci=web)
        second = world.incident(impact="1", urgency="2", cmdb_ci=web)
        first = world.incident(impact="1", urgency="1", cmdb_ci=web)
        hop = world.incident(impact="2", urgency="2", cmdb_ci=database)
        uncovered = world.incident(impact="1", urgency="1", cmdb_ci=relay)
        unnamed = world.incident(impact="1", urgency="1")
        world.settle()
        for row in (small, second, first):
            world.update("incident", row["sys_id"], description="A new finding")
        world.settle()
        world.look()
        world.settle()

        linked = {row["number"]: row for row in world.table("incident")}
        assert [linked[row["number"]]["u_continuity_plan"] for row in (small, second, first)] == ["PORTAL"] * 3
        assert linked[hop["number"]]["u_continuity_plan"] == "CARDS"
        assert linked[small["number"]]["u_continuity_link"].startswith("http://127.0.0.1:8080/t/servicenow/")
        assert world.notes(small["sys_id"]) == world.notes(hop["sys_id"]) == []
        for row in (second, first):
            (note,) = world.notes(row["sys_id"])
            assert "1. Assess" in note
            assert "+44 20 7946 0102" in note
            assert linked[row["number"]]["u_continuity_link"] in note
        assert linked[uncovered["number"]]["u_continuity_plan"] == ""
        assert world.why(uncovered["number"]) == "no service is known by mail-relay"
        assert world.why(unnamed["number"]) == "it names no CI, service, component or label yet"
        assert "not a major incident by the rule `major`" in world.why(first["number"])
        assert world.activations() == []
        assert world.tasks() == {}

        # Three writes of ours and four of the desk's: one to link each, and no echo made another.
        assert [row.n for row in world.rows("SELECT count(*) AS n FROM write")] == [4]

        # An incident that grows gets its note then; one whose service changes gets the other plan.
        world.update("incident", small["sys_id"], impact="1", urgency="1")
        world.update("incident", hop["sys_id"], cmdb_ci=web)
        world.settle()
        assert len(world.notes(small["sys_id"])) == 1
        assert world.get("incident", hop["sys_id"])["u_continuity_plan"] == "PORTAL"


def test_an_incident_in_jira_gets_its_fields_and_one_remote_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, monkeypatch, CARDS, PORTAL) as world:
        small = world.raise_in_jira("Slow pages", priority="Medium", component="Portal")
        big = world.raise_in_jira("Slow pages again", priority="High", component="Portal")
        world.settle()
        world.jira_call("PUT", f"/rest/api/2/issue/{small}", json={"fields": {"description": "A new finding"}})
        world.settle()

        issues = {row["key"]: row for row in world.issues()}
        for key in (small, big):
            assert world.custom(issues[key], "Continuity plan") == "PORTAL"
            (link,) = issues[key]["remotelinks"]
            assert link["globalId"].startswith("continuity:jira:")
            assert link["object"]["url"].startswith("http://127.0.0.1:8080/t/jira/")
            assert not link["object"]["status"]["resolved"]
        assert issues[small]["comments"] == []
        (comment,) = issues[big]["comments"]
        assert comment["public"] is False
        assert "Response team" in comment["body"]
