"""Broken services files, and what is said of each, word for word."""

import pytest

BROKEN = {
    "no duration": (
        "rto: 4h",
        "rto: 4",
        ["services.yaml:5: services.payments.rto: '4' is not a duration; write it as 15m, 4h, 1h30m or 2d"],
    ),
    "no time at all": (
        "rto: 4h",
        "rto: 0m",
        ["services.yaml:5: services.payments.rto: the duration is nothing; write one such as 4h"],
    ),
    "RTO beyond MTPD": (
        "mtpd: 8h",
        "mtpd: 2h30m",
        [
            (
                "services.yaml:5: services.payments.rto: the RTO of 4h is longer than the MTPD of 2h30m; "
                "recover before the disruption becomes intolerable"
            )
        ],
    ),
    "field misspelt": (
        "criticality",
        "critcality",
        [
            "services.yaml:2: services.payments.criticality: the field is missing; add it",
            "services.yaml:4: services.payments.critcality: unknown field; did you mean 'criticality'?",
        ],
    ),
    "platform misspelt": (
        "servicenow:",
        "servicnow:",
        ["services.yaml:9: services.payments.servicnow: unknown field; did you mean 'servicenow'?"],
    ),
    "kind misspelt": (
        "{ci:",
        "{cis:",
        ["services.yaml:9: services.payments.servicenow.cis: unknown field; did you mean 'ci'?"],
    ),
    "criticality in words": (
        "criticality: 1",
        "criticality: [high]",
        [
            (
                "services.yaml:4: services.payments.criticality: '['high']' is not a criticality; "
                "use 1 (most critical) to 4 (not critical)"
            )
        ],
    ),
    "key twice": (
        "    owner:",
        "    name: Pay\n    owner:",
        ["services.yaml:8: services.payments.name: the key stands twice, first on line 3; keep one of them"],
    ),
    "unknown dependency": (
        "    owner:",
        "    depends_on: [payment, payments]\n    owner:",
        [
            "services.yaml:8: services.payments.depends_on[0]: no service 'payment'; did you mean 'payments'?",
            "services.yaml:8: services.payments.depends_on[1]: 'payments' depends on itself; remove it",
        ],
    ),
    "no key": (
        "  payments:",
        "  pay ments:",
        [
            (
                "services.yaml:2: services.pay ments: 'pay ments' cannot be a key; "
                "use up to 64 letters, digits, '-', '_' and '.'"
            ),
            (
                "warning services.yaml:2: services.pay ments: no platform names this service, so no ticket will be matched "
                "to it; add its CIs, services, components or labels"
            ),
            "plans/pay-dr.yaml:3: services[0]: no service 'payments'; did you mean 'pay ments'?",
            "warning services.yaml:2: services.pay ments: no plan covers this service; add it to a plan's services",
        ],
    ),
    "tab": (
        "    owner:",
        "\towner:",
        [
            (
                "services.yaml:8: not YAML: found character '\\t' that cannot start any token; "
                "mend the indentation or put the text in quotes"
            )
        ],
    ),
    "no mapping": (
        "*",
        "- payments\n",
        ["services.yaml:1: the file is not a mapping; write `field: value` lines"],
    ),
    "list of services": (
        "*",
        "services: [payments]\n",
        ["services.yaml:1: services: not a mapping; write `key:` lines with the fields of each below"],
    ),
    "empty": ("*", "", ["services.yaml:1: the file is empty; `continuity init` writes an example"]),
    "nothing names it": (
        "    servicenow: {ci: [payments-db]}\n    jira-emea: {label: payments, component: [Payments]}\n",
        "",
        [
            (
                "warning services.yaml:2: services.payments: no platform names this service, so no ticket will be matched "
                "to it; add its CIs, services, components or labels"
            )
        ],
    ),
}


@pytest.mark.parametrize(("part", "by", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_broken_services_file_is_told_with_line_and_remedy(records, part, by, expected):
    records.edit("services.yaml", records.services if part == "*" else part, by)

    assert records.told() == expected
