from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import recorded_trial

from harness.analysis import statistics as stats
from harness.analysis.protocols import CORRECTED
from harness.analysis.published import load_published
from harness.analysis.published.archive import published_study
from harness.analysis.replay import at_budget, replay
from harness.analysis.scores import scores
from harness.analysis.winners import run_result, winner
from harness.records.baseline import Baseline
from harness.records.outcome import Mark, Outcome
from harness.records.run import Confirmation, Run
from harness.vocabulary import HarnessError, TrialStatus


def again(proposal: int, holdout: float) -> Confirmation:
    outcome = Outcome(status=TrialStatus.COMPLETED, seconds=1.0, search=0.5, holdout=holdout)
    return Confirmation(proposal=proposal, fidelity=1.0, seed=7, outcome=outcome)


def recorded(*seconds: float, budget: float = 50.0) -> Run:
    """A run whose trials took ``seconds`` and each of which is better than the one before."""
    spent = [sum(seconds[: n + 1]) for n in range(len(seconds))]
    return Run(
        fault="M1",
        technique="random",
        budget=budget,
        clock="training",
        space="corrected",
        data="default",
        fraction=1.0,
        repetition=0,
        metric="accuracy",
        faulty={"epochs": 1},
        fixed={"epochs": 9},
        trials=[
            recorded_trial(
                n,
                status=TrialStatus.COMPLETED,
                search=n / 10,
                holdout=n / 10,
                spent=at,
                configuration={"epochs": 2 + n},
            )
            for n, at in enumerate(spent)
        ],
        status="ok",
        training_seconds=sum(seconds),
        search_seconds=0.0,
        total_seconds=sum(seconds),
        confirmed=(again(0, 0.5), again(2, 0.7)),
    )


def test_a_smaller_budget_is_a_prefix_and_the_trial_at_its_end_is_cut() -> None:
    run = recorded(2.0, 3.0, 4.0, 5.0)
    short = at_budget(run, 3, training_time=2.0)
    assert [row.status for row in short.trials] == [
        TrialStatus.COMPLETED,
        TrialStatus.COMPLETED,
        TrialStatus.CUT,
    ]
    assert short.trials[:2] == run.trials[:2]
    assert (short.trials[2].spent, short.trials[2].holdout) == (6.0, None)
    assert winner(short, CORRECTED) is short.trials[1]
    assert (short.budget, short.training_seconds, short.prefix_of) == (3.0, 6.0, 50.0)


def test_a_prefix_is_confirmed_by_the_re_trainings_of_its_own_winner() -> None:
    run = recorded(2.0, 3.0, 4.0)
    base = Baseline(
        fault="M1",
        metric="accuracy",
        faulty_holdout=[0.0],
        fixed_holdout=[1.0],
        faulty_search=[-0.1],
        fixed_search=[1.0],
        training_time=1.0,
    )
    values = {b: run_result(at_budget(run, b, 1.0), base, CORRECTED).value for b in (2, 5, 9)}
    assert values == {2: 0.5, 5: 0.1, 9: 0.7}


@pytest.mark.parametrize("unit", [1e9, 0.001])
def test_budgets_are_counted_in_the_unit_of_the_clock(unit: float) -> None:
    run = recorded(2.0, 3.0, 4.0, budget=10.0)
    counted = replace(
        run,
        clock="work",
        allowed=10.0 * unit,
        trials=[replace(row, spent=row.spent * unit) for row in run.trials],
    )
    short = at_budget(counted, 5, training_time=123.0)
    assert [row.holdout for row in short.trials] == [0.0, 0.1, None]
    assert short.unit == pytest.approx(unit)
    assert at_budget(short, 2, training_time=123.0).trials == at_budget(counted, 2, 1.0).trials


def test_the_open_trial_counts_with_its_mark() -> None:
    run = recorded(2.0, 3.0, 2.0)
    last = run.trials[1]
    mark = Mark(
        budget=4.0, ended=False, steps=7, fidelity=0.5, work=70.0, reference_seconds=2.5,
        search=0.6, holdout=0.7,
    )  # fmt: skip
    trials = [
        replace(row, charged=charged)
        for row, charged in zip(run.trials, (2.0, 3.0, 2.0), strict=True)
    ]
    trials[1] = replace(trials[1], outcome=replace(last.outcome, marks=(mark,)))
    marked = replace(run, clock="reference", allowed=run.budget, trials=trials)
    short = at_budget(marked, 4, training_time=1.0)
    first, cut = short.trials
    assert (cut.search, cut.holdout, cut.fidelity, cut.outcome.steps) == (0.6, 0.7, 0.5, 7)
    assert (cut.charged, cut.spent, cut.status) == (2.5, 4.5, TrialStatus.CUT)
    assert at_budget(marked, 3, training_time=1.0).trials[1].search is None
    ended = replace(last.outcome, marks=(Mark(budget=4.0, ended=True),))
    trials[1] = replace(trials[1], outcome=ended)
    whole = at_budget(replace(marked, trials=trials), 4, training_time=1.0)
    assert whole.trials == [first, trials[1]]


def test_a_trial_that_ends_with_the_budget_counts() -> None:
    assert at_budget(recorded(2.0, 3.0), 5, training_time=1.0).trials[1].holdout == 0.1


def test_a_larger_budget_than_the_recorded_one_is_not_known() -> None:
    with pytest.raises(HarnessError, match="budget of 20: .* with 50 is not known"):
        at_budget(recorded(1.0, budget=20.0), 50, 1.0)


@given(
    st.lists(st.floats(0.01, 9.0), min_size=1, max_size=8),
    st.floats(0.1, 50.0),
    st.floats(0.1, 50.0),
)
def test_more_budget_never_loses_a_trial(seconds: list[float], one: float, other: float) -> None:
    small, large = sorted((one, other))
    run = recorded(*seconds)
    first, second = (at_budget(run, b, 1.0) for b in (small, large))
    kept = [row for row in first.trials if row.holdout is not None]
    assert kept == list(second.trials)[: len(kept)]
    assert at_budget(second, small, 1.0).trials == first.trials
    assert math.isclose(at_budget(run, run.budget, 1.0).training_seconds, min(50.0, sum(seconds)))


def test_recorded_runs_of_the_study_feed_the_whole_pipeline() -> None:
    study = load_published()
    longest = [run for run in study.runs if run.budget == 50 and run.fault in ("D1", "R4", "U4")]
    times = {name: facts.training_time for name, facts in study.facts.items()}
    frame = scores(replay(longest, (5, 20), times), study.baselines(CORRECTED), CORRECTED)
    assert len(frame) == 3 * 3 * 2
    finished = frame.pivot_table(index="fault", columns="budget", values="trials_mean")
    assert (finished[20.0] > 2 * finished[5.0]).all()


@pytest.mark.parametrize("budget", [10, 20])
def test_beginnings_do_not_differ_from_the_study_s_separate_runs(budget: int) -> None:
    """Of 90 cells, 6 and 5 have p < 0.05 (4.5 would by chance), and none after Holm."""
    published = load_published()
    protocol = replace(CORRECTED, no_better_is_no_patch=False)
    own = published_study(published, budget, protocol)
    long = published_study(published, 50, protocol)
    runs = [at_budget(r, budget, own.baseline(r.fault).training_time) for r in long.runs]
    short = replace(long, runs=runs)
    cells = [(fault, technique) for fault in own.faults for technique in own.techniques]
    found = [stats.mann_whitney(own.values(*cell), short.values(*cell)) for cell in cells]
    assert len(cells) == 90
    assert sum(p is not None and p < 0.05 for p in found) == {10: 6, 20: 5}[budget]
    assert all(p is None or p > 0.05 for p in stats.holm(found))
