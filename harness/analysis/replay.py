"""Recorded runs on a simulated clock: what each would have been had its budget ended earlier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from harness.records.clocks import charge_of
from harness.records.outcome import Trial
from harness.records.run import Run
from harness.vocabulary import HarnessError, TrialStatus


def at_budget(run: Run, budget: float, training_time: float) -> Run:
    """``run`` as far as it had come when ``budget`` was spent.

    The trial that was running then is cut. Where it was judged at this budget, uncharged, it has
    that value, as in a run of its own; else it has none. Seconds of training and search are shared
    out evenly over what was charged.

    Args:
        run: A run with a budget of at least ``budget``.
        budget: As a multiple of one training of the faulty program.
        training_time: T of the run's fault, seconds; for runs that do not say what they were
            allowed in the unit of their clock.

    Raises:
        HarnessError: If the run had a smaller budget.
    """
    if budget > run.budget:
        raise HarnessError(
            f"{run.technique} on {run.fault} was recorded with a budget of {run.budget:g}: what it "
            f"would have done with {budget:g} is not known"
        )
    end = budget * (training_time if run.unit is None else run.unit)
    rows, choice = [], run.choice
    for row in run.trials:
        if row.spent > end:
            rows.append(_open(row, float(budget), end, run.clock))
            choice = row.choice
            break
        rows.append(row)
    whole = run.trials[-1].spent if run.trials else 0.0
    share = min(1.0, end / whole) if whole else 1.0
    return replace(
        run,
        budget=float(budget),
        allowed=None if run.unit is None else end,
        prefix_of=run.budget if run.prefix_of is None else run.prefix_of,
        trials=rows,
        choice=choice,
        training_seconds=run.training_seconds * share,
        search_seconds=run.search_seconds * share,
        total_seconds=run.total_seconds * share,
    )


def replay(
    runs: Iterable[Run], budgets: Iterable[float], training_times: Mapping[str, float]
) -> list[Run]:
    """The runs at each of the budgets, see :func:`at_budget`.

    Args:
        runs: Recorded runs, each with a budget of at least the largest of ``budgets``.
        training_times: T of each fault, seconds.
    """
    recorded, wanted = list(runs), list(budgets)
    return [
        at_budget(run, budget, training_times[run.fault]) for budget in wanted for run in recorded
    ]


def _open(row: Trial, budget: float, end: float, clock: str) -> Trial:
    """The trial that was running when a budget ended, as a run of that budget would have it."""
    outcome = row.outcome
    mark = next((m for m in outcome.marks if m.budget == budget), None)
    if mark is None:
        cut = replace(outcome, status=TrialStatus.CUT, search=None, holdout=None, marks=())
        return replace(row, outcome=cut, spent=end)
    if mark.ended:
        return row
    cut = replace(
        outcome,
        status=TrialStatus.CUT,
        steps=mark.steps,
        fidelity=mark.fidelity,
        work=mark.work,
        reference_seconds=mark.reference_seconds,
        search=mark.search,
        holdout=mark.holdout,
        marks=(),
    )
    charged = charge_of(clock, cut)
    before = row.spent - (row.charged or 0.0)
    return replace(row, outcome=cut, charged=charged, spent=before + (charged or 0.0))
