"""One watched training: epoch by epoch, checked every few epochs, stopped at the first symptom."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from harness.training.watched.history import Check, Seen, Training
from harness.training.judge import accuracy
from harness.training.watched.network import WatchedLoop
from harness.training.steps import Pace, epoch_order
from harness.training.watched.symptoms import Gradients, Recogniser, Series, Symptom, SymptomThresholds

PATIENCE, FACTOR, LOWEST_RATE, LEAST_FALL = 5, 0.2, 0.001, 1e-4
"""Of the falling learning rate. Source: AutoTrainer's code; Keras' default for the last."""


@dataclass(frozen=True, slots=True)
class Validation:
    """Samples with their labels."""

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, slots=True)
class Watched:
    """How a watched training went."""

    seen: Seen
    losses: tuple[float, ...]
    """Mean training loss of each epoch touched; values that are not finite left out."""
    steps: int
    ended: bool
    """Whether it came to its own end; else a limit cut it."""


def watch(
    loop: WatchedLoop,
    training: Training,
    thresholds: SymptomThresholds,
    validation: Validation,
    kinds: tuple[str, ...],
    *,
    samples: int,
    seed: int,
    deadline: float = math.inf,
    most: float = math.inf,
    stops: bool = True,
) -> Watched:
    """Train up to the configured epochs; stop after the epoch in which a check finds a symptom.

    Args:
        loop: Freshly compiled for ``training``.
        validation: Judged after every epoch; only at the checks if no symptom stops the training.
        kinds: Of the network's layers; noted only.
        samples: Size of the training data.
        seed: Of the order of the samples.
        deadline: As ``time.perf_counter`` counts.
        most: Steps that it may take.
        stops: Whether a symptom ends the training while all numbers are finite; the first one
            counts.
    """
    recogniser = Recogniser(thresholds, training.epochs)
    rate = FallingRate(loop) if training.reduce_rate else None
    series, checks, pace = Series(), list[Check](), Pace(loop, deadline)
    symptom: Symptom | None = None
    per_epoch = -(-samples // training.batch_size)
    steps, spent, ended = 0, 0.0, True
    losses: list[float] = []
    for epoch in range(training.epochs):
        end = int(min(per_epoch, most - steps))
        parts = pace.run(epoch_order(seed, epoch, samples), 0, end)
        told = np.concatenate([np.zeros((0, 2)), *parts])
        steps += len(told)
        losses += [float(told[:, 0].mean())] if len(told) else []
        if len(told) < per_epoch:
            ended = False
            break
        sizes = np.diff([*range(0, samples, training.batch_size), samples])
        series.loss.append(losses[-1])
        series.accuracy.append(float(np.average(told[:, 1], weights=sizes)))
        checked = thresholds.checks(epoch, training.epochs)
        if stops or checked:
            predicted = loop.predict(validation.x)
            series.val_loss.append(loop.loss(validation.y, predicted))
            series.val_accuracy.append(accuracy(validation.y, predicted))
        if rate is not None:
            rate.after(series.val_loss[-1])
        if checked:
            began = time.perf_counter()
            gradients, finite = Gradients.of(loop.gradients()), loop.finite()
            spent += time.perf_counter() - began
            checks.append(_check(epoch, gradients, finite))
            symptom = symptom or recogniser.check(series, gradients, finite)
            if symptom is not None and (stops or not (finite and gradients.finite)):
                break
    seen = Seen(
        symptom=symptom,
        epochs=len(series.accuracy),
        accuracy=_rounded(series.accuracy),
        val_accuracy=_rounded(series.val_accuracy),
        val_loss=tuple(map(_finite, series.val_loss)),
        checks=tuple(checks),
        check_seconds=spent,
        layers=kinds,
    )
    told_losses = tuple(float(f"{v:.6g}") for v in losses if math.isfinite(v))
    return Watched(seen, told_losses, steps, ended)


class FallingRate:
    """Lowers the learning rate when the validation loss stops falling."""

    def __init__(self, loop: WatchedLoop) -> None:
        self._loop, self._best, self._waited = loop, math.inf, 0

    def after(self, val_loss: float) -> None:
        """Take note of an epoch's validation loss."""
        if val_loss < self._best - LEAST_FALL:
            self._best, self._waited = val_loss, 0
            return
        self._waited += 1
        if self._waited >= PATIENCE and self._loop.rate > LOWEST_RATE:
            self._loop.rate = max(self._loop.rate * FACTOR, LOWEST_RATE)
            self._waited = 0


def _check(epoch: int, gradients: Gradients, finite: bool) -> Check:
    return Check(
        epoch=epoch,
        first_norm=_finite(gradients.first),
        last_norm=_finite(gradients.last),
        zero_share=round(gradients.zero_share, 6),
        finite=finite and gradients.finite,
    )


def _finite(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _rounded(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(round(value, 6) for value in values)
