"""AutoTrainer's runs, resampled from its recorded executions as the study's scripts do.

The study executed the tool 50 times on each of 17 faults. A run under a budget visits these
executions in random order, adds up their times, stops before the sum exceeds the budget, and keeps
the best accuracy seen. The scripts draw all faults from one generator, seeded with 42, but visit
them in the order of a set of strings; here each fault and budget has a generator of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from harness.analysis.published.facts import (
    AUTOTRAINER,
    BUDGETS,
    CLOCK,
    DATA,
    FRACTION,
    REPETITIONS,
    SPACE,
    Facts,
)
from harness.analysis.published.trials import NumberRule, check_numbers
from harness.analysis.statistics import Floats
from harness.records.outcome import Outcome, Trial
from harness.records.run import Run
from harness.vocabulary import CellStatus, Configuration, HarnessError, TrialStatus

BOOTSTRAP_SEED = 42
EXECUTIONS = ("fault", "run", "max_accuracy", "time_s")
ALLOWANCES = ("fault", "budget", "budget_s", "n_indices")


@dataclass(frozen=True)
class Executions:
    """What the study recorded of the tool."""

    times: Mapping[str, Floats]
    """By fault: seconds of each execution."""
    reached: Mapping[str, Floats]
    """By fault: holdout accuracy of each execution, the best of its attempts."""
    allowances: Mapping[tuple[str, int], float]
    """By fault and budget: seconds; 0 where the study's table lists no execution."""

    def draw(self, fault: str, budget: int, rng: np.random.Generator) -> list[Trial]:
        """One run: executions in random order until the next would exceed the allowance.

        A draw whose first execution exceeds it is repeated; empty if all would.
        """
        times, seconds = self.times[fault], self.allowances[fault, budget]
        if not (times <= seconds).any():
            return []
        while True:
            order = rng.permutation(len(times))
            spent = np.cumsum(times[order])
            if spent[0] <= seconds:
                break
        return [
            Trial(
                proposal=number,
                configuration=None,
                outcome=Outcome(
                    status=TrialStatus.COMPLETED,
                    seconds=float(times[at]),
                    search=float(self.reached[fault][at]),
                    holdout=float(self.reached[fault][at]),
                ),
                spent=float(spent[number]),
            )
            for number, at in enumerate(order[spent <= seconds])
        ]


def read_executions(folder: Path) -> Executions:
    """The executions and allowances in ``autotrainer_runs.csv.gz`` and ``_budgets.csv``.

    Raises:
        HarnessError: If a file cannot be read or lacks a column.
    """
    executed = _read(folder / "autotrainer_runs.csv.gz", EXECUTIONS).sort_values(["fault", "run"])
    allowed = _read(folder / "autotrainer_budgets.csv", ALLOWANCES)
    by_fault = executed.groupby("fault")
    return Executions(
        times={str(name): own["time_s"].to_numpy() for name, own in by_fault},
        reached={str(name): own["max_accuracy"].to_numpy() for name, own in by_fault},
        allowances={
            (fault, budget): float(seconds) if listed else 0.0
            for fault, budget, seconds, listed in allowed[[*ALLOWANCES]].itertuples(index=False)
        },
    )


def autotrainer_runs(
    executions: Executions, facts: Mapping[str, Facts], start_of: Callable[[str], Configuration]
) -> list[Run]:
    """Ten runs per fault and budget.

    A fault on which the tool made no attempt has ten runs that say so; so has one whose allowance
    is shorter than every execution: these have timed out.

    Args:
        start_of: The faulty configuration of a fault.
    """
    made = []
    for number, (name, known) in enumerate(facts.items()):
        for budget in BUDGETS:
            draws: list[list[Trial]] = [[]] * REPETITIONS
            status = known.autotrainer
            if status == CellStatus.OK:
                rng = np.random.default_rng([BOOTSTRAP_SEED, number, budget])
                draws = [executions.draw(name, budget, rng) for _ in range(REPETITIONS)]
                status = CellStatus.OK.value if draws[0] else CellStatus.TIMED_OUT.value
            made += [
                _run(known, start_of(name), budget, repetition, trials, status)
                for repetition, trials in enumerate(draws)
            ]
    return made


def _run(
    known: Facts,
    faulty: Configuration,
    budget: int,
    repetition: int,
    trials: list[Trial],
    status: str,
) -> Run:
    seconds = trials[-1].spent if trials else 0.0
    return Run(
        fault=known.fault,
        technique=AUTOTRAINER,
        budget=float(budget),
        clock=CLOCK,
        space=SPACE,
        data=DATA,
        fraction=FRACTION,
        repetition=repetition,
        metric=known.metric,
        faulty=faulty,
        fixed={**faulty, **known.fix},
        trials=trials,
        status=status,
        training_seconds=seconds,
        search_seconds=0.0,
        total_seconds=seconds,
    )


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path)
    except (OSError, ValueError, EOFError) as error:
        raise HarnessError(f"{path} cannot be read: {error}") from None
    if lacking := [name for name in columns if name not in frame]:
        raise HarnessError(
            f"{path} lacks the columns {', '.join(lacking)}. Found: {', '.join(frame.columns)}"
        )
    numbers = {"run", "max_accuracy", "time_s", "budget_s", "n_indices"}.intersection(columns)
    check_numbers(frame, str(path), dict.fromkeys(sorted(numbers), NumberRule()))
    return frame
