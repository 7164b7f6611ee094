from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from connector.console import pages
from connector.recovery_task import TaskState
from connector.store import activations, preflights, tickets
from connector.store.tables import write

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def client(app: Flask, desk):
    app.register_blueprint(pages.blueprint(desk.database, desk.links, desk.clock))
    return app.test_client()


def words(answer) -> str:
    """The text of a page as a person reads it."""
    text = re.sub(r"<(style|title)>.*?</\1>", " ", answer.text, flags=re.DOTALL)
    text = " ".join(re.sub(r"<[^>]+>", " ", text).split())
    return re.sub(r" ([,.:)])", r"\1", text).replace("( ", "(")


def test_the_page_shows_the_ticket_and_why_it_was_acted_on(client, desk):
    desk.activation("INC1")
    desk.ticket("INC1", values={"summary": "Payments are down"})

    answer = client.get(desk.address("snow", "INC1"))

    assert answer.status_code == 200
    assert '<a href="https://desk.example/INC1" rel="noopener noreferrer">INC1</a>' in answer.text
    assert "INC1 Payments are down Started plan PAY-DR (2026-03-02 09:00Z)" in words(answer)


def test_the_clock_shows_what_is_left_of_the_rto_at_the_time_of_reading(client, desk):
    desk.activation("INC1")

    text = words(client.get(desk.address("snow", "INC1")))

    assert "2 h 30 min left until the RTO" in text
    assert "Disruption began 2026-03-02 09:00Z" in text
    assert "RTO 4 h, due 2026-03-02 13:00Z" in text
    assert "Elapsed 1 h 30 min (38 %)" in text
    assert "As of 2026-03-02 10:30Z" in text


def test_a_missed_rto_is_said_in_words(client, desk):
    desk.activation("INC1")
    desk.now = BEGAN + timedelta(hours=4, minutes=12)

    text = words(client.get(desk.address("snow", "INC1")))

    assert "RTO missed: 12 min over" in text
    assert "after the RTO" in text


@pytest.mark.parametrize(
    ("hours", "verdict"), [(3.5, "restored in 3 h 30 min, RTO met"), (5, "restored in 5 h, RTO missed by 1 h")]
)
def test_a_restored_service_shows_the_actual_recovery_time(client, desk, hours, verdict):
    activation_id = desk.activation("INC1")
    desk.restore(activation_id, BEGAN + timedelta(hours=hours))
    desk.now = BEGAN + timedelta(days=2)

    assert f"Service {verdict}" in words(client.get(desk.address("snow", "INC1")))


@pytest.mark.parametrize(("minutes", "bad"), [(10, False), (20, True)])
def test_the_actual_recovery_point_is_held_against_the_rpo(client, desk, minutes, bad):
    activation_id = desk.activation("INC1")
    desk.change(activation_id, recovery_point_at=BEGAN - timedelta(minutes=minutes))

    answer = client.get(desk.address("snow", "INC1"))

    assert f"Actual recovery point (RPO 15 min) 2026-03-02 08:{60 - minutes}Z, {minutes} min lost" in words(answer)
    assert ('<dd class="bad">' in answer.text) is bad


def test_tasks_stand_by_phase_with_state_person_and_tickets_on_each_platform(client, desk):
    activation_id = desk.activation("INC1", done=1)
    desk.move(activation_id, ("task-1", TaskState.IN_PROGRESS))

    answer = client.get(desk.address("snow", "INC1"))
    text = words(answer)

    assert "Activation (1 of 1 done)" in text
    assert "Containment (0 of 1 done)" in text
    assert "Task number 1 Do &lt;b&gt;thing&lt;/b&gt; 1 After: Task number 0 In progress Priya Nair" in text
    assert "Done 09:20Z, Priya Nair" in text
    assert '<a href="https://jira.example/task-1" rel="noopener noreferrer">JIRA-task-1</a>' in answer.text
    assert '<a href="https://snow.example/task-1" rel="noopener noreferrer">SNOW-task-1</a>' in answer.text


def test_what_can_be_worked_on_now_comes_before_the_plan(client, desk):
    desk.activation("INC1", done=1)

    text = words(client.get(desk.address("snow", "INC1")))

    assert text.index("Now Task number 1") < text.index("Plan: Payments failover (PAY-DR)")


def test_phones_can_be_dialled_from_the_page(client, desk):
    desk.activation("INC1")

    assert 'href="tel:+442079460102">+44 (0)20 7946 0102</a>' in client.get(desk.address("snow", "INC1")).text


def test_communications_are_filled_in_and_one_that_cannot_be_says_so(client, desk):
    desk.activation("INC1", done=1)

    text = words(client.get(desk.address("snow", "INC1")))

    assert "Executive board by email, every 1 h Payments: 25 % done" in text
    assert "All staff by intranet, once (fill in by hand) {{ no_such_name }}" in text


def test_a_ticket_that_is_linked_only_shows_its_plan_and_no_clock(client, desk):
    desk.ticket("INC3", plan_key="PAY-DR", why="linked to PAY-DR: not a major incident", why_at=BEGAN)

    text = words(client.get(desk.address("snow", "INC3")))

    assert "Linked to PAY-DR: not a major incident" in text
    assert "The plan has not been activated for this ticket" in text
    assert "Payments: RTO 4 h, RPO 15 min, criticality 1, owner Carla Mendes" in text
    assert "Priya Nair" in text
    assert "left until the RTO" not in text
    assert "Pending" not in text


def test_a_ticket_without_a_plan_says_why(client, desk):
    desk.ticket("INC4", why="no service is known by db-9", why_at=BEGAN)

    text = words(client.get(desk.address("snow", "INC4")))

    assert "No service is known by db-9" in text
    assert "No continuity plan is linked to this ticket" in text


def test_an_exercise_without_an_incident_has_a_page_with_a_banner(client, desk):
    activation_id = desk.activation(exercise=True)

    answer = client.get(desk.address("activation", f"ACT-{activation_id}"))

    assert answer.status_code == 200
    assert "EXERCISE - this is a test of the plan" in words(answer)
    assert "<title>EXERCISE:" in answer.text


def test_a_real_activation_has_no_exercise_banner(client, desk):
    desk.activation("INC1")

    assert "EXERCISE" not in client.get(desk.address("snow", "INC1")).text


def test_one_activation_never_shows_what_happened_in_another(client, desk):
    desk.activation("INC1")
    exercise = desk.activation(exercise=True)
    with desk.database.begin() as tx:
        tickets.tell(tx, "only of the exercise", BEGAN, activation_id=exercise)
        tickets.tell(tx, "only of a lone ticket", BEGAN, connection="snow", platform_id="id-INC9")

    assert "only of" not in client.get(desk.address("snow", "INC1")).text
    mine = client.get(desk.address("activation", f"ACT-{exercise}")).text
    assert "only of the exercise" in mine
    assert "only of a lone ticket" not in mine


def test_an_open_question_to_the_desk_stands_out(client, desk):
    activation_id = desk.activation("INC1")
    with desk.database.begin() as tx:
        tx.execute(sa.text(
            "INSERT INTO task (activation_id, key, position, kind, name, state, closed_by, reason) "
            f"VALUES ({activation_id}, '_stand_down', 1000, 'stand_down', 'Stand down the plan?', 'open', '', '')"
        ))  # fmt: skip

    assert "A decision is needed Stand down the plan?" in words(client.get(desk.address("snow", "INC1")))


def test_what_is_parked_retried_or_warned_of_needs_attention(client, desk):
    activation_id = desk.activation("INC1")
    desk.ticket("INC1", problems=["state 8 is not mapped"])
    with desk.database.begin() as tx:
        first = activations.placements(tx, activation_id)[0]
        activations.update_placement(tx, first.id, {"problems": ["the state 'Waiting' is not mapped"]})
    desk.write("a", activation_id, state="parked", reason="no such component")
    desk.write("b", activation_id, state="pending", attempts=3, reason="503 from the platform")
    desk.write("c", activation_id, state="done", number="OPS-7", warnings=["the group 'DB Ops' is unknown"])
    desk.write("d", activation_id, state="done")

    text = words(client.get(desk.address("snow", "INC1")))

    assert "SNOW-task-0: the state &#39;Waiting&#39; is not mapped" in text
    assert "INC1: state 8 is not mapped" in text
    assert "Parked on jira: Title a: no such component" in text
    assert "Being tried again on jira (3 tries so far): Title b: 503 from the platform" in text
    assert "OPS-7: the group &#39;DB Ops&#39; is unknown" in text
    assert "Title d" not in text


def test_a_new_trouble_shows_after_however_many_writes_and_the_newest_first(client, desk):
    activation_id = desk.activation("INC1")
    with desk.database.begin() as tx:
        facts = {"connection": "jira", "subject": "s", "activation_id": activation_id, "action": "update"}
        facts |= {"record": "incident", "state": "done", "next_at": desk.now, "created_at": desk.now}
        tx.execute(sa.insert(write), [{"key": f"old-{number}", **facts} for number in range(600)])
    desk.write("a", activation_id, state="parked", reason="no such component")
    desk.write("b", activation_id, state="parked", reason="no such project")

    text = words(client.get(desk.address("snow", "INC1")))

    assert "Parked on jira: Title a: no such component" in text
    assert text.index("Title b") < text.index("Title a")


def test_the_tickets_that_take_part_are_listed_with_their_role(client, desk):
    activation_id = desk.activation("INC1")
    desk.ticket("INC8", activation_id=activation_id, role="child", why="child of INC1")

    assert "INC8 snow, Child incident" in words(client.get(desk.address("snow", "INC1")))
    assert "left until the RTO" in words(client.get(desk.address("snow", "INC8")))


def test_what_a_ticket_says_is_shown_and_never_run(client, desk):
    desk.activation("INC1")
    desk.ticket("INC1", values={"summary": "<script>alert(1)</script>"}, url="javascript:alert(1)")

    text = client.get(desk.address("snow", "INC1")).text

    assert "<script" not in text
    assert "javascript:" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


@pytest.mark.parametrize("change", [lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"), lambda text: text.partition("?")[0],
                                    lambda text: text.replace("INC1", "INC2"), lambda text: text.replace("e=1", "e=2")])  # fmt: skip
def test_a_changed_address_is_refused_with_what_to_do(client, desk, change):
    desk.activation("INC1")
    desk.ticket("INC2")

    answer = client.get(change(desk.address("snow", "INC1")))

    assert answer.status_code == 403
    assert "Open the ticket again" in words(answer)
    assert "Priya" not in answer.text


def test_an_expired_address_is_refused(client, desk):
    desk.activation("INC1")
    address = desk.address("snow", "INC1")
    desk.now = BEGAN + desk.links.valid + timedelta(seconds=1)

    assert client.get(address).status_code == 403


@pytest.mark.parametrize(
    ("connection", "number"),
    [
        ("snow", "INC404"),
        ("other", "INC1"),
        ("activation", "ACT-99"),
        ("activation", "ACT-" + "9" * 30),
        ("activation", "ACT-x"),
        ("snow", "IN\0C"),
    ],
)
def test_a_good_address_of_something_unknown_is_not_found(client, desk, connection, number):
    desk.activation("INC1")

    assert client.get(desk.address(connection, number)).status_code == 404


@pytest.mark.parametrize("expected", [200, 403, 404])
def test_no_page_is_kept_framed_or_told_to_others(client, desk, expected):
    desk.activation("INC1")
    address = {200: desk.address("snow", "INC1"), 403: "/t/snow/INC1", 404: desk.address("snow", "INC404")}[expected]

    answer = client.get(address)

    assert answer.status_code == expected
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_policy_lets_in_exactly_the_style_that_the_page_carries(client, desk):
    desk.activation("INC1")

    answer = client.get(desk.address("snow", "INC1"))

    digest = sha256(re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)[1])
    assert f"style-src 'sha256-{digest}'" in answer.headers["Content-Security-Policy"]
    assert " style=" not in answer.text


def sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_a_page_of_20_tasks_takes_at_most_12_queries_and_no_more_than_one_of_4(client, desk):
    desk.activation("INC1", count=4)
    desk.activation("INC2", count=20)
    client.get(desk.address("snow", "INC1"))
    statements: list[str] = []
    sa.event.listen(desk.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    client.get(desk.address("snow", "INC1"))
    small = len(statements)
    client.get(desk.address("snow", "INC2"))

    assert len(statements) - small == small
    assert small <= 12


def test_the_page_is_read_while_another_process_holds_the_write_lock(client, desk, tmp_path):
    desk.activation("INC1")
    other = sa.create_engine(desk.database.url)
    with other.connect() as writer:
        writer.exec_driver_sql("BEGIN IMMEDIATE")
        answer = client.get(desk.address("snow", "INC1"))
        writer.rollback()
    other.dispose()

    assert answer.status_code == 200


def tried(desk, connection="jira", *, failed=True):
    error = ["error", "plans/pay-dr.yaml:31: tasks.failover on jira: Cost centre", "nothing supplies it", "map it"]
    warning = ["warning", "plans/pay-dr.yaml:31: tasks.failover on jira: team", "no team 'X'", "add it"]
    values = {"failed": failed, "problems": [error, warning] if failed else [warning], "checked_at": BEGAN}
    with desk.database.begin() as tx:
        preflights.put(tx, connection, "PAY-DR", values)


def test_a_plan_that_could_not_be_created_says_so_on_the_tickets_that_it_is_for(client, desk):
    desk.ticket("INC1", plan_key="PAY-DR")
    tried(desk)
    tried(desk, "servicenow", failed=False)

    text = words(client.get(desk.address("snow", "INC1")))

    assert "This plan could not be fully created on jira as of 2026-03-02 09:00Z" in text
    assert "tasks.failover on jira: Cost centre: nothing supplies it; map it" in text
    assert "no team" not in text
    assert "created on servicenow" not in text


def test_a_preflight_says_nothing_any_more_once_an_activation_stands_whole(client, desk):
    activation_id = desk.activation("INC1")
    tried(desk)
    before = client.get(desk.address("snow", "INC1")).text
    desk.change(activation_id, complete_at=BEGAN)

    after = client.get(desk.address("snow", "INC1")).text

    assert "could not be fully created" in before
    assert "could not be fully created" not in after
