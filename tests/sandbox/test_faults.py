"""Which calls a fault strikes, and how often."""

from __future__ import annotations

import pytest

from sandbox.faults import Faults


def ordered(*rows, seed=None):
    faults = Faults()
    faults.order(list(rows), seed)
    return faults


def kinds(faults, times, method="POST", target="/api/x?y=1"):
    drawn = [faults.draw(method, target) for _ in range(times)]
    return [fault.kind if fault else None for fault in drawn]


def test_a_fault_strikes_once_by_default():
    assert kinds(ordered({"kind": "500"}), 2) == ["500", None]


def test_skip_lets_the_first_matching_calls_pass():
    assert kinds(ordered({"kind": "500", "skip": 2, "times": 2}), 5) == [None, None, "500", "500", None]


def test_without_times_it_strikes_for_ever():
    assert kinds(ordered({"kind": "503", "times": None}), 50) == ["503"] * 50


def test_faults_on_the_same_call_take_turns():
    assert kinds(ordered({"kind": "500"}, {"kind": "503"}), 3) == ["500", "503", None]


def test_method_and_a_pattern_over_path_and_query_choose_the_calls():
    faults = ordered({"kind": "500", "method": "patch", "path": r"table/incident/.*\?y=1$", "times": None})

    assert kinds(faults, 1, "PATCH", "/table/incident/a?y=1") == ["500"]
    assert kinds(faults, 1, "POST", "/table/incident/a?y=1") == [None]
    assert kinds(faults, 1, "PATCH", "/table/incident/a") == [None]


def test_probability_is_drawn_from_the_seed():
    row = {"kind": "500", "times": None, "probability": 0.5}

    first, second, other = (kinds(ordered(row, seed=seed), 40) for seed in (1, 1, 2))

    assert first == second
    assert first != other
    assert 5 < first.count("500") < 35


def test_an_inner_request_is_struck_only_by_a_fault_that_asks_for_it():
    faults = ordered({"kind": "500", "times": None}, {"kind": "503", "inner": True, "times": None})

    assert faults.draw("POST", "/x", inner=True).kind == "503"


def test_an_unserviced_fault_concerns_batches_only():
    faults = ordered({"kind": "unserviced"})

    assert faults.draw("POST", "/batch") is None
    assert faults.draw("POST", "/batch", unserviced=True).kind == "unserviced"


def test_the_report_counts_what_fired():
    faults = ordered({"kind": "500", "skip": 1})
    kinds(faults, 2)

    assert faults.report() == [{"kind": "500", "skip": 1, "fired": 1, "seen": 2}]
    faults.clear()
    assert faults.report() == []


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"kind": "explode"}, r"faults\[1\].kind: 'explode' is not one of drop_before"),
        ({"kind": "500", "path": "("}, r"faults\[1\].path: not a regular expression"),
        ({"kind": "500", "tims": 1}, r"faults\[1\]: unknown tims; allowed are kind"),
    ],
)
def test_a_wrong_order_names_the_row_and_orders_nothing(row, message):
    faults = Faults()

    with pytest.raises(ValueError, match=message):
        faults.order([{"kind": "500"}, row], None)

    assert faults.report() == []
