"""A watched training: checked every few epochs, stopped at the first symptom."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from harness.records.observation import Check, Symptom, Watched
from harness.training.judge import accuracy
from harness.training.pace import Pace
from harness.training.seeds import epoch_order
from harness.training.watched.history import Training
from harness.training.watched.network import WatchedLoop
from harness.training.watched.symptoms import Gradients, Recogniser, Series, SymptomThresholds

PATIENCE, FACTOR, LOWEST_RATE, LEAST_FALL = 5, 0.2, 0.001, 1e-4
"""The falling learning rate: epochs without a lower loss, factor, lower bound, and least fall of a
loss that counts as lower. Source: AutoTrainer's code; Keras' default for the last."""


@dataclass(frozen=True, slots=True)
class Validation:
    """Samples and their labels, after which symptoms are recognised."""

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, slots=True)
class WatchResult:
    """The course of a watched training."""

    shown: Watched
    losses: tuple[float, ...]
    """Mean training loss of each epoch touched; values that are not finite are left out."""
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
) -> WatchResult:
    """Train up to the configured epochs; stop after the epoch in which a check finds a symptom.

    Args:
        loop: Freshly compiled for ``training``.
        validation: Judged after every epoch; only at the checks if no symptom stops the training.
        kinds: Kind of each layer of the network; noted only.
        samples: Size of the training data.
        seed: Of the order of the samples.
        deadline: A time of ``time.perf_counter``, in seconds.
        most: Steps that the training may take.
        stops: Whether a symptom ends the training while all numbers are finite. The first symptom
            is the one reported, either way.
    """
    watcher = _Watcher(loop, training, thresholds, validation, stops)
    pace = Pace(loop, deadline)
    per_epoch = -(-samples // training.batch_size)
    steps, ended = 0, True
    losses: list[float] = []
    for epoch in range(training.epochs):
        end = int(min(per_epoch, most - steps))
        parts = pace.run(epoch_order(seed, epoch, samples), 0, end)
        reports = np.concatenate([np.zeros((0, 2)), *parts])
        steps += len(reports)
        losses += [float(reports[:, 0].mean())] if len(reports) else []
        if len(reports) < per_epoch:
            ended = False
            break
        sizes = np.diff([*range(0, samples, training.batch_size), samples])
        hits = float(np.average(reports[:, 1], weights=sizes))
        if watcher.after(epoch, losses[-1], hits):
            break
    rounded = tuple(float(f"{v:.6g}") for v in losses if math.isfinite(v))
    return WatchResult(watcher.shown(kinds), rounded, steps, ended)


class _Watcher:
    """Validates, lowers the learning rate and checks for symptoms after each epoch."""

    def __init__(
        self,
        loop: WatchedLoop,
        training: Training,
        thresholds: SymptomThresholds,
        validation: Validation,
        stops: bool,
    ) -> None:
        self._loop, self._validation, self._stops = loop, validation, stops
        self._thresholds, self._epochs = thresholds, training.epochs
        self._recogniser = Recogniser(thresholds, training.epochs)
        self._rate = FallingRate(loop) if training.reduce_rate else None
        self._series, self._checks = Series(), list[Check]()
        self._symptom: Symptom | None = None
        self._seconds = 0.0

    def after(self, epoch: int, loss: float, hits: float) -> bool:
        """Take the figures of an epoch that was trained to its end; returns whether to stop.

        Args:
            epoch: Index, from 0.
            loss: Mean training loss of the epoch.
            hits: Training accuracy of the epoch, in [0, 1].
        """
        self._series.loss.append(loss)
        self._series.accuracy.append(hits)
        checked = self._thresholds.checks(epoch, self._epochs)
        if self._stops or checked:
            self._validate()
        if self._rate is not None:
            self._rate.after(self._series.val_loss[-1])
        return checked and self._check(epoch)

    def _validate(self) -> None:
        predicted, y = self._loop.predict(self._validation.x), self._validation.y
        self._series.val_loss.append(self._loop.loss(y, predicted))
        self._series.val_accuracy.append(accuracy(y, predicted))

    def _check(self, epoch: int) -> bool:
        """Look at gradients and weights; returns whether to stop."""
        began = perf_counter()
        gradients, finite = Gradients.of(self._loop.gradients()), self._loop.finite()
        self._seconds += perf_counter() - began
        self._checks.append(_check_of(epoch, gradients, finite))
        self._symptom = self._symptom or self._recogniser.check(self._series, gradients, finite)
        lost = not (finite and gradients.finite)
        return self._symptom is not None and (self._stops or lost)

    def shown(self, kinds: tuple[str, ...]) -> Watched:
        """The symptoms and series up to now."""
        return Watched(
            symptom=self._symptom,
            epochs=len(self._series.accuracy),
            accuracy=_rounded(self._series.accuracy),
            val_accuracy=_rounded(self._series.val_accuracy),
            val_loss=tuple(map(_finite, self._series.val_loss)),
            checks=tuple(self._checks),
            check_seconds=self._seconds,
            layers=kinds,
        )


class FallingRate:
    """Lowers the learning rate when the validation loss stops falling."""

    def __init__(self, loop: WatchedLoop) -> None:
        self._loop, self._best, self._waited = loop, math.inf, 0

    def after(self, val_loss: float) -> None:
        """Take the validation loss of an epoch."""
        if val_loss < self._best - LEAST_FALL:
            self._best, self._waited = val_loss, 0
            return
        self._waited += 1
        if self._waited >= PATIENCE and self._loop.rate > LOWEST_RATE:
            self._loop.rate = max(self._loop.rate * FACTOR, LOWEST_RATE)
            self._waited = 0


def _check_of(epoch: int, gradients: Gradients, finite: bool) -> Check:
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
