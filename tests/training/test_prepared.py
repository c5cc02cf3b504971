"""Verdicts on trainings that end in every possible way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from harness.subjects.arrays import Data
from harness.training.prepared import Judge, PreparedTraining, Progress, run_training
from harness.vocabulary import Cause, TrialStatus

Y = np.array([[1.0], [0.0], [1.0], [0.0]])
DATA = Data(*(Y,) * 6)
ENDED = Progress(begun=True, ended=True, steps=4, fidelity=1.0)
HALF = Progress(begun=True, ended=False, steps=2, fidelity=0.5)


@dataclass
class Scripted(PreparedTraining):
    """Behaves as its fields say, and notes what was called."""

    progress: Progress = ENDED
    output: Any = None
    weights_finite: bool = True
    fails_at: str = ""
    called: list[str] = field(default_factory=list)

    def _call(self, name: str) -> None:
        self.called.append(name)
        if name == self.fails_at:
            raise MemoryError("no more")

    def resume(self) -> None:
        self._call("resume")

    def train(self, judged: Judge) -> Progress:
        self._call("train")
        return self.progress

    def predict(self, x: Any) -> np.ndarray:
        self._call("predict")
        return x if self.output is None else np.full(x.shape, self.output)

    def finite(self) -> bool:
        return self.weights_finite

    def keep(self) -> None:
        self._call("keep")


def test_a_training_that_ends_is_judged_and_kept() -> None:
    training = Scripted()
    progress, verdict = run_training(training, "accuracy", DATA)
    assert progress == ENDED
    assert (verdict.status, verdict.search, verdict.holdout) == (TrialStatus.COMPLETED, 1.0, 1.0)
    assert 0 <= verdict.evaluate_seconds <= verdict.seconds
    assert training.called == ["resume", "train", "predict", "predict", "keep"]


def test_a_cut_training_is_judged_by_what_it_reached() -> None:
    training = Scripted(HALF)
    _, verdict = run_training(training, "accuracy", DATA)
    assert (verdict.status, verdict.search) == (TrialStatus.CUT, 1.0)
    assert "keep" not in training.called


def test_a_training_without_any_step_is_not_judged() -> None:
    _, verdict = run_training(Scripted(Progress()), "accuracy", DATA)
    assert (verdict.status, verdict.search) == (TrialStatus.CUT, None)


@pytest.mark.parametrize(
    ("training", "message"),
    [
        (Scripted(Progress(begun=True, diverged="loss not finite")), "loss not finite"),
        (Scripted(output=np.nan), "are not finite"),
        (Scripted(weights_finite=False), "are not finite"),
        (Scripted(HALF, output=np.inf), "are not finite"),  # cut or not
    ],
)
def test_a_training_that_diverged(training: Scripted, message: str) -> None:
    _, verdict = run_training(training, "accuracy", DATA)
    assert (verdict.status, verdict.cause) == (TrialStatus.DIVERGED, Cause.NON_FINITE)
    assert message in verdict.message
    assert verdict.search is None
    assert "keep" not in training.called


@pytest.mark.parametrize(
    ("fails_at", "progress"),
    [("resume", Progress()), ("train", Progress()), ("predict", ENDED), ("keep", ENDED)],
)
def test_a_crash_keeps_the_progress(fails_at: str, progress: Progress) -> None:
    found, verdict = run_training(Scripted(fails_at=fails_at), "accuracy", DATA)
    assert found == progress
    assert (verdict.status, verdict.cause) == (TrialStatus.CRASHED, Cause.MEMORY)
    assert verdict.message == "MemoryError: no more"
    assert verdict.search is None


@pytest.mark.parametrize(
    ("labels", "predicted", "cause"),
    [
        (np.eye(2)[[0, 1, 1, 0]], np.ones((4, 1)), Cause.SHAPE),
        (Y, np.ones((3, 1)), Cause.SHAPE),
        (np.arange(4), np.ones((4, 3)), Cause.LABELS),
        (Y, np.full((4, 1), None), Cause.PROGRAM),
    ],
)
def test_predictions_that_cannot_be_judged_are_a_crash(
    labels: Any, predicted: Any, cause: Cause
) -> None:
    class Answering(Scripted):
        def predict(self, x: Any) -> Any:
            return predicted

    data = Data(Y, labels, Y, labels, Y, labels)
    found, verdict = run_training(Answering(), "accuracy", data)
    assert found == ENDED
    assert (verdict.status, verdict.cause) == (TrialStatus.CRASHED, cause)
    assert str(predicted.shape) in verdict.message
    assert verdict.search is None
