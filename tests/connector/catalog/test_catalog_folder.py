"""Tests of reading a folder of continuity records: what is right is read, and everything wrong is told at once."""

from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from connector.plan import Communication, Role
from connector.recovery_task import Phase, PlanTask, Target
from connector.service import Identifier, Service


def test_a_folder_becomes_services_and_plans(records):
    records.write(
        "plans/pay-dr.yaml",
        records.plan
        + """\
    on: [servicenow, {jira: OPS}]
    required: false
  verify: {name: Verify, phase: recovery, duration: 5m, team: Service Desk, instructions: Pay 1 EUR}
on: jira-emea
when: priority == 1
invoke: decision
decider: lead
stand_down: automatic
disruption: own
review_at: 2027-01-31
tested_at: 2026-05-01
summary: Move over.
communications:
  board: {audience: Board, channel: email, cadence: 1h30m, text: "{{ service }}"}
""",
    )

    catalog = records.load()

    assert catalog.services == {
        "payments": Service(
            key="payments",
            name="Payments",
            criticality=1,
            rto=timedelta(hours=4),
            rpo=timedelta(minutes=15),
            mtpd=timedelta(hours=8),
            owner="Carla Mendes",
            identifiers=(
                Identifier("jira-emea", "component", "Payments"),
                Identifier("jira-emea", "label", "payments"),
                Identifier("servicenow", "ci", "payments-db"),
            ),
        )
    }
    plan = catalog.plans["PAY-DR"]
    emea = (Target("jira-emea"),)
    assert plan.tasks == (
        PlanTask("assess", "Assess", Phase.ACTIVATION, timedelta(minutes=15), role="lead", targets=emea),
        PlanTask(
            "failover",
            "Fail over",
            Phase.RECOVERY,
            timedelta(hours=1),
            role="lead",
            after=("assess",),
            required=False,
            targets=(Target("servicenow"), Target("jira", "OPS")),
        ),
        PlanTask(
            "verify",
            "Verify",
            Phase.RECOVERY,
            timedelta(minutes=5),
            team="Service Desk",
            targets=emea,
            instructions="Pay 1 EUR",
        ),
    )
    assert plan.team == (Role("lead", "Priya Nair", "+44 1", ""),)
    assert plan.communications == (Communication("board", "Board", "email", timedelta(minutes=90), "{{ service }}"),)
    assert (plan.key, plan.name, plan.services, plan.scenario) == ("PAY-DR", "Failover", ("payments",), "database-loss")
    assert (plan.when, plan.invoke, plan.decider) == ("priority == 1", "decision", "lead")
    assert (plan.stand_down, plan.disruption, plan.summary) == ("automatic", "own", "Move over.")
    assert (plan.review_at, plan.tested_at) == (date(2027, 1, 31), date(2026, 5, 1))
    assert catalog.warnings == ()


def test_what_a_plan_leaves_out_has_its_default(records):
    plan = records.load().plans["PAY-DR"]

    assert (plan.when, plan.invoke, plan.decider, plan.stand_down, plan.disruption) == (
        "",
        "automatic",
        "",
        "ask",
        "join",
    )
    assert (plan.summary, plan.review_at, plan.tested_at, plan.communications) == ("", None, None, ())
    assert {task.required for task in plan.tasks} == {True}
    assert {task.targets for task in plan.tasks} == {()}


def test_two_plans_may_not_have_one_key(records):
    records.write("plans/a.yaml", records.plan.replace("database-loss", "site-loss"))

    assert records.told() == [
        "plans/pay-dr.yaml:1: key: 'PAY-DR' is already the key of plans/a.yaml; give each plan its own key"
    ]


def test_two_plans_for_one_scenario_without_when_are_a_warning(records):
    records.write("plans/a.yaml", records.plan.replace("PAY-DR", "PAY-2"))

    assert records.told() == [
        (
            "warning plans/pay-dr.yaml:3: services[0]: 'payments' has this scenario in plans/a.yaml too, both without "
            "`when`; add a `when` to one, or the desk will be asked to choose"
        )
    ]


def test_a_when_tells_two_plans_for_one_scenario_apart(records):
    records.write("plans/a.yaml", records.plan.replace("PAY-DR", "PAY-2") + "when: priority == 1\n")

    assert records.told() == []


def test_a_service_without_a_plan_is_a_warning(records):
    portal = records.services.partition("\n")[2].replace("payments:", "portal:", 1).replace("  payments", "  portal")
    records.write("services.yaml", records.services + portal)

    assert records.told() == [
        "warning services.yaml:11: services.portal: no plan covers this service; add it to a plan's services"
    ]


def test_missing_files_are_told(records):
    for file in ("services.yaml", "plans/pay-dr.yaml"):
        (records.folder / file).unlink()

    assert records.told() == [
        (
            f"services.yaml:1: there is no such file in {records.folder.resolve()}; `continuity init DIRECTORY` writes an "
            "example there; --config DIRECTORY reads another folder"
        ),
        "warning plans/: there is no plan in this folder; write one; `continuity init` shows how",
    ]


def test_a_file_that_is_not_text_is_told(records):
    (records.folder / "plans/pay-dr.yaml").write_bytes(b"key: \xff\xfe")

    assert records.told()[0].startswith("plans/pay-dr.yaml:1: the file cannot be read: 'utf-8' codec can't decode")


def test_faults_in_all_files_are_told_at_once(records):
    records.write("services.yaml", records.services.replace("rto: 4h", "rto: 4 hours"))
    records.write(
        "plans/pay-dr.yaml", records.plan.replace("[assess]", "[asess]").replace("duration: 1h", "duration: 1")
    )
    records.write("plans/broken.yaml", "key: [\n")

    assert [line.partition(": ")[0] for line in records.told()] == [
        "services.yaml:5",
        "plans/broken.yaml:2",
        "plans/pay-dr.yaml:12",
        "plans/pay-dr.yaml:14",
    ]


values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.sampled_from(["", "assess", "4h"]),
    lambda below: (
        st.lists(below, max_size=2) | st.dictionaries(st.sampled_from(["ci", "name", "x"]), below, max_size=2)
    ),
    max_leaves=4,
)


@given(data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_value_anywhere_breaks_the_check_itself(records, data):
    records.write("services.yaml", records.services)
    records.write("plans/pay-dr.yaml", records.plan)
    file = data.draw(st.sampled_from(["services.yaml", "plans/pay-dr.yaml"]))
    yaml = YAML(typ="safe", pure=True)
    content = yaml.load((records.folder / file).read_text())
    place, step = content, data.draw(st.sampled_from(sorted(content)))
    while isinstance(place[step], dict | list) and place[step] and data.draw(st.booleans()):
        place = place[step]
        step = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    place[step] = data.draw(values)
    with (records.folder / file).open("w") as out:
        yaml.dump(content, out)

    for line in records.told():
        assert line.removeprefix("warning ").startswith(("services.yaml:", "plans/"))


def test_a_file_without_end_of_nesting_is_told(records):
    records.write("plans/pay-dr.yaml", "key: " + "[" * 1000)

    assert records.told() == ["plans/pay-dr.yaml:1: the file is nested too deeply; write it flatter"]
