"""A training that is ready to run, how far it got, and the verdict on it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from harness.records.observation import Watched
from harness.records.outcome import Mark
from harness.subjects.arrays import Data
from harness.training.failures import described, is_memory
from harness.training.judge import Unjudgeable, measure
from harness.training.reference import Price
from harness.vocabulary import Cause, TrialStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a training got, before it is judged."""

    begun: bool = False
    """Whether the program has had any step at all."""
    ended: bool = False
    """Whether the training came to its own end; else a limit cut it."""
    steps: int = 0
    """Steps that this training added."""
    work: float = 0.0
    """Multiply-accumulates of these steps, forward and backward."""
    reference: float = 0.0
    """Seconds that the reference machine would need for these steps."""
    losses: tuple[float, ...] = ()
    """Mean training loss of each epoch touched."""
    fidelity: float = 1.0
    """Share of the configuration's steps that the program has had, in (0, 1]."""
    diverged: str = ""
    """Why the training diverged; '' if it did not."""
    watched: Watched | None = None
    """The symptoms, if the training was watched."""
    marks: tuple[Mark, ...] = ()
    """What it was worth where smaller budgets would have ended."""
    marking_seconds: float = 0.0
    """Time that these took; not charged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The end of a training and its metric."""

    status: TrialStatus
    seconds: float = 0.0
    """Inside training and its evaluation."""
    evaluate_seconds: float = 0.0
    """The part of ``seconds`` that judged the program."""
    search: float | None = None
    """Metric on the search part; ``holdout`` likewise. Both are None unless judged."""
    holdout: float | None = None
    cause: Cause | None = None
    message: str = ""

    @property
    def judged(self) -> bool:
        return self.search is not None


Judge = Callable[[], tuple[float, float] | None]
"""() -> metric on the search and the holdout part; None if the program cannot be judged."""


class PreparedTraining(ABC):
    """A compiled program with its data, ready to be trained."""

    price: Price
    """What its steps and its evaluation cost on the reference machine."""
    whole: int
    """Steps of the whole training."""

    def resume(self) -> None:
        """Restore the state at which an earlier training stopped; not charged. Default: nothing."""
        return

    @abstractmethod
    def train(self, judged: Judge) -> Progress:
        """Train to the end, or until a limit cuts it.

        Args:
            judged: The program's metric on both parts as it stands; changes nothing.
        """

    @abstractmethod
    def predict(self, x: Any) -> np.ndarray:
        """(n, ...) outputs in inference mode."""

    @abstractmethod
    def finite(self) -> bool:
        """Whether all weights are finite."""

    def keep(self) -> None:
        """Keep the state from which a later training continues. Default: nothing."""
        return


def run_training(training: PreparedTraining, metric: str, data: Data) -> tuple[Progress, Verdict]:
    """Train and judge. An exception of the program is a verdict, too: it crashed."""
    began, progress = perf_counter(), Progress()

    def judged() -> tuple[float, float] | None:
        with suppress(Unjudgeable):
            search = measure(metric, data.y_search, training.predict(data.x_search))
            holdout = measure(metric, data.y_holdout, training.predict(data.x_holdout))
            if search is not None and holdout is not None and training.finite():
                return search, holdout
        return None

    try:
        training.resume()
        began = perf_counter()
        progress = training.train(judged)
        verdict = _verdict(training, progress, metric, data, began)
        if progress.ended and verdict.judged:
            training.keep()
    except Unjudgeable as error:
        return progress, _crashed(began, error.cause, str(error))
    except Exception as error:
        cause = Cause.MEMORY if is_memory(error) else Cause.PROGRAM
        return progress, _crashed(began, cause, described(error))
    return progress, verdict


def _verdict(
    training: PreparedTraining, progress: Progress, metric: str, data: Data, began: float
) -> Verdict:
    """The verdict on a training that did not crash; ``began`` is when it started."""
    began += progress.marking_seconds
    if progress.diverged:
        return _diverged(progress.diverged, began)
    if not progress.begun:
        return Verdict(status=TrialStatus.CUT, seconds=perf_counter() - began)
    judging = perf_counter()
    search = measure(metric, data.y_search, training.predict(data.x_search))
    holdout = measure(metric, data.y_holdout, training.predict(data.x_holdout))
    finite, ended = training.finite(), perf_counter()
    if search is None or holdout is None or not finite:
        message = "weights, predictions or metric are not finite"
        return _diverged(message, began, ended, ended - judging)
    return Verdict(
        status=TrialStatus.COMPLETED if progress.ended else TrialStatus.CUT,
        seconds=ended - began,
        evaluate_seconds=ended - judging,
        search=search,
        holdout=holdout,
    )


def _crashed(began: float, cause: Cause, message: str) -> Verdict:
    return Verdict(
        status=TrialStatus.CRASHED,
        seconds=perf_counter() - began,
        cause=cause,
        message=message,
    )


def _diverged(
    message: str, began: float, ended: float | None = None, evaluated: float = 0.0
) -> Verdict:
    ended = perf_counter() if ended is None else ended
    return Verdict(
        status=TrialStatus.DIVERGED,
        seconds=ended - began,
        evaluate_seconds=evaluated,
        cause=Cause.NON_FINITE,
        message=message,
    )
