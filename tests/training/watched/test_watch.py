"""Watching a training: validation, checks, the falling rate and limits."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from harness.records.observation import Symptom
from harness.training.watched.history import Training
from harness.training.watched.symptoms import SymptomThresholds
from harness.training.watched.watch import FallingRate, Validation, WatchResult, watch

Y = np.array([[1.0], [0.0], [1.0], [0.0]])
TRAINING = Training(loss="mse", optimiser="sgd", learning_rate=0.1, batch_size=4, epochs=7)
CALM = SymptomThresholds(accuracy_floor=0.0, least_gain=0.0, swing_share=9.0)


@dataclass
class FakeLoop:
    """Ten samples in batches of 4, 4 and 2; every epoch has the loss ``val_loss`` and no gain."""

    val_loss: float = 1.0
    gradient: float = 1.0
    rate: float = 0.1
    macs: int = 1
    predicted: int = 0

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        return np.array([[0.5, 1.0 if i < 2 else 0.0] for i in range(first, last)])

    def predict(self, x: np.ndarray) -> np.ndarray:
        self.predicted += 1
        return x

    def loss(self, y: np.ndarray, predicted: np.ndarray) -> float:
        return self.val_loss

    def gradients(self) -> list[np.ndarray]:
        return [np.full((2, 2), self.gradient)]

    def finite(self) -> bool:
        return True


def watched(
    loop: FakeLoop,
    training: Training = TRAINING,
    thresholds: SymptomThresholds = CALM,
    *,
    most: float = math.inf,
    stops: bool = True,
) -> WatchResult:
    validation = Validation(Y, Y)
    return watch(
        loop, training, thresholds, validation, ("dense",), samples=10, seed=1, most=most,
        stops=stops,
    )  # fmt: skip


def test_a_training_without_symptom_runs_to_its_end() -> None:
    result = watched(FakeLoop())
    assert (result.ended, result.steps, result.losses) == (True, 21, (0.5,) * 7)
    shown = result.shown
    assert (shown.symptom, shown.epochs, shown.layers) == (None, 7, ("dense",))
    assert shown.accuracy == (0.8,) * 7  # steps weigh as their samples: 4, 4 and 2
    assert shown.val_accuracy == (1.0,) * 7
    assert [check.epoch for check in shown.checks] == [0, 3, 6]
    assert shown.checks[0].first_norm == 2.0


def test_a_symptom_stops_the_training_at_its_check() -> None:
    result = watched(FakeLoop(), thresholds=SymptomThresholds())
    assert (result.ended, result.shown.symptom) == (True, Symptom.SLOW)
    assert result.shown.epochs == 4


def test_a_symptom_that_does_not_stop_is_reported_all_the_same() -> None:
    loop = FakeLoop()
    result = watched(loop, thresholds=SymptomThresholds(), stops=False)
    assert (result.shown.epochs, result.shown.symptom) == (7, Symptom.SLOW)
    assert loop.predicted == len(result.shown.val_accuracy) == len(result.shown.checks) == 3


@pytest.mark.parametrize("stops", [True, False])
def test_lost_numbers_always_stop(stops: bool) -> None:
    result = watched(FakeLoop(gradient=math.nan), stops=stops)
    assert (result.shown.symptom, result.shown.epochs) == (Symptom.EXPLODING, 1)
    assert result.shown.checks[0].first_norm is None
    assert not result.shown.checks[0].finite


def test_a_limit_cuts_within_an_epoch() -> None:
    result = watched(FakeLoop(), most=5)
    assert (result.ended, result.steps, result.shown.epochs) == (False, 5, 1)
    assert len(result.losses) == 2


def test_the_rate_falls_after_five_epochs_without_progress() -> None:
    loop = FakeLoop()
    watched(loop, replace(TRAINING, reduce_rate=True))
    assert loop.rate == pytest.approx(0.02)


def test_the_rate_falls_to_its_bound() -> None:
    loop = FakeLoop(rate=0.004)
    falling = FallingRate(loop)
    for _ in range(40):
        falling.after(1.0)
    assert loop.rate == 0.001
    falling.after(0.5)
    assert loop.rate == 0.001
