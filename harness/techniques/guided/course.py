"""The state of one run that all of its parts share, and the one way to train a program."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

from harness.records.clocks import ClockFace, remaining
from harness.records.outcome import Outcome
from harness.techniques.contract import Proposal, RepairTask
from harness.techniques.guided.judging import Judge
from harness.techniques.guided.program import TriedProgram
from harness.techniques.guided.settings import GuidedSettings
from harness.training.watched.history import History
from harness.vocabulary import Cause, TrialStatus, changed

FAILED = (TrialStatus.INVALID, TrialStatus.CRASHED)
"""Endings that say nothing about a training's cost."""

COUNTED = ("probed", "dropped", "kept", "confirmed", "refuted", "taken_back")

TrainingSteps = Generator[Proposal, Outcome, None]
Trained = Generator[Proposal, Outcome, Outcome]


class Course:
    """One run: the best program so far, the counters, and what is left of the budget."""

    def __init__(self, settings: GuidedSettings, task: RepairTask, clock: ClockFace) -> None:
        self.settings, self.task, self.clock = settings, task, clock
        self.judge = Judge(task.metric)
        self.start = self.best = self.settled = TriedProgram(dict(task.faulty))
        """The faulty program; the best one so far; the one that was confirmed and minimised."""
        if clock.unit == "s":
            self.start.charged, self.start.trained = task.training_time, 1.0
        self.proposals = 0
        self.counts = dict.fromkeys(COUNTED, 0)

    def train(
        self,
        program: TriedProgram,
        phase: str,
        *,
        fidelity: float = 1.0,
        again: bool = True,
        limit: float = math.inf,
        history: History | None = None,
        look: bool = False,
        **note: Any,
    ) -> Trained:
        """Train a program, and note its error and its cost.

        Args:
            program: What is trained.
            phase: Purpose of the training, for the note.
            fidelity: Share of a training to reach.
            again: Whether the training has a seed of its own. Otherwise it continues the first
                training of the program.
            limit: Most that may be charged, in the clock's unit.
            history: Asks for a watched training.
            look: Asks for a localiser's findings.
            note: Further entries of the note.
        """
        number = program.number
        if again or number is None:
            number, self.proposals = self.proposals, self.proposals + 1
        if program.number is None:
            program.number = number
        spent = self.clock.spent
        outcome = yield Proposal(
            proposal=number,
            configuration=dict(program.configuration),
            fidelity=fidelity,
            note={"phase": phase, "choice": self.best.best_training(), **note},
            history=history,
            look=look,
            limit=limit,
        )
        if outcome.cause is Cause.INFRASTRUCTURE:
            return outcome
        # Looks and watched trainings take seconds of their own.
        extra = (look or history is not None) and self.clock.unit == "s"
        if outcome.status not in FAILED and not extra:
            before = 0 if again else self.settings.probe
            program.charged += self.clock.spent - spent
            program.trained += max(0.0, outcome.fidelity - before)
        error = self.judge.error(outcome)
        if outcome.status is TrialStatus.CUT or (error < math.inf and outcome.fidelity < 1):
            return outcome
        if fidelity == 1 or error == math.inf:
            program.errors[number] = error
        return outcome

    def edits(self) -> int:
        """Hyperparameters in which the best program differs from the faulty one."""
        return len(changed(self.task.faulty, self.best.configuration))

    def affords(self, program: TriedProgram) -> bool:
        """Whether the budget allows nine tenths of a training, after which it would be cut."""
        return remaining(self.clock) >= 0.9 * program.cost

    def reserve(self) -> float:
        """Cost of confirming and minimising the best program, in the clock's unit."""
        settings, best = self.settings, self.best
        if best is self.start:
            return best.cost * settings.confirmations
        edits = self.edits()
        back = edits if settings.minimise and edits > 1 and best is not self.settled else 0
        return best.cost * (back + settings.confirmations)

    def left(self) -> float:
        """Budget of the search without the reserve, in trainings of the best program."""
        return (remaining(self.clock) - self.reserve()) / max(self.best.cost, 1e-12)
