"""Whether the files of one run agree: its record, its log, and what was done after it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from harness.records.clocks import CLOCKS, charge_of
from harness.records.log import Log, RunHeader, check_owner, check_value, check_values
from harness.records.run import Confirmation, Minimised, Run
from harness.records.run_record import RUN, RunRecord
from harness.records.schema import Misfit
from harness.vocabulary import Configuration, HarnessError

TOLERANCE = 1e-6
"""Relative difference of two sums or medians of the same times."""


def check_trials(path: Path, log: Log[RunHeader], record: RunRecord) -> None:
    """Raises HarnessError unless the log at ``path`` and the record are of one run, and agree."""
    check_owner(path, log.header, record.header)
    for number, trial in enumerate(log.trials, start=2):
        if problem := _unlike(trial.configuration or {}, record.fault.faulty):
            _refuse(
                f"{path}:{number}: the configuration is not one of this program: {problem}", path
            )
    late = next((n for n, t in enumerate(log.trials[:-1]) if t.spent > _just(record.allowed)), None)
    if late is not None and any(t.charged for t in log.trials[late + 1 :]):
        _refuse(
            f"{path}:{late + 3}: this trial was charged after the budget of {record.allowed:g} was "
            "spent",
            path,
        )
    for problem in _contradictions(record, log):
        _refuse(f"{path.with_name(RUN)} does not agree with {path.name}: {problem}", path)


def _contradictions(record: RunRecord, log: Log[RunHeader]) -> Iterator[str]:
    trials = log.trials
    found = Counter(trial.status.value for trial in trials)
    if {status: n for status, n in record.counts.items() if n} != found:
        yield f"counts are {dict(record.counts)}, but the log holds {dict(found)}"
    if record.training_time != log.header.training_time:
        yield (
            f"training_time is {record.training_time!r}, but the log began with "
            f"{log.header.training_time!r}"
        )
    spent = trials[-1].spent if trials else 0.0
    sums = not trials or charge_of(record.cell.clock, trials[-1].outcome) is not None
    if record.spent < spent * (1 - TOLERANCE) or (sums and record.spent > _just(spent)):
        yield f"spent is {record.spent!r}, but the log ends with {spent!r}"
    clock = CLOCKS.get(record.cell.clock)
    budget = record.cell.budget * record.training_time
    if clock is not None and clock.timed and not _alike(record.allowed, budget):
        yield f"allowed is {record.allowed!r}, but budget times training_time is {budget!r}"
    if record.choice is not None and all(t.proposal != record.choice for t in trials):
        yield f"choice is {record.choice}, but no trial has this proposal"
    for name, own, total in (
        ("training", record.seconds.training, sum(t.outcome.seconds for t in trials)),
        ("search", record.seconds.search, sum(t.suggest_seconds for t in trials)),
    ):
        if not _alike(own, total):
            yield f"seconds.{name} is {own!r}, but the trials add up to {total!r}"


def check_again(path: Path, again: Sequence[Confirmation], run: Run) -> None:
    """Raises HarnessError unless the re-trainings at ``path`` are of trials of ``run``."""
    known = {(trial.proposal, trial.fidelity) for trial in run.trials}
    seen: set[tuple[int, float, int]] = set()
    for number, training in enumerate(again):
        key = (training.proposal, training.fidelity, training.seed)
        try:
            check_values(training.outcome, run.metric)
            if key[:2] not in known:
                raise Misfit(f"is {training.proposal}, at this fidelity no trial's", ("proposal",))
            if key in seen:
                raise Misfit(f"is {training.seed}, there for the second time", ("seed",))
        except Misfit as misfit:
            _refuse_file(path, "record of re-trainings", f"trainings.{number}.{misfit}")
        seen.add(key)


def check_minimised(path: Path, found: Minimised, run: Run) -> None:
    """Raises HarnessError unless the minimised patch at ``path`` is of the program of ``run``."""
    noun = "record of this run's minimised patch"
    if problem := _unlike(found.configuration, run.faulty):
        _refuse_file(path, noun, f"its configuration is not one of this program: {problem}")
    if odd := sorted(set(found.taken_back) - set(run.faulty)):
        _refuse_file(path, noun, f"taken_back names {', '.join(odd)}, which the program lacks")
    try:
        for value in (*found.holdout_before, *found.holdout_after):
            if value is not None:
                check_value(value, run.metric, ("a holdout value",))
    except Misfit as misfit:
        _refuse_file(path, noun, str(misfit))


def _unlike(configuration: Configuration, faulty: Configuration) -> str:
    """How a configuration differs from those of a program; '' if it is one of them."""
    if odd := sorted(set(configuration) ^ set(faulty)):
        return f"it differs in {', '.join(odd)}"
    for name, value in configuration.items():
        if _sort(value) is not _sort(faulty[name]):
            return f"{name} is {str(value)[:40]!r}, where the faulty program has {faulty[name]!r}"
    return ""


def _sort(value: object) -> type:
    """The type of a value; whole numbers and others are one."""
    return float if type(value) is int else type(value)


def _just(value: float) -> float:
    return value * (1 + TOLERANCE) + TOLERANCE


def _alike(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _refuse(problem: str, path: Path) -> NoReturn:
    raise HarnessError(
        f"{problem}. Nothing was changed; move the folder {path.parent} away and repeat the "
        "command to run this cell again"
    )


def _refuse_file(path: Path, noun: str, problem: str) -> NoReturn:
    raise HarnessError(
        f"{path} is no {noun}: {problem}. Nothing was changed; move the file away and repeat the "
        "command to make it again"
    )
