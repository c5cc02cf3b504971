"""A run with a larger budget begins with the trials of the finished run with a smaller one.

An anytime technique would make the same trials once more. They are written into the log of the
larger run, which is then continued as any run is whose log has trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile

from harness.engine import KeptLog
from harness.records.baseline import Baseline
from harness.records.cell import Cell
from harness.records.log import RunHeader, TrialLog
from harness.records.outcome import Trial
from harness.records.run_record import RunRecord
from harness.records.store import Store
from harness.study.plan import Plan, is_anytime
from harness.vocabulary import Cause, CellStatus, HarnessError, TrialStatus


def beginnings(
    plan: Plan, cells: Sequence[Cell], store: Store, baselines: Mapping[str, Baseline]
) -> dict[Cell, Sequence[Trial]]:
    """Cell -> the trials that it need not make; cells that make all of theirs are left out.

    Runs of a technique that is not anytime make all. So do runs of a plan that wants independent
    ones, and runs whose baseline is not that of the smaller run. A smaller run that cannot be read
    is left alone.

    Args:
        cells: Runs to be made.
        baselines: By fault.
    """
    if plan.independent:
        return {}
    found = {}
    for cell, shorter in store.shorter([c for c in cells if is_anytime(plan, c)]).items():
        try:
            record = store.read_record(shorter)
            trials = store.trials(record)
        except HarnessError:
            continue
        if record.training_time == baselines[cell.fault].training_time:
            found[cell] = _unhindered(record, trials)
    return {cell: trials for cell, trials in found.items() if trials}


def begin(log: TrialLog[RunHeader] | KeptLog, beginning: Sequence[Trial]) -> None:
    """Append what a log lacks of its beginning, unless it has another one."""
    there = len(log.trials)
    if log.trials == list(beginning[:there]):
        for trial in beginning[there:]:
            log.append(trial)
            log.trials.append(trial)


def _unhindered(record: RunRecord, trials: Sequence[Trial]) -> Sequence[Trial]:
    """The trials that a larger budget does not change: those before one that met its limit."""
    if record.status != CellStatus.OK.value:
        return []
    return list(takewhile(lambda trial: not _hindered(trial), trials))


def _hindered(trial: Trial) -> bool:
    return trial.status is TrialStatus.CUT or trial.outcome.cause is Cause.TIME_OUT
