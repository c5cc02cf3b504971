"""Guided repair: localise, repair near the fault, keep only what is needed.

The search starts at the faulty program and never returns anything worse. It looks for suspicious
hyperparameters before it tries an edit, tries few edits at a time, drops them early, trains the
winner again with fresh seeds, and takes back every edit that is not needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.records.clocks import ClockFace
from harness.records.outcome import Outcome
from harness.techniques.contract import Finish, Optimiser, Proposal, RepairTask
from harness.techniques.guided.course import Course, TrainingSteps
from harness.techniques.guided.inspection import Inspection
from harness.techniques.guided.neighbourhood import Neighbourhood
from harness.techniques.guided.rounds import Rounds
from harness.techniques.guided.settings import GuidedSettings
from harness.techniques.guided.settling import settle
from harness.techniques.guided.suspicion import Evidence, Suspect, operators_ranked


@dataclass(frozen=True, kw_only=True)
class Guided(GuidedSettings):
    """Localisation, symptoms, and a search outwards from the faulty program."""

    version: ClassVar[int] = 2
    """Of version 1 a look changed the training of native PyTorch programs."""

    def optimiser(self, task: RepairTask, clock: ClockFace, seed: int) -> GuidedOptimiser:
        return GuidedOptimiser(self, task, clock, seed)


class GuidedOptimiser(Optimiser):
    """Ask and tell around one generator of trainings, :meth:`_plan`."""

    def __init__(
        self, settings: GuidedSettings, task: RepairTask, clock: ClockFace, seed: int
    ) -> None:
        self._course = Course(settings, task, clock)
        self._inspection = Inspection(self._course)
        self._rng = np.random.default_rng(seed)
        self._outcome: Outcome | None = None
        self._run = self._plan()
        self._begun = False

    @property
    def ranking(self) -> list[Suspect]:
        """Suspects before any edit; empty until the faulty program was inspected."""
        return self._inspection.ranking

    def evidence(self) -> Evidence:
        """All evidence on the faulty program so far."""
        return self._inspection.evidence()

    def ask(self) -> Proposal | None:
        return self._advance()

    def _advance(self) -> Proposal | None:
        """Continue the plan with the outcome that it waits for, up to its next training."""
        outcome, self._outcome = self._outcome, None
        try:
            if not self._begun:
                self._begun = True
                return next(self._run)
            assert outcome is not None
            return self._run.send(outcome)
        except StopIteration:
            return None

    def tell(self, proposal: Proposal, outcome: Outcome) -> None:
        """Keep the outcome until the next call of ``ask``: the clock is charged in between."""
        self._outcome = outcome

    def choice(self) -> int | None:
        """The best full training of the program that is returned; None if there is none."""
        if self._outcome is not None:
            self._advance()
        return self._course.best.best_training()

    def health(self) -> Mapping[str, int | float | str]:
        """Counters, and what was suspected before any edit."""
        inspection = self._inspection
        look = inspection.look
        blamed = dict.fromkeys(b.hyperparameter for b in inspection.blames())
        return {
            "proposals": self._course.proposals,
            **self._course.counts,
            "signs": ",".join(sign.value for sign in inspection.signs),
            "blamed": ",".join(blamed),
            "localiser_error": "" if look is None else look.error,
            "suspected_operators": ",".join(operators_ranked(inspection.ranking)),
            "suspected": ",".join(s.name for s in inspection.ranking[:5]),
        }

    def finish(self) -> Finish:
        """The counters, and the program that is returned."""
        health = self.health()
        return Finish(health, choice=self.choice())

    def _plan(self) -> TrainingSteps:
        """Inspect the faulty program, then search and settle in turn, without an end.

        Where nothing is left to search or to settle, the best program is trained again.
        """
        course, settings = self._course, self._course.settings
        yield from self._inspection.run()
        hood = Neighbourhood(self.evidence(), self._rng, settings.jitter, settings.probe)
        hood.enter(course.start.configuration)
        rounds = Rounds(course, hood)
        while True:
            if (yield from rounds.round()):
                continue
            if course.best is not course.settled:
                yield from settle(course, hood, self.ranking)
                course.settled = course.best
            else:
                yield from course.train(course.best, "again")
