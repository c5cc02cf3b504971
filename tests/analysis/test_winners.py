"""Which trial a run ends with, and what the run amounts to."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import fmean
from typing import Any

import pytest
from cells import FAULTY, PATCH, baseline, confirmed, reaching, run, score, trial
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.protocols import CORRECTED, ICST23
from harness.analysis.winners import (
    RunResult,
    comparison_values,
    run_result,
    winner,
    winner_only,
)
from harness.records.outcome import Trial
from harness.vocabulary import TrialStatus


def test_a_confirmed_run_counts_as_the_mean_of_its_re_trainings() -> None:
    other = confirmed(0.1, 0.1, proposal=0)  # of a trial that does not win
    runs = reaching([0.9, 0.9, 0.9], confirmed=(*confirmed(0.5, 0.7), *other))
    runs[2] = replace(runs[2], confirmed=other)
    row = score(runs)
    assert row["mean"] == pytest.approx((0.6 + 0.6 + 0.9) / 3)
    assert (row["n_confirmed"], row["confirmed_mean"]) == (2, pytest.approx(0.6))
    unconfirmed = score(runs, protocol=replace(CORRECTED, confirmed_counts=False))
    assert unconfirmed["mean"] == pytest.approx(0.9)
    assert score(runs, protocol=ICST23)["mean"] == pytest.approx(0.9)


def test_a_re_training_that_diverges_is_the_worst_value() -> None:
    (one,) = reaching([0.9], confirmed=confirmed(0.6, None, 0.6))
    assert run_result(one, baseline(), CORRECTED).value == pytest.approx(0.4)
    unbounded = replace(one, metric="mae")
    worse = baseline(metric="mae", faulty=[2.0], fixed=[0.1])
    assert run_result(unbounded, worse, CORRECTED).value is None


def test_the_winner_is_the_best_by_the_search_metric_the_first_on_ties() -> None:
    trials = [trial(0, 0.5), trial(1, 0.7, 0.1), trial(2, 0.7, 0.9), trial(3, None)]
    best = winner(run(0, *trials), CORRECTED)
    assert best is trials[1]
    lower = winner(run(0, *trials, metric="mae"), CORRECTED)
    assert lower is trials[0]
    assert winner(run(0, trial(0, None)), CORRECTED) is None
    assert winner(run(0), CORRECTED) is None


@pytest.mark.parametrize(
    ("field", "excluded"),
    [
        ("skip_first_trial", trial(0, 0.9, configuration=FAULTY)),
        ("cut_may_win", trial(1, 0.9, status=TrialStatus.CUT, fidelity=0.5)),
        ("partial_may_win", trial(1, 0.9, fidelity=0.5)),
    ],
)
def test_which_trials_may_win_is_the_protocols(field: str, excluded: Trial) -> None:
    other = trial(2, 0.4)
    some = run(0, excluded, other)
    yes: dict[str, Any] = {field: field != "skip_first_trial"}
    no: dict[str, Any] = {field: field == "skip_first_trial"}
    assert winner(some, replace(CORRECTED, **yes)) is excluded
    assert winner(some, replace(CORRECTED, **no)) is other


def test_a_run_worse_than_the_fault_keeps_its_value_or_falls_back() -> None:
    base = baseline(faulty=[0.5, 0.7], fixed=[0.9, 0.9])
    bad = run(0, trial(0, 0.1), trial(1, 0.2))
    as_found = replace(CORRECTED, no_better_is_no_patch=False)
    kept = run_result(bad, base, as_found)
    assert (kept.value, kept.patch, kept.better, kept.no_patch) == (0.2, PATCH, False, False)
    fallen = run_result(bad, base, ICST23)
    assert fallen.value == pytest.approx(0.6)
    assert fallen.patch is None and fallen.judged and not fallen.no_patch


def test_a_run_that_finds_nothing_better_returns_no_patch() -> None:
    base = baseline(faulty=[0.5, 0.7, 0.9], fixed=[0.9, 0.9])
    for search, holdout in ((0.7, 0.95), (0.2, 0.1)):  # the median on the search part is 0.7
        found = run_result(run(0, trial(0, search, holdout)), base, CORRECTED)
        assert found == RunResult(
            pytest.approx(0.7), None, judged=True, better=False, no_patch=True
        )
    better = run_result(run(0, trial(0, 0.71, 0.1)), base, CORRECTED)
    assert (better.value, better.patch, better.no_patch) == (0.1, PATCH, False)


def test_a_faulty_training_without_a_value_is_beaten_by_any_value() -> None:
    base = baseline(faulty=[0.5], faulty_unjudged=2)
    assert run_result(run(0, trial(0, 0.1)), base, CORRECTED).patch == PATCH
    base = baseline(faulty=[0.5, 0.5], faulty_unjudged=1)
    assert run_result(run(0, trial(0, 0.1)), base, CORRECTED).no_patch


def test_the_faulty_program_is_no_patch_however_lucky_its_training() -> None:
    lucky = trial(3, 0.9, configuration=FAULTY)
    found = run_result(run(0, trial(1, 0.8), lucky), baseline(), CORRECTED)
    assert found.no_patch and not found.better
    assert run_result(run(0, trial(1, 0.8), lucky, choice=1), baseline(), CORRECTED).value == 0.8
    history = replace(lucky, note={"history": {}, "structural": {"layers": "layer"}})
    assert run_result(run(0, history), baseline(), CORRECTED).patch == FAULTY


def test_a_run_without_a_judged_trial() -> None:
    none = run(0, trial(0, None))
    worst = replace(CORRECTED, unjudged="worst")
    assert run_result(none, baseline(), worst) == RunResult(None, None, judged=False, better=False)
    for protocol in (CORRECTED, ICST23):
        found = run_result(none, baseline(), protocol)
        assert found.value == pytest.approx(0.15) and not found.judged
        assert found.no_patch is (protocol is CORRECTED)


@pytest.mark.parametrize("faulty", [[0.1] * 9 + [0.9], [0.4] * 4 + [0.5] * 6, [0.5]])
@pytest.mark.parametrize("n", [1, 4, 5, 10, 20])
def test_runs_without_a_patch_look_like_the_faulty_program(faulty: list[float], n: int) -> None:
    """The mean of ten such values lies above nine of them, and would pass for a repair."""
    row = score(reaching([None] * n), baseline(faulty=faulty))
    assert row["mean"] == pytest.approx(fmean(faulty))
    assert not row["exposed"] or row["ir"] == pytest.approx(0, abs=1e-12)
    assert (row["no_patch"], row["complexity_mean"], row["patches"]) == (n, 0, 0)
    assert not row["significant"] and row["p_mannwhitney"] > 0.3
    if n % len(faulty) == 0:
        assert row["a12"] == 0.5


@given(st.lists(st.sampled_from([0.1, 0.2, 0.5, 0.9]), min_size=1, max_size=12), st.integers(1, 25))
def test_the_values_of_no_patches_are_spread_evenly(faulty: list[float], n: int) -> None:
    nothing = RunResult(0.3, None, judged=False, better=False, no_patch=True)
    base = baseline(faulty=faulty, faulty_unjudged=1)
    values = comparison_values([nothing] * n, base)
    assert len(values) == n and values == sorted(values)
    known = [-math.inf, *sorted(faulty)]
    whole = comparison_values([nothing] * len(known), base)
    assert whole == known and comparison_values([nothing] * 2 * len(known), base)[::2] == known


def test_what_a_technique_chose_wins() -> None:
    trials = [trial(0, 0.9), trial(1, 0.5), trial(2, None)]
    assert winner(run(0, *trials, choice=1), CORRECTED) is trials[1]
    assert winner(run(0, *trials, choice=2), CORRECTED) is trials[0]  # it was not judged
    assert winner_only(run(0, *trials), CORRECTED).trials == [trials[0]]
    assert winner_only(run(0), CORRECTED).trials == []
