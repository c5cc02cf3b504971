"""Which trial a run ends with, and what the run amounts to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cells import FAULTY, PATCH, baseline, confirmed, reaching, run, score, trial

from harness.analysis.protocols import CORRECTED, ICST23
from harness.analysis.winners import run_result, winner, winner_only
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
    assert run_result(unbounded, baseline(metric="mae"), CORRECTED).value is None


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
    kept = run_result(bad, base, CORRECTED)
    assert (kept.value, kept.patch, kept.better) == (0.2, PATCH, False)
    fallen = run_result(bad, base, ICST23)
    assert fallen.value == pytest.approx(0.6)
    assert fallen.patch is None and fallen.judged


def test_a_run_without_a_judged_trial() -> None:
    none = run(0, trial(0, None))
    assert run_result(none, baseline(), CORRECTED).value is None
    assert run_result(none, baseline(), ICST23).value == pytest.approx(0.15)


def test_what_a_technique_chose_wins() -> None:
    trials = [trial(0, 0.9), trial(1, 0.5), trial(2, None)]
    assert winner(run(0, *trials, choice=1), CORRECTED) is trials[1]
    assert winner(run(0, *trials, choice=2), CORRECTED) is trials[0]  # it was not judged
    assert winner_only(run(0, *trials), CORRECTED).trials == [trials[0]]
    assert winner_only(run(0), CORRECTED).trials == []
