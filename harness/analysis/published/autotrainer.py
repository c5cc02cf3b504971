"""AutoTrainer's runs, resampled from its recorded executions as the study's scripts do.

The study executed the tool 50 times on each of 17 faults. A run under a budget visits these
executions in random order, adds up their times, stops before the sum exceeds the budget, and keeps
the best accuracy seen. The scripts draw all faults from one generator, seeded with 42, but visit
them in the order of a set of strings; here each fault and budget has a generator of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from harness.tables import Run, RunRow
from harness.vocabulary import CellStatus, Configuration, HarnessError, TrialStatus

SEED = 42
EXECUTIONS = ("fault", "run", "max_accuracy", "time_s")
ALLOWANCES = ("fault", "budget", "budget_s", "n_indices")


def autotrainer_runs(
    folder: Path,
    facts: Mapping[str, Facts],
    start_of: Callable[[str], Configuration],
    seed: int = SEED,
) -> list[Run]:
    """Ten runs per fault and budget.

    A fault on which the tool made no attempt has ten runs that say so. Neither has one whose budget
    is shorter than every execution, or for which the study's budget table lists no execution
    (``n_indices`` 0): these have timed out.

    Args:
        folder: Holds ``autotrainer_runs.csv.gz`` and ``autotrainer_budgets.csv``.
        start_of: The faulty configuration of a fault.

    Raises:
        HarnessError: If a file cannot be read or lacks a column.
    """
    executed = _read(folder / "autotrainer_runs.csv.gz", EXECUTIONS)
    allowed = _read(folder / "autotrainer_budgets.csv", ALLOWANCES)
    allowances = {
        (fault, budget): float(seconds) if listed else 0.0
        for fault, budget, seconds, listed in allowed[[*ALLOWANCES]].itertuples(index=False)
    }
    made = []
    for number, (name, known) in enumerate(facts.items()):
        own = executed[executed["fault"] == name].sort_values("run")
        for budget in BUDGETS:
            draws: list[list[RunRow]] = [[]] * REPETITIONS
            status = known.autotrainer
            if status == CellStatus.OK:
                seconds = allowances[name, budget]
                rng = np.random.default_rng([seed, number, budget])
                draws = [_draw(own, seconds, rng) for _ in range(REPETITIONS)]
                status = CellStatus.OK.value if draws[0] else CellStatus.TIMED_OUT.value
            made += [
                _run(known, start_of(name), budget, repetition, trials, status)
                for repetition, trials in enumerate(draws)
            ]
    return made


def _draw(executed: pd.DataFrame, seconds: float, rng: np.random.Generator) -> list[RunRow]:
    """Executions in random order until the next would exceed ``seconds``; none if none fits."""
    times, reached = executed["time_s"].to_numpy(), executed["max_accuracy"].to_numpy()
    if not (times <= seconds).any():
        return []
    while True:
        order = rng.permutation(len(times))
        spent = np.cumsum(times[order])
        if spent[0] <= seconds:
            break
    return [
        RunRow(
            proposal=number,
            status=TrialStatus.COMPLETED,
            search=float(reached[at]),
            holdout=float(reached[at]),
            fidelity=1.0,
            spent=float(spent[number]),
            configuration=None,
        )
        for number, at in enumerate(order[spent <= seconds])
    ]


def _run(
    known: Facts,
    faulty: Configuration,
    budget: int,
    repetition: int,
    trials: list[RunRow],
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
    return frame
