"""Fakes for tests: a training that is a formula, a task, and a technique that fails on purpose.

They can be pickled. ``harness.testing`` hands them out; they are kept apart from it because Ray's
processes import them, and need no pytest.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harness.records.clocks import ClockFace
from harness.records.observation import Observation, Symptom, Watched
from harness.records.outcome import Outcome
from harness.space.derivation import derive
from harness.space.operators import Context
from harness.techniques.contract import (
    Optimiser,
    Proposal,
    RepairTask,
)
from harness.training.watched.history import History
from harness.vocabulary import METRICS, Cause, Configuration, TrialStatus, Value

TROUBLES = ("crash", "diverge", "invalid", "exit", "raise")
"""Ways in which a :class:`FakeTrain` goes wrong."""


def fake_quality(configuration: Configuration) -> float:
    """A smooth score in [0, 1]: best at learning rate 0.1 with the optimiser ``rmsprop``."""
    distance = abs(math.log10(float(configuration["learning_rate"])) + 1)
    score = 1 / (1 + distance) - 0.05 * (configuration["optimiser"] != "rmsprop")
    return max(score, 0.0)


def fake_seen(symptom: Symptom | None, accuracy: float = 0.5) -> Watched:
    """The result of a watched training of four epochs."""
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
    """A training that is a formula, :func:`fake_quality`. It can be pickled.

    A watched training shows the symptom of slow convergence.
    """

    seconds: float = 1.0
    """Charge for a full training, in seconds; a share of it costs that share."""
    trouble: str = ""
    """How trainings go wrong, one of :data:`TROUBLES`; '' if they do not. ``exit`` ends the
    process, unless it is the one that made this object: there it answers as the engine would."""
    every: int = 3
    """One in so many proposals is in trouble, the first of them number 1."""
    home: int = field(default_factory=os.getpid, compare=False)

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
        if self.trouble and proposal % self.every == 1 % self.every:
            return self._fail()
        value, cut = fake_quality(configuration), self.seconds * fidelity > limit
        value = value / 2 if cut else value
        outcome = Outcome(
            status=TrialStatus.CUT if cut else TrialStatus.COMPLETED,
            seconds=limit if cut else self.seconds * fidelity,
            fidelity=max(limit / self.seconds, 1e-6) if cut else fidelity,
            search=value,
            holdout=value,
        )
        if history is None:
            return outcome
        return replace(outcome, seen=Observation(watched=fake_seen(Symptom.SLOW, value)))

    def remember(self, proposal: int, outcome: Outcome) -> None:
        """Nothing: a training depends on its own arguments only."""

    def _fail(self) -> Outcome:
        if self.trouble == "exit":
            if os.getpid() != self.home:
                os._exit(1)
            return lost_training("the process would have ended")
        if self.trouble == "raise":
            raise RuntimeError("a training that raises breaks its promise")
        status, seconds, cause = {
            "crash": (TrialStatus.CRASHED, 0.5, Cause.PROGRAM),
            "diverge": (TrialStatus.DIVERGED, 0.5, Cause.NON_FINITE),
            "invalid": (TrialStatus.INVALID, 0.0, Cause.LABELS),
        }[self.trouble]
        return Outcome(status=status, seconds=seconds, cause=cause)


def fake_task() -> RepairTask:
    """A small classifier under repair, judged by accuracy; T is one second."""
    faulty: Configuration = {
        "loss": "mean_squared_error",
        "optimiser": "adam",
        "learning_rate": 0.001,
        "batch_size": 32,
        "epochs": 20,
        "units_1": 8,
        "activation_1": "linear",
        "activation_2": "softmax",
        "kernel_initialiser_1": "glorot_uniform",
    }
    return RepairTask(
        faulty=dict(faulty),
        space=derive(faulty, Context("one_hot", {})),
        metric=METRICS["accuracy"],
        training_time=1.0,
    )


def lost_training(message: str) -> Outcome:
    """The outcome of a training whose process was lost."""
    return Outcome(
        status=TrialStatus.CRASHED, seconds=0.0, cause=Cause.INFRASTRUCTURE, message=message
    )


FAILURES = ("start", "ask", "tell", "space", "endless", "nothing")
"""Ways of :class:`Failing`: an error in ``optimiser``, in ``ask`` or in ``tell``; a learning rate
of a million; no end, where trials cost nothing; None as the first proposal."""


@dataclass(frozen=True)
class Failing:
    """An ask-and-tell technique that fails in one way, to test what drives a technique.

    It proposes the faulty configuration again and again, each time with a new number.
    """

    how: str
    """One of :data:`FAILURES`."""
    after: int = 1
    """Calls of ``ask`` or ``tell`` that go well before one raises."""

    def optimiser(self, task: RepairTask, clock: ClockFace, seed: int) -> Optimiser:
        if self.how == "start":
            raise RuntimeError("this technique fails to start")
        return _FailingOptimiser(self, dict(task.faulty))


class _FailingOptimiser(Optimiser):
    def __init__(self, settings: Failing, configuration: dict[str, Value]) -> None:
        rate = {"learning_rate": 1e6} if settings.how == "space" else {}
        self._settings, self._configuration = settings, {**configuration, **rate}
        self._calls = dict.fromkeys(("ask", "tell"), 0)

    def _call(self, method: str) -> None:
        if self._settings.how == method and self._calls[method] >= self._settings.after:
            raise RuntimeError(f"this technique fails to {method}")
        self._calls[method] += 1

    def ask(self) -> Proposal | None:
        if self._settings.how == "nothing":
            return None
        self._call("ask")
        return Proposal(proposal=self._calls["ask"] - 1, configuration=self._configuration)

    def tell(self, proposal: Proposal, outcome: Outcome) -> None:
        self._call("tell")

    def health(self) -> Mapping[str, int | float | str]:
        return dict(self._calls)
