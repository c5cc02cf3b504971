"""Stand-ins for training, for tests of what surrounds it. They can be pickled."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace

from harness.records.observation import Observation, Symptom, Watched
from harness.records.outcome import Outcome
from harness.training.watched.history import History
from harness.vocabulary import Cause, Configuration, TrialStatus


def quality(configuration: Configuration) -> float:
    """A smooth score in [0, 1] with one best learning rate and a favourite optimiser."""
    from math import log10

    distance = abs(log10(float(configuration["learning_rate"])) + 1)  # best at 0.1
    score = 1 / (1 + distance) - 0.05 * (configuration["optimiser"] != "rmsprop")
    return max(score, 0.0)


def seen(symptom: Symptom | None, accuracy: float = 0.5) -> Watched:
    """What a watched training of four epochs shows."""
    return Watched(
        symptom=symptom,
        epochs=4,
        accuracy=(accuracy,) * 4,
        val_accuracy=(accuracy,) * 4,
        val_loss=(1.0,) * 4,
        checks=(),
        check_seconds=0.0,
        layers=("dense", "dense"),
    )


@dataclass(frozen=True)
class FakeTrain:
    """Costs ``seconds`` at full fidelity and ends as ``trouble`` says.

    Every third proposal is in trouble: ``crash``, ``diverge``, ``invalid``, ``exit`` (the process
    dies) or '' for none. A higher fidelity costs what it adds.
    """

    seconds: float = 1.0
    trouble: str = ""
    sleep: float = 0.0

    def __call__(
        self,
        configuration: Configuration,
        *,
        proposal: int,
        fidelity: float,
        limit: float,
        history: History | None = None,
        look: bool = False,
    ) -> Outcome:
        outcome = self._train(configuration, proposal, fidelity, limit)
        if history is None or not outcome.judged:
            return outcome
        return replace(outcome, seen=Observation(watched=seen(Symptom.SLOW, outcome.search)))

    def _train(
        self, configuration: Configuration, proposal: int, fidelity: float, limit: float
    ) -> Outcome:
        time.sleep(self.sleep)
        if self.trouble and proposal % 3 == 1:
            return self._fail()
        seconds = self.seconds * fidelity
        if seconds > limit:
            value = quality(configuration) / 2
            return Outcome(
                status=TrialStatus.CUT,
                seconds=limit,
                fidelity=max(limit / self.seconds, 1e-6),
                search=value,
                holdout=value,
            )
        value = quality(configuration)
        return Outcome(
            status=TrialStatus.COMPLETED,
            seconds=seconds,
            fidelity=fidelity,
            search=value,
            holdout=value,
        )

    def remember(self, proposal: int, outcome: Outcome) -> None: ...

    def _fail(self) -> Outcome:
        if self.trouble == "exit":
            os._exit(1)
        if self.trouble == "raise":
            raise RuntimeError("a training that raises breaks its promise")
        status, cause = {
            "crash": (TrialStatus.CRASHED, Cause.PROGRAM),
            "diverge": (TrialStatus.DIVERGED, Cause.NON_FINITE),
            "invalid": (TrialStatus.INVALID, Cause.LABELS),
        }[self.trouble]
        return Outcome(
            status=status, seconds=0.0 if self.trouble == "invalid" else 0.5, cause=cause
        )
