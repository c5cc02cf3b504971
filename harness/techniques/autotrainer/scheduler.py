"""The order in which programs are trained, and when one counts as repaired.

The scheduler asks for trainings and receives their results. It neither trains nor keeps time.
Source: AutoTrainer, ICSE 2021, Algorithm 1, with the conditions of the authors' code.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from harness.records.observation import Symptom, Watched
from harness.techniques.autotrainer.rules import Rules
from harness.techniques.autotrainer.solutions import Change, Situation, Solution, solutions_for
from harness.training.watched.history import History, Link, Training
from harness.vocabulary import Configuration

LEVELS = 10
"""Highest number of symptoms that are tackled one after another."""


class Status(StrEnum):
    """End of one run of the tool."""

    SOLVED = "solved"
    """A training without any symptom ("Yes")."""
    POTENTIAL = "potential"
    """The symptom went, another one came that had been tackled before ("Not totally")."""
    UNSOLVED = "unsolved"
    """No solution made the symptom go ("No")."""
    NO_SYMPTOM = "no_symptom"
    FAILED = "failed"
    """The program itself could not be trained."""


@dataclass(frozen=True, slots=True)
class ScheduledTraining:
    """A training that the scheduler asks for."""

    history: History
    level: int
    """Number of symptoms tackled before this one."""
    symptom: Symptom | None
    """The symptom that the training is to cure; None for the program itself."""
    solution: str
    """Name of the solution; '' for the program itself."""
    repetition: int
    text: str
    """The change in words."""


@dataclass(frozen=True, slots=True)
class ToolVerdict:
    """Result of one run of the tool."""

    status: Status
    tackled: tuple[Symptom, ...]
    answer: ScheduledTraining
    """The training whose program the tool hands back."""


@dataclass(frozen=True, slots=True)
class _Tried:
    job: ScheduledTraining
    shown: Watched

    @property
    def accuracy(self) -> float:
        """Of the last epoch, in validation; 0 if no epoch was finished."""
        return self.shown.val_accuracy[-1] if self.shown.val_accuracy else 0.0


def schedule(
    training: Training,
    rules: Rules,
    rng: np.random.Generator,
    numbers: Iterator[int],
    start: Configuration | None = None,
) -> Generator[ScheduledTraining, Watched | None, ToolVerdict]:
    """One run of the tool: yields trainings, is sent what each showed, returns the verdict.

    Every solution of a symptom starts from the same trained program, so solutions do not add up.
    The first training without a symptom ends the run. If a list is exhausted and some trainings
    showed another symptom only, the next list starts from the best of them: there changes add up.

    Args:
        training: How the program is trained.
        rules: The mode, with all its choices.
        rng: Draws the values that solutions leave open.
        numbers: Numbers of the trainings; see ``Link.number``.
        start: Configuration that the program is built from.

    Sent:
        The result of the training; None if the program could not be trained.
    """
    first = Link(number=next(numbers), training=training)
    here = ScheduledTraining(History(links=(first,), thresholds=rules.detection, start=start or {}),
               0, None, "", 0, "the program itself")  # fmt: skip
    shown = yield here
    if shown is None:
        return ToolVerdict(Status.FAILED, (), here)
    if shown.symptom is None:
        return ToolVerdict(Status.NO_SYMPTOM, (), here)
    seed = _Tried(here, shown)
    tackled: list[Symptom] = []
    for level in range(LEVELS):
        symptom = seed.shown.symptom
        assert symptom is not None
        tackled.append(symptom)
        potential: _Tried | None = None
        unsolved: _Tried | None = None
        for solution in solutions_for(symptom, rules):
            for repetition, change in _changes(solution, seed, symptom, rules, rng):
                job = _job(seed, change, rules, next(numbers), level, solution, repetition)
                shown = yield job
                if shown is None:
                    continue
                tried = _Tried(job, shown)
                if shown.symptom is None:
                    return ToolVerdict(Status.SOLVED, tuple(tackled), job)
                if shown.symptom is not symptom and _above(tried, potential):
                    potential = tried
                if unsolved is None or tried.accuracy >= unsolved.accuracy:
                    unsolved = tried
        if potential is None:
            answer = seed if level or unsolved is None else unsolved
            return ToolVerdict(Status.UNSOLVED, tuple(tackled), answer.job)
        if potential.shown.symptom in tackled:
            return ToolVerdict(Status.POTENTIAL, tuple(tackled), potential.job)
        seed = potential
    return ToolVerdict(Status.POTENTIAL, tuple(tackled), seed.job)


def _above(tried: _Tried, best: _Tried | None) -> bool:
    return best is None or tried.accuracy > best.accuracy


def _changes(
    solution: Solution, seed: _Tried, symptom: Symptom, rules: Rules, rng: np.random.Generator
) -> Iterator[tuple[int, Change]]:
    """The changes of a solution's repetitions, without those that would change nothing."""
    training = seed.job.history.links[-1].training
    case = Situation(training, seed.shown.layers, symptom, rules)
    for repetition in range(solution.repetitions):
        change = solution.apply(case, repetition, rng)
        if change is not None:
            yield repetition, change
        elif rules.give_up_repeated:
            return


def _job(
    seed: _Tried,
    change: Change,
    rules: Rules,
    number: int,
    level: int,
    solution: Solution,
    repetition: int,
) -> ScheduledTraining:
    """A training that goes on from ``seed`` with ``change``."""
    *before, last = seed.job.history.links
    links = (
        *before,
        replace(last, epochs=seed.shown.epochs),
        Link(number=number, training=change.training, edits=change.edits),
    )
    history = replace(seed.job.history, links=links, thresholds=rules.retraining)
    return ScheduledTraining(
        history, level, seed.shown.symptom, solution.name, repetition, change.text
    )
