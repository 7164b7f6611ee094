"""Mapping files broken in their meaning, as an admin would break them, each with what is to be said."""

from __future__ import annotations

from tests.mappings.broken import Broken

MEANING = (
    Broken(
        "a field with a slip of the pen",
        "fields:\n  sumary: {field: short_description}\n",
        [
            "2: fields.sumary: no incident field 'sumary'; did you mean 'summary'?",
        ],
    ),
    Broken(
        "an instant as a number",
        "fields:\n  opened_at: {type: number}\n",
        [
            "2: fields.opened_at.type: opened_at cannot be of type number; use type: datetime or date",
        ],
    ),
    Broken(
        "a value of theirs under two of ours",
        'fields:\n  state:\n    values:\n      closed: ["7", "6"]\n',
        [
            "4: fields.state.values.closed: '6' is mapped twice, to resolved and to closed; keep one, or add lossy: accepted (the first is then what it reads as)",
        ],
    ),
    Broken(
        "a value that the field does not have",
        'fields:\n  state:\n    values:\n      reslved: "6"\n',
        [
            "4: fields.state.values.reslved: state has no value 'reslved'; did you mean 'resolved'?",
        ],
    ),
    Broken(
        "an else that is no value",
        "fields:\n  state: {else: {read: in_progres}}\n",
        [
            "2: fields.state.else.read: state has no value 'in_progres'; did you mean 'in_progress'?",
        ],
    ),
    Broken(
        "an else without values",
        "fields:\n  summary: {else: {read: nothing}}\n",
        [
            "2: fields.summary.else: else has no effect without values or a lookup; add values: {ours: theirs}",
        ],
    ),
    Broken(
        "an unknown name in a template",
        "fields:\n  title: {direction: write, template: '{{ titel }} ({{ number }})'}\n",
        [
            "2: fields.title.template: line 1: unknown name 'titel'; did you mean 'title'?\n    {{ titel }} ({{ number }})\n       ^",
        ],
        "recovery_task",
    ),
    Broken(
        "a template in both directions",
        "fields:\n  title: {template: 'DR: {{ value }}'}\n",
        [
            "2: fields.title.template: a template crosses in one direction only; say direction: write: what a template made of a value cannot be read back",
        ],
        "recovery_task",
    ),
    Broken(
        "a template that is not closed",
        "fields:\n  title: {direction: write, template: '{{ value '}\n",
        [
            "2: fields.title.template: line 1: unexpected end of input, expected end of variable block; mend the template\n    {{ value \n       ^",
        ],
        "recovery_task",
    ),
    Broken(
        "a loop in a template",
        "fields:\n  title: {direction: write, template: '{% for x in value %}{{ x }}{% endfor %}'}\n",
        [
            "2: fields.title.template: line 1: {% for %} cannot stand in a text; write a list with {{ name | join(', ') }}\n    {% for x in value %}{{ x }}{% endfor %}\n    ^",
        ],
        "recovery_task",
    ),
    Broken(
        "a number compared with a text",
        "fields:\n  x_vip: {field: u_vip, direction: read, when: \"priority == '1'\"}\n",
        [
            "2: fields.x_vip.when: '==' does not go with int and string; use the same kind on both sides\n    priority == '1'\n             ^",
        ],
    ),
    Broken(
        "an unknown name in a condition",
        'fields:\n  x_vip: {field: u_vip, direction: read, when: "prioritty == 1"}\n',
        [
            "2: fields.x_vip.when: unknown name 'prioritty'; did you mean 'priority'?\n    prioritty == 1\n    ^",
        ],
    ),
    Broken(
        "a condition that is no condition",
        'fields:\n  x_vip: {field: u_vip, direction: read, when: "summary"}\n',
        [
            "2: fields.x_vip.when: the condition `summary` gives string, not true or false; write one such as priority == 1 && 'payments-db' in ci",
        ],
    ),
    Broken(
        "a value that never occurs",
        "fields:\n  x_vip: {field: u_vip, direction: read, when: \"state == 'opne'\"}\n",
        [
            "2: fields.x_vip.when: state is never 'opne'; did you mean 'open'?",
        ],
        "recovery_task",
    ),
    Broken(
        "a value in a list that never occurs",
        "fields:\n  x_vip: {field: u_vip, direction: read, when: \"state in ['open', 'dnoe']\"}\n",
        [
            "2: fields.x_vip.when: state is never 'dnoe'; did you mean 'done'?",
        ],
        "recovery_task",
    ),
    Broken(
        "a condition that asks nothing",
        'fields:\n  x_vip: {field: u_vip, direction: read, when: "1 == 1"}\n',
        [
            "2: fields.x_vip.when: `1 == 1` asks nothing of the record, so it is always the same; take when: out",
        ],
    ),
    Broken(
        "a condition that contradicts itself",
        "fields:\n  x_vip: {field: u_vip, direction: read, when: \"state == 'new' && state == 'closed'\"}\n",
        [
            "2: fields.x_vip.when: `state == 'new' && state == 'closed'` is never true; mend it, or take the field out",
        ],
    ),
    Broken(
        "a computed value in both directions",
        'fields:\n  x_label: {field: u_label, compute: "title + team"}\n',
        [
            "2: fields.x_label.compute: a computed value crosses in one direction only; say direction: write, or direction: read without field:",
        ],
        "recovery_task",
    ),
    Broken(
        "a computed value of mixed types",
        'fields:\n  x_label: {field: u_label, direction: write, compute: "title + 1"}\n',
        [
            "2: fields.x_label.compute: '+' does not go with string and int; use the same kind on both sides\n    title + 1\n          ^",
        ],
        "recovery_task",
    ),
    Broken(
        "a winner where only one side writes",
        "fields:\n  summary: {wins: newest}\n",
        [
            "2: fields.summary.wins: wins has no effect under direction: read, as only one side changes it; take it out",
        ],
    ),
    Broken(
        "required where nothing is written",
        "fields:\n  summary: {required: true}\n",
        [
            "2: fields.summary.required: required has no effect where the field is only read; take it out",
        ],
    ),
    Broken(
        "a field that is read twice",
        "fields:\n  x_short: {field: u_short, from: summary, direction: read}\n",
        [
            "2: fields.x_short: 'summary' is read twice, by summary and by x_short; say direction: write on one of them, or give each a when:",
        ],
    ),
    Broken(
        "a field that is written twice",
        "fields:\n  x_note: {field: short_description, direction: write}\n",
        [
            "2: fields.x_note: 'short_description' is written twice, by title and by x_note; say direction: read on one of them, or give each a when:",
        ],
        "recovery_task",
    ),
    Broken(
        "two fields on the same condition",
        (
            "fields:\n"
            "  team: {when: \"project == 'WEB'\"}\n"
            "  x_team: {field: u_squad, type: team, part: display_value, from: team, when: \"project ==  'WEB'\"}\n"
            "  project: {field: u_project}\n"
        ),
        [
            "3: fields.x_team.when: 'team' is read twice, by team and by x_team, where project is 'WEB'; let one condition exclude the other",
        ],
        "recovery_task",
    ),
    Broken(
        "two fields whose conditions meet",
        (
            "fields:\n"
            "  team: {when: \"project == 'WEB'\"}\n"
            "  x_team: {field: u_squad, type: team, part: display_value, from: team, when: \"connection != 'main'\"}\n"
            "  project: {field: u_project}\n"
        ),
        [
            "3: fields.x_team.when: 'team' is read twice, by team and by x_team, where connection is 'another' and project is 'WEB'; let one condition exclude the other",
        ],
        "recovery_task",
    ),
    Broken(
        "a field without a condition beside one with",
        (
            "fields:\n"
            "  x_team: {field: u_squad, type: team, part: display_value, from: team, when: \"project == 'WEB'\"}\n"
            "  project: {field: u_project}\n"
        ),
        [
            "2: fields.x_team.when: 'team' is read twice, by team and by x_team, where project is 'WEB'; give team a when: that excludes the other's",
        ],
        "recovery_task",
    ),
    Broken(
        "without what cannot be done without",
        "fields:\n  state: null\n",
        [
            "2: fields.state: nothing stands below state, and review cannot do without it; indent its settings below it, or take the line out",
        ],
        "review",
    ),
    Broken(
        "a folder of time zones",
        "fields:\n  opened_at: {zone: Europe}\n",
        ["2: fields.opened_at.zone: no time zone 'Europe'; use a name such as Europe/Zurich or UTC"],
    ),
    Broken(
        "numbers that are none",
        "fields:\n  x_cost: {field: u_cost, type: number, default: .nan}\n"
        "  x_rate: {field: u_rate, type: number, default: .inf}\n",
        [
            "2: fields.x_cost.default: x_cost has no value 'nan'; write a number",
            "3: fields.x_rate.default: x_rate has no value 'inf'; write a number",
        ],
    ),
    Broken(
        "an unknown time zone",
        "fields:\n  opened_at: {zone: CET+1}\n",
        [
            "2: fields.opened_at.zone: no time zone 'CET+1'; use a name such as Europe/Zurich or UTC",
        ],
    ),
    Broken(
        "a format of another language",
        "fields:\n  opened_at: {format: 'YYYY-MM-DD'}\n",
        [
            "2: fields.opened_at.format: 'YYYY-MM-DD' does not say how a datetime is written; write it as for strptime, such as %Y-%m-%d %H:%M:%S",
        ],
    ),
    Broken(
        "a format with a slip of the pen",
        "fields:\n  x_age: {field: u_age, type: duration, format: minuts, direction: read}\n",
        [
            "2: fields.x_age.format: 'minuts' is no format of a duration; did you mean 'minutes'?",
        ],
    ),
    Broken(
        "a format where there is none",
        "fields:\n  summary: {format: html}\n",
        [
            "2: fields.summary.format: type text has no format; take it out, or say type: datetime",
        ],
    ),
    Broken(
        "a lookup of a text",
        "fields:\n  title: {lookup: {by: email}}\n",
        [
            "2: fields.title.lookup: lookup has no effect on a text; say type: reference, team, user",
        ],
        "recovery_task",
    ),
    Broken(
        "a lookup by what does not come back",
        "fields:\n  assignee: {lookup: {by: employee_number}}\n",
        [
            "2: fields.assignee: not every value comes back: a name is looked up by employee_number and comes back as display_value; add lossy: accepted, or say direction: read or write",
        ],
        "recovery_task",
    ),
    Broken(
        "a name that comes back as an id",
        "fields:\n  x_owner: {field: u_owner, type: user}\n",
        [
            "2: fields.x_owner: not every value comes back: a name is written as its id and comes back as that: part: does not say which property bears the name; add lossy: accepted, or say direction: read or write",
        ],
        "recovery_task",
    ),
    Broken(
        "a day for an instant",
        "fields:\n  due_at: {type: date, format: '%Y-%m-%d'}\n",
        [
            "2: fields.due_at: not every value comes back: 14:30 is lost, a date has no time of day; add lossy: accepted, or say direction: read or write",
        ],
        "recovery_task",
    ),
    Broken(
        "an instant without seconds",
        "fields:\n  due_at: {format: '%Y-%m-%d %H:%M'}\n",
        [
            "2: fields.due_at: not every value comes back: the seconds are lost, %Y-%m-%d %H:%M has none; add lossy: accepted, or say direction: read or write",
        ],
        "recovery_task",
    ),
    Broken(
        "a clock that is turned back",
        "fields:\n  due_at: {zone: Europe/Zurich}\n",
        [
            "2: fields.due_at: not every value comes back: 2026-10-25 00:00 UTC and 2026-10-25 01:00 UTC are both 2026-10-25 02:00:00: clocks in Europe/Zurich show that hour twice; add lossy: accepted, or say direction: read or write",
        ],
        "recovery_task",
    ),
    Broken(
        "labels with blanks",
        "fields:\n  x_tags: {field: u_tags, type: labels}\n",
        [
            "2: fields.x_tags: not every value comes back: two words -> two-words -> two-words: a label has no blanks; add lossy: accepted, or say direction: read or write",
        ],
        "recovery_task",
    ),
    Broken(
        "a value that nothing is written for",
        "fields:\n  state:\n    values: {skipped: null}\n",
        [
            "3: fields.state.values: nothing is written for skipped; add skipped: <the platform's value>, or else: {write: ...} for all",
        ],
        "recovery_task",
    ),
    Broken(
        "yes and no as truth values",
        "fields:\n  x_flag: {field: u_flag, type: boolean, direction: read, values: {yes: on, no: off}}\n",
        [
            "2: fields.x_flag.values.yes: x_flag has no value 'yes'; use one of: true, false",
            "2: fields.x_flag.values.no: x_flag has no value 'no'; use one of: true, false",
        ],
    ),
    Broken(
        "a default that is no number",
        "fields:\n  order: {default: last}\n",
        [
            "2: fields.order.default: order has no value 'last'; write a number",
        ],
        "recovery_task",
    ),
    Broken(
        "defaults of another type",
        "fields:\n"
        "  opened_at: {default: yesterday}\n"
        "  resolved_at: {field: null, default: soon}\n"
        "  x_day: {field: u_day, type: date, default: 31.12.2026}\n"
        "  x_estimate: {field: u_estimate, type: duration, format: hours, default: 3h}\n",
        [
            (
                "2: fields.opened_at.default: opened_at is kept as a date and time, which 'yesterday' is not; "
                'write it as "2026-03-02T14:30:00Z", or take it out'
            ),
            (
                "3: fields.resolved_at.default: resolved_at is kept as a date and time, which 'soon' is not; "
                'write it as "2026-03-02T14:30:00Z", or take it out'
            ),
            (
                "4: fields.x_day.default: x_day is kept as a date, which '31.12.2026' is not; "
                'write it as "2026-03-02", or take it out'
            ),
            (
                "5: fields.x_estimate.default: x_estimate is kept as a number, which '3h' is not; "
                "write a number (of a duration its seconds)"
            ),
        ],
    ),
    Broken(
        "a list without its brackets",
        "fields:\n  state:\n    values:\n      resolved: 6, 7\n      closed: '7'\n",
        ["4: fields.state.values.resolved: '6, 7' is one value, with a comma in it; write resolved: ['6', '7']"],
    ),
    Broken(
        "a list without its brackets, of words",
        "fields:\n  state:\n    values:\n      in_progress: In Progress, In Review\n",
        [
            (
                "4: fields.state.values.in_progress: 'In Progress, In Review' is one value, with a comma in it; "
                "write in_progress: ['In Progress', 'In Review']"
            )
        ],
        "recovery_task",
        "jira",
    ),
    Broken(
        "a list asked as a text",
        "fields:\n  x_n: {field: n, direction: write, when: \"label == 'sev1'\"}\n",
        [
            (
                "2: fields.x_n.when: '==' does not go with list(string) and string; write 'sev1' in label\n"
                "    label == 'sev1'\n"
                "          ^"
            )
        ],
    ),
    Broken(
        "a text asked as a list",
        "fields:\n  x_n: {field: n, direction: write, when: \"assignment_group in 'Network'\"}\n",
        [
            (
                "2: fields.x_n.when: 'in' does not go with string and string; "
                "write assignment_group == 'Network', or assignment_group.contains('Network')\n"
                "    assignment_group in 'Network'\n"
                "                     ^"
            )
        ],
    ),
    Broken(
        "a default that is no value",
        "fields:\n  x_site: {field: u_site, type: choice, values: {north: n}, default: nort}\n",
        [
            "2: fields.x_site.default: x_site has no value 'nort'; did you mean 'north'?",
        ],
        "recovery_task",
    ),
    Broken(
        "a name that no condition could use",
        "fields:\n  x_Cost-Center: {field: u_cost_center}\n",
        [
            "2: fields.x_Cost-Center: 'x_Cost-Center' is no name that conditions and texts could use; write it in small letters, digits and _, such as x_cost_center",
        ],
        "recovery_task",
    ),
    Broken(
        "a setting of the other platform",
        "issue_type: Task\n",
        [
            "1: issue_type: issue_type has no effect on servicenow; take it out; it is for jira",
        ],
    ),
    Broken(
        "a source with a slip of the pen",
        "fields:\n  x_day: {field: u_day, direction: write, type: date, from: due_on}\n",
        [
            "2: fields.x_day.from: no recovery_task field 'due_on'; did you mean 'due_at'?",
        ],
        "recovery_task",
    ),
    Broken(
        "without the platform's field",
        "fields:\n  x_cost: {direction: write}\n",
        [
            "2: fields.x_cost: the platform's field is missing; add field:, compute: or default:",
        ],
        "recovery_task",
    ),
    Broken(
        "a choice without values",
        "fields:\n  x_cost: {field: u_c, type: choice}\n",
        [
            "2: fields.x_cost.type: a choice needs its values; add values: {ours: theirs}",
        ],
        "recovery_task",
    ),
    Broken(
        "values that are never reached",
        "fields:\n  x_site: {field: u_site, direction: write, type: choice, values: {north: [n, no]}}\n",
        [
            "2: fields.x_site.values.north: of n, no only the first is written, and none is read; write north: n, or say direction: both",
        ],
        "recovery_task",
    ),
    Broken(
        "a property written and not read",
        "fields:\n  x_level: {field: Level, wrap: level}\n",
        [
            "2: fields.x_level: not every value comes back: it is written within level and not read from there: say part: level; add lossy: accepted, or say direction: read or write",
        ],
        "recovery_task",
        "jira",
    ),
    Broken(
        "a condition that is always true",
        "fields:\n  x_vip: {field: u_vip, direction: read, when: \"state == 'new' || state != 'new'\"}\n",
        [
            "2: fields.x_vip.when: `state == 'new' || state != 'new'` is always true; take when: out",
        ],
    ),
    Broken(
        "one sign of equality",
        'fields:\n  x_vip: {field: u_vip, direction: read, when: "priority = 1"}\n',
        [
            "2: fields.x_vip.when: '=' is not known here; write ==\n    priority = 1\n             ^",
        ],
    ),
    Broken(
        "a word for a sign",
        "fields:\n  x_vip: {field: u_vip, direction: read, when: \"priority == 1 and state == 'new'\"}\n",
        [
            "2: fields.x_vip.when: 'and' is not known here; write &&\n    priority == 1 and state == 'new'\n                  ^",
        ],
    ),
    Broken(
        "two of ours for one of theirs",
        'fields:\n  state:\n    values: {failed: "3"}\n',
        [
            "3: fields.state.values.failed: '3' is mapped twice, to done and to failed; keep one, or add lossy: accepted (the first is then what it reads as)",
        ],
        "recovery_task",
    ),
    Broken(
        "an else that takes a value's place",
        (
            "fields:\n"
            "  x_site:\n"
            "    field: u_site\n"
            "    type: choice\n"
            "    values: {north: n, south: s}\n"
            "    else: {write: n}\n"
        ),
        [
            "2: fields.x_site: not every value comes back: north, any other -> n -> north; add lossy: accepted, or say direction: read or write",
        ],
        "recovery_task",
    ),
)
