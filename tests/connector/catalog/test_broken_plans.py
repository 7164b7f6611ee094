"""Broken plans, and what is said of each, word for word."""

import pytest

BOARD = "communications:\n  board:\n    audience: Board\n    channel: mail\n    text: "
LATE = (
    "plans/pay-dr.yaml:7: tasks: the critical path to recovery takes 5h15m (assess -> failover), longer than the RTO "
    "of 4h of 'payments'; shorten it or run tasks side by side"
)
BROKEN = {
    "unknown task": (
        "[assess]",
        "[asess]",
        ["plans/pay-dr.yaml:14: tasks.failover.after[0]: no task 'asess'; did you mean 'assess'?"],
    ),
    "unknown phase": (
        "phase: recovery",
        "phase: recovry",
        ["plans/pay-dr.yaml:11: tasks.failover.phase: 'recovry' is not known here; did you mean 'recovery'?"],
    ),
    "two places in one": (
        "",
        "on: {jira: OPS, servicenow: X}\n",
        [
            (
                "plans/pay-dr.yaml:15: on[0]: two places stand in one; write them as a list: "
                "[{jira: OPS}, {servicenow: X}]"
            ),
        ],
    ),
    "own fields": (
        "",
        "    fields: {site: primary, x_cost: [1]}\n",
        [
            "plans/pay-dr.yaml:15: tasks.failover.fields.site: not a field of your own; name it x_..., as the mapping does",
            (
                "plans/pay-dr.yaml:15: tasks.failover.fields.x_cost: [1] is neither a text nor a number; put it in quotes"
            ),
        ],
    ),
    "unknown service": (
        "services: [payments]",
        "services: [payments, paymets]",
        ["plans/pay-dr.yaml:3: services[1]: no service 'paymets'; did you mean 'payments'?"],
    ),
    "unknown role": (
        "    role: lead",
        "    role: laed",
        ["plans/pay-dr.yaml:13: tasks.failover.role: no role 'laed'; did you mean 'lead'?"],
    ),
    "unknown platform": (
        "",
        "on: [servicenow, 3, {jria: OPS}]\n",
        [
            "plans/pay-dr.yaml:15: on[1]: 3 is not a place; write the name of a platform or connection, or name: PROJECT",
            "plans/pay-dr.yaml:15: on[2]: no platform or connection 'jria'; did you mean 'jira'?",
        ],
    ),
    "unknown field": (
        "    after:",
        "    afetr:",
        ["plans/pay-dr.yaml:14: tasks.failover.afetr: unknown field; did you mean 'after'?"],
    ),
    "missing fields": (
        "scenario: database-loss\n",
        "",
        ["plans/pay-dr.yaml:1: scenario: the field is missing; add it"],
    ),
    "later than the RTO": (
        "duration: 1h",
        "duration: 5h",
        [LATE + ", or say `accept_late: true`"],
    ),
    "tasks in a circle": (
        "role: lead}",
        "role: lead, after: [failover]}",
        [
            (
                "plans/pay-dr.yaml:8: tasks.assess.after[0]: a task of activation waits for 'failover' of the later recovery; "
                "move one of them to the other's phase"
            ),
            (
                "plans/pay-dr.yaml:8: tasks.assess.after: tasks wait for each other: assess -> failover -> assess; "
                "remove one of these `after`"
            ),
        ],
    ),
    "a task that waits for itself": (
        "after: [assess]",
        "after: [assess, failover]",
        [
            (
                "plans/pay-dr.yaml:14: tasks.failover.after: tasks wait for each other: failover -> failover; "
                "remove one of these `after`"
            )
        ],
    ),
    "unknown name in a condition": (
        "",
        "when: priorty == 1\n",
        ["plans/pay-dr.yaml:15: when: unknown name 'priorty'; did you mean 'priority'?\n    priorty == 1\n    ^"],
    ),
    "number against text": (
        "",
        "when: priority == '1'\n",
        [
            (
                "plans/pay-dr.yaml:15: when: '==' does not go with int and string; use the same kind on both sides\n"
                "    priority == '1'\n"
                "             ^"
            )
        ],
    ),
    "nobody decides": (
        "",
        "invoke: decision\n",
        ["plans/pay-dr.yaml:15: invoke: `decision` needs somebody who decides; add `decider:` with a role"],
    ),
    "decider not in the team": (
        "",
        "invoke: decision\ndecider: led\n",
        ["plans/pay-dr.yaml:16: decider: no role 'led'; did you mean 'lead'?"],
    ),
    "unknown name in a text": (
        "",
        BOARD + "'{{ servce }}'\n",
        [
            (
                "plans/pay-dr.yaml:19: communications.board.text: line 1: unknown name 'servce'; did you mean 'service'?\n"
                "    {{ servce }}\n"
                "       ^"
            )
        ],
    ),
    "text that does not parse": (
        "",
        BOARD + "'{{ service'\n",
        [
            (
                "plans/pay-dr.yaml:19: communications.board.text: line 1: unexpected end of input, expected end of variable "
                "block; mend the template\n"
                "    {{ service\n"
                "       ^"
            )
        ],
    ),
    "dates that have passed": (
        "",
        "review_at: 2026-11-21\ntested_at: 2025-11-21\n",
        [
            (
                "warning plans/pay-dr.yaml:15: review_at: the review was due on 2026-11-21; "
                "review the plan and set the next date"
            ),
            (
                "warning plans/pay-dr.yaml:16: tested_at: the last test was on 2025-11-21, over a year ago; "
                "hold an exercise and set its date"
            ),
        ],
    ),
    "dates of today": ("", "review_at: 2026-11-22\ntested_at: 2026-11-22\n", []),
    "a test in the future": (
        "",
        "tested_at: 2026-11-23\n",
        ["warning plans/pay-dr.yaml:15: tested_at: 2026-11-23 lies in the future; give the date of the last exercise"],
    ),
    "no date": (
        "",
        "review_at: soon\n",
        ["plans/pay-dr.yaml:15: review_at: 'soon' is not a date; write it as 2027-01-31"],
    ),
    "phone without quotes": (
        '"+44 1"',
        "0044",
        ["plans/pay-dr.yaml:6: team.lead.phone: 44 is not a text; put it in quotes"],
    ),
    "role that nobody can reach": (
        ', phone: "+44 1"',
        "",
        ["plans/pay-dr.yaml:6: team.lead: nobody can reach this role; add phone, email or channel"],
    ),
    "task without anybody": (
        "    role: lead\n",
        "",
        ["warning plans/pay-dr.yaml:9: tasks.failover: nobody is named for this task; add role or team"],
    ),
    "yes for true": (
        "    after:",
        "    required: yes\n    after:",
        ["plans/pay-dr.yaml:14: tasks.failover.required: 'yes' is neither true nor false; write true or false"],
    ),
    "faulty names": (
        "after: [assess]",
        "after: [1, '', asses]",
        [
            "plans/pay-dr.yaml:14: tasks.failover.after[0]: 1 is not a text; put it in quotes",
            "plans/pay-dr.yaml:14: tasks.failover.after[1]: the field is empty; give it a value or remove it",
            "plans/pay-dr.yaml:14: tasks.failover.after[2]: no task 'asses'; did you mean 'assess'?",
        ],
    ),
    "a task in a word": (
        "{name: Assess, phase: activation, duration: 15m, role: lead}",
        "first",
        ["plans/pay-dr.yaml:8: tasks.assess: not a mapping; write `field: value` lines"],
    ),
    "an alias": (
        "    name: Fail over",
        "    name: &n Fail over\n    team: *n",
        ["plans/pay-dr.yaml:11: tasks.failover.team: an alias (*) is not supported; write the value out"],
    ),
    "a day that does not exist": (
        "",
        "review_at: 2026-13-45\n",
        ["plans/pay-dr.yaml:15: not YAML: month must be in 1..12; mend the value or put it in quotes"],
    ),
}


@pytest.mark.parametrize(("part", "by", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plan_is_told_with_line_and_remedy(records, part, by, expected):
    records.edit("plans/pay-dr.yaml", part, by)

    assert records.told() == expected


def test_a_plan_longer_than_its_rto_can_be_accepted(records):
    records.edit("plans/pay-dr.yaml", "duration: 1h", "duration: 5h")
    records.edit("plans/pay-dr.yaml", "", "accept_late: true\n")

    assert records.told() == ["warning " + LATE]


def test_a_plan_without_tasks_is_told(records):
    records.write("plans/pay-dr.yaml", records.plan.partition("tasks:")[0] + "tasks: {}\n")

    assert records.told() == ["plans/pay-dr.yaml:7: tasks: the plan has no tasks; add one"]


def test_a_task_may_not_wait_for_one_of_a_later_phase(records):
    records.write("plans/pay-dr.yaml", records.plan.replace("phase: activation", "phase: return_to_normal"))

    assert records.told() == [
        (
            "plans/pay-dr.yaml:14: tasks.failover.after[0]: a task of recovery waits for 'assess' of the later "
            "return_to_normal; move one of them to the other's phase"
        )
    ]


def test_a_plan_needs_required_work_that_restores_the_service(records):
    optional = records.plan.replace("role: lead}", "role: lead, required: false}").replace(
        "    role: lead\n", "    role: lead\n    required: false\n"
    )
    records.write("plans/pay-dr.yaml", optional)

    assert records.told() == [
        (
            "plans/pay-dr.yaml:7: tasks: no required task up to the recovery phase, so the service would count as restored "
            "at once; mark what restores it as `required: true`"
        )
    ]


def test_an_unknown_phase_is_told_where_the_task_waits_for_a_later_one(records):
    records.edit("plans/pay-dr.yaml", "phase: activation, duration: 15m, role: lead", "phase: actvation, duration: 15m")
    records.edit("plans/pay-dr.yaml", "duration: 15m", "duration: 15m, role: lead, after: [failover]")
    records.edit("plans/pay-dr.yaml", "    after: [assess]\n", "")

    assert records.told() == [
        "plans/pay-dr.yaml:8: tasks.assess.phase: 'actvation' is not known here; did you mean 'activation'?"
    ]


def test_a_key_that_stands_twice_does_not_hide_what_else_is_wrong(records):
    records.edit("plans/pay-dr.yaml", "name: Failover\n", "name: Failover\nname: Again\n")
    records.edit("plans/pay-dr.yaml", "[assess]", "[asess]")

    assert records.told() == [
        "plans/pay-dr.yaml:3: name: the key stands twice, first on line 2; keep one of them",
        "plans/pay-dr.yaml:15: tasks.failover.after[0]: no task 'asess'; did you mean 'assess'?",
    ]
