"""Clocks: what a run is charged for, and when its budget is spent.

A budget is stated as a multiple of T, the faulty program's own training time, and turned into
seconds here. Building and compiling a program is in no T and in no charge of ``training``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from harness.tables import Outcome
from harness.vocabulary import HarnessError, unknown


class Clock(Protocol):
    """Counts what one run has been charged, in seconds. Plain data: it can be pickled."""

    budget: float
    """Seconds that the run may be charged."""

    @property
    def spent(self) -> float: ...

    def charge(self, outcome: Outcome) -> float:
        """Count one training; return what was charged for it, in seconds."""


def remaining(clock: Clock) -> float:
    return max(0.0, clock.budget - clock.spent)


def exhausted(clock: Clock) -> bool:
    """Whether no further trial may start."""
    return clock.spent >= clock.budget


@dataclass
class TrainingClock:
    """Charges the seconds inside training and its evaluation. Continuing a run costs nothing."""

    budget: float
    spent: float = 0.0

    def charge(self, outcome: Outcome) -> float:
        self.spent += outcome.seconds
        return outcome.seconds


@dataclass
class WallClock:
    """Charges everything that passes, the technique's own thinking included, as in the study.

    A clock that is set back counts as standing still. A run that is continued starts from what its
    log says was spent (``before``), so the time in between is not charged.
    """

    budget: float
    before: float = 0.0
    now: Callable[[], float] = time.monotonic
    _started: float = field(init=False)
    _latest: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._started = self.now()
        self._latest = self.before

    @property
    def spent(self) -> float:
        self._latest = max(self._latest, self.before + self.now() - self._started)
        return self._latest

    def charge(self, outcome: Outcome) -> float:
        return outcome.total_seconds


CLOCKS: dict[str, Callable[[float], Clock]] = {"training": TrainingClock, "wall": WallClock}


def make_clock(name: str, multiple: float, training_time: float) -> Clock:
    """A fresh clock for one run.

    Args:
        name: ``training`` or ``wall``.
        multiple: Budget as a multiple of ``training_time``.
        training_time: T, seconds, positive.

    Raises:
        HarnessError: If there is no such clock, or the budget is no positive finite number.
    """
    if name not in CLOCKS:
        raise unknown("clock", name, CLOCKS)
    return CLOCKS[name](check_budget(multiple) * training_time)


def check_budget(multiple: object) -> float:
    """``multiple`` as a budget.

    >>> check_budget("20")
    20.0
    """
    try:
        value = float(multiple)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        value = math.nan
    if isinstance(multiple, bool) or not (math.isfinite(value) and value > 0):
        raise HarnessError(
            f"budget {multiple!r} is not possible: a budget is a positive number, the multiple of "
            "the faulty program's training time. The study used 10, 20 and 50"
        )
    return value
