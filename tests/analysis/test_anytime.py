from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import AS_FOUND, FAST, T, baseline, reaching, row, run, study

from harness.analysis import anytime
from harness.analysis.protocols import Protocol
from harness.analysis.replay import at_budget
from harness.analysis.schemas import ANYTIME, AREAS, PROGRESS, TARGETS
from harness.analysis.winners import run_result
from harness.records.run import Run

STEPS = [(1.5, 0.3), (3.0, None), (4.0, 0.2), (8.0, 0.8)]


def test_a_trajectory_by_hand() -> None:
    found = anytime.trajectory(run(STEPS), baseline("M1"), AS_FOUND)
    assert found == [(0.0, None), (1.5, 0.3), (8.0, 0.8)]


def test_the_best_by_search_is_shown_by_holdout() -> None:
    rows = [row(0, 1, 0.5, holdout=0.9), row(1, 2, 0.6, holdout=0.4)]
    found = anytime.trajectory(replace(run([]), trials=rows), baseline("M1"), AS_FOUND)
    assert [step.value for step in found] == [None, 0.9, 0.4]


def chosen(choices: list[int | None], last: int | None) -> Run:
    """Four trials, ever better, of a technique that says what it would return before each."""
    values = [0.1, 0.2, 0.3, 0.4]
    trials = [
        replace(row(n, n + 1.0, value), note={"choice": choice})
        for n, (value, choice) in enumerate(zip(values, choices, strict=True))
    ]
    return replace(run([]), trials=trials, choice=last)


def test_a_technique_is_taken_at_its_word() -> None:
    told = chosen([None, 0, 0, 2], last=1)
    found = anytime.trajectory(told, baseline("M1"), AS_FOUND)
    assert found == [(0.0, None), (1.0, 0.1), (3.0, 0.3), (4.0, 0.2)]
    assert run_result(told, baseline("M1"), AS_FOUND).value == 0.2
    assert run_result(at_budget(told, 3.5, T), baseline("M1"), AS_FOUND).value == 0.3
    assert run_result(at_budget(told, 2.5, T), baseline("M1"), AS_FOUND).value == 0.1
    assert run_result(replace(told, choice=None), baseline("M1"), AS_FOUND).value == 0.4


def test_curves_hold_every_whole_budget() -> None:
    small = study({("M1", "random"): [STEPS]}, protocol=AS_FOUND)
    curve = anytime.curves(small, "M1", "random")[0]
    assert anytime.budgets(small).tolist() == [*range(1, 11)]
    assert curve.tolist() == [-math.inf, *[0.3] * 6, *[0.8] * 3]


TRIALS = st.lists(
    st.tuples(st.floats(0.01, 12), st.one_of(st.none(), st.floats(0, 1))), max_size=8
).map(lambda trials: sorted(trials, key=lambda t: t[0]))


@settings(max_examples=50, deadline=None)
@given(TRIALS, st.sampled_from([FAST, AS_FOUND]))
def test_a_curve_is_the_result_of_each_prefix(
    trials: list[tuple[float, float | None]], protocol: Protocol
) -> None:
    whole, base = run(trials), baseline("M1")
    last = anytime.trajectory(whole, base, protocol)[-1]
    assert last.value == run_result(whole, base, protocol).value
    small = study({("M1", "random"): [trials]}, protocol=protocol)
    curve = anytime.curves(small, "M1", "random")[0]
    for budget, value in enumerate(curve[:-1], start=1):
        cut = run_result(at_budget(whole, budget, T), base, protocol).value
        assert (cut if cut is not None else -math.inf) == value


def test_the_table_by_hand() -> None:
    three = study({("M1", "random"): [STEPS, [(2, 0.5)], [(5, 0.6)]]}, protocol=AS_FOUND)
    table = anytime.anytime(three).set_index("budget")
    assert [*anytime.anytime(three).columns] == ANYTIME.names
    assert math.isnan(table.loc[1.0, "median"]) and table.loc[1.0, "judged"] == 0
    assert table.loc[2.0, "median"] == 0.3 and table.loc[2.0, "judged"] == 2
    assert table.loc[10.0, "median"] == 0.6
    assert table.loc[10.0, "ir_median"] == pytest.approx((0.6 - 0.2) / 0.6)
    assert table.loc[10.0, "low"] == 0.5 and table.loc[10.0, "high"] == 0.8


def test_progress_is_the_median_over_the_faults() -> None:
    cells = {("M1", "random"): [0.5] * 3, ("M2", "random"): [0.8] * 3}
    many = reaching(cells, protocol=AS_FOUND)
    table = anytime.progress(many).set_index("budget")
    assert [*anytime.progress(many).columns] == PROGRESS.names
    assert table.loc[5.0, "ir"] == pytest.approx(-1 / 6)
    assert table.loc[6.0, "ir"] == pytest.approx(0.75)
    assert (table.loc[6.0, "ir_low"], table.loc[6.0, "ir_high"]) == (
        pytest.approx(0.5),
        pytest.approx(1.0),
    )


def test_a_run_without_a_patch_yet_stands_at_the_faulty_program() -> None:
    one = study({("M1", "random"): [[(3, 0.1), (5, 0.6)]]})
    assert anytime.curves(one, "M1", "random")[0] == pytest.approx([0.2] * 4 + [0.6] * 6)
    assert anytime.anytime(one)["judged"].tolist() == [0] * 2 + [1] * 8
    assert anytime.progress(one)["ir"].tolist() == pytest.approx([0.0] * 4 + [0.4 / 0.6] * 6)


def test_the_area_by_hand() -> None:
    one = study({("M1", "random"): [STEPS]})
    table = anytime.areas(one)
    assert [*table.columns] == AREAS.names
    # Nothing at 1, a sixth of the gap from 2 to 7, all of it from 8 to 10.
    assert table["area"][0] == pytest.approx((0 + 6 * (0.1 / 0.6) + 3 * 1.0) / 10)


@given(st.lists(st.floats(-5, 5), min_size=1))
def test_an_area_is_a_share(rates: list[float]) -> None:
    assert 0 <= float(anytime.area(np.array(rates))) <= 1


def test_targets_by_hand() -> None:
    three = study({("M1", "random"): [STEPS, [(2, 0.5)], [(5, 0.25)]]})
    table = anytime.targets(three).set_index("target")
    assert [*anytime.targets(three).columns] == TARGETS.names
    # A rate of 0.25 is 0.35: reached at 8 and 2, and never by the third, which spends 10.
    assert table.loc[0.25, "reached"] == 2
    assert table.loc[0.25, "running_time"] == pytest.approx((8 + 2 + 10) / 2)
    assert table.loc[1.0, "running_time"] == pytest.approx((8 + 10 + 10) / 1)
    shares = anytime.reached(three, "random", 0.25, np.array([1.0, 2.0, 8.0]))
    assert shares == pytest.approx([0, 1 / 3, 2 / 3])


def test_a_target_that_nobody_reaches_has_no_end() -> None:
    assert anytime.expected_running_time(np.array([math.inf, math.inf]), 20) == math.inf
