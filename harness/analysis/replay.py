"""Recorded runs on a simulated clock: what each would have been had its budget ended earlier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from harness.records.outcome import Trial
from harness.records.run import Run
from harness.vocabulary import HarnessError, TrialStatus


def at_budget(run: Run, budget: float, training_time: float) -> Run:
    """``run`` as far as it had come when ``budget`` was spent.

    The trial that was running then is cut and has no value: the log does not tell what it had
    reached. Seconds of training and search are shared out evenly over what was charged.

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
            rows.append(_cut(row, end))
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


def _cut(row: Trial, end: float) -> Trial:
    cut = replace(row.outcome, status=TrialStatus.CUT, search=None, holdout=None)
    return replace(row, outcome=cut, spent=end)
