"""Inspection of the faulty program: a look by the localiser, a watched training, the suspects."""

from __future__ import annotations

import math

from harness.records.observation import Blame, Look
from harness.records.outcome import Outcome
from harness.space.usual import Usual
from harness.techniques.guided.course import FAILED, Course, TrainingSteps
from harness.techniques.guided.suspicion import (
    LITTLE_REACH,
    TAXONOMY,
    Curve,
    Evidence,
    Sign,
    Suspect,
    curve,
    suspects,
)
from harness.training.watched.history import History, Link, Training
from harness.training.watched.symptoms import SymptomThresholds
from harness.vocabulary import TrialStatus

LOOKS = 8
"""Checks during the watched training of the faulty program, if it has enough epochs."""

LEAST_WATCHED = 0.1
"""Least T, in seconds, for which a watched training is worth its cost under a clock of seconds."""


class Inspection:
    """What is known of the faulty program before any edit."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._steps = math.inf
        self.look: Look | None = None
        self.signs: list[Sign] = []
        self.ranking: list[Suspect] = []
        """Suspects; empty until the inspection has ended."""

    def run(self) -> TrainingSteps:
        """Train the faulty program, and gather the evidence."""
        course, settings = self._course, self._course.settings
        yield from self._look_at()
        watched = settings.watch and self._looks_pay()
        outcome = None
        if watched:
            outcome = yield from course.train(course.start, "watch", history=self._history())
        if outcome is None or outcome.status in FAILED:
            if watched:  # A program that cannot be watched (several inputs, say) may still train.
                course.start.errors.clear()
            fresh = settings.probe == 1 or course.start.partial == math.inf
            outcome = yield from course.train(course.start, "watch", again=fresh)
        if settings.watch:
            self.signs = signs_of(outcome)
            if self.evidence().usual.reach(course.start.configuration) < LITTLE_REACH:
                self.signs.append(Curve.FEW_STEPS)
        self.ranking = suspects(self.evidence())

    def _look_at(self) -> TrainingSteps:
        """Probe the faulty program; the localiser looks at it first, if that is switched on."""
        course, settings = self._course, self._course.settings
        outcome = yield from course.train(
            course.start, "look", fidelity=settings.probe, look=settings.localise
        )
        course.start.partial = course.judge.error(outcome)
        if outcome.steps:
            self._steps = outcome.steps / outcome.fidelity
        if settings.localise and outcome.look is not None:
            self.look = outcome.look
            course.judge.samples = self.look.judged

    def _looks_pay(self) -> bool:
        """Whether a watched training costs little; the loss curve costs nothing."""
        course = self._course
        return course.clock.unit != "s" or course.task.training_time >= LEAST_WATCHED

    def _history(self) -> History:
        """A watched training of the faulty program, from the start to the end."""
        course = self._course
        training = Training.of(course.start.configuration)
        return History(
            links=(Link(number=course.proposals, training=training),),
            thresholds=SymptomThresholds(interval=max(3, -(-training.epochs // LOOKS))),
            start=course.start.configuration,
            stops=False,
        )

    def blames(self) -> tuple[Blame, ...]:
        """The localiser's findings as hyperparameters."""
        return () if self.look is None else self.look.blames

    def evidence(self) -> Evidence:
        """All evidence on the faulty program so far."""
        task, settings = self._course.task, self._course.settings
        labels = "one_hot" if task.program is None else task.program.labels
        return Evidence(
            faulty=task.faulty,
            usual=Usual(task.space, labels, task.faulty, self._steps),
            signs=self.signs,
            blames=self.blames(),
            taxonomy=TAXONOMY if settings.taxonomy else {},
            values=settings.values,
        )


def signs_of(outcome: Outcome) -> list[Sign]:
    """Signs in the whole training of a program: those of its curve, then AutoTrainer's symptom."""
    shown = outcome.watched
    finite = outcome.status is not TrialStatus.DIVERGED
    found: list[Sign] = [*curve(outcome.losses, finite)]
    if shown is not None and shown.symptom is not None and Curve.NOT_FINITE not in found:
        found.append(shown.symptom)
    return found
