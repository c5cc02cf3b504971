"""Clocks: what a run is charged for, and when its budget is spent.

A budget is stated as a multiple of one training of the faulty program, and turned into the clock's
unit here: seconds of T, or the multiply-accumulates of that training (``work``). The default,
``reference``, charges the seconds that a stated machine would need, which are computed: a run is
then the same on every machine at every load. Building and compiling a program is in no T and in no
charge but that of ``wall``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from harness.records.outcome import Outcome
from harness.vocabulary import HarnessError, unknown


class ClockFace(Protocol):
    """What can be read off a clock."""

    @property
    def unit(self) -> str:
        """Of ``budget`` and ``spent``: ``s`` or ``MAC``."""

    @property
    def budget(self) -> float:
        """What the run may be charged."""

    @property
    def spent(self) -> float:
        """What it has been charged."""


class Clock(ClockFace, Protocol):
    """Counts what one run has been charged."""

    def charge(self, outcome: Outcome) -> float:
        """Count one training; return what was charged for it."""

    def replay(self, spent: float, *, last: bool) -> None:
        """Stand where the clock stood after a recorded training; ``last`` lets it go on."""


class ReadOnlyClock:
    """The face of a clock: it shows, and cannot be set."""

    __slots__ = ("_read",)

    def __init__(self, clock: Clock) -> None:
        self._read: Callable[[str], Any] = lambda name: getattr(clock, name)

    @property
    def unit(self) -> str:
        return str(self._read("unit"))

    @property
    def budget(self) -> float:
        return float(self._read("budget"))

    @property
    def spent(self) -> float:
        return float(self._read("spent"))


def remaining(clock: ClockFace) -> float:
    return max(0.0, clock.budget - clock.spent)


def exhausted(clock: ClockFace) -> bool:
    """Whether no further trial may start."""
    return clock.spent >= clock.budget


@dataclass
class _AddingClock:
    """Adds up one amount of every outcome."""

    unit: ClassVar[str] = "s"
    amount: ClassVar[str]
    """The field of an outcome that is charged."""

    budget: float
    spent: float = 0.0

    def charge(self, outcome: Outcome) -> float:
        charged = float(getattr(outcome, self.amount))
        self.spent += charged
        return charged

    def replay(self, spent: float, *, last: bool) -> None:
        self.spent = spent


class TrainingClock(_AddingClock):
    """Charges the seconds inside training and its evaluation."""

    amount = "seconds"


class ReferenceClock(_AddingClock):
    """Charges the seconds that the reference machine would need for training and evaluation.

    A training that crashed has no steps that could be counted, and is charged nothing.
    """

    amount = "reference_seconds"


class WorkClock(_AddingClock):
    """Charges multiply-accumulates trained: a seeded run then depends on no machine and no load.

    A training that crashed has trained nothing that could be counted, and is charged nothing.
    """

    unit = "MAC"
    amount = "work"


@dataclass
class WallClock:
    """Charges everything that passes, the technique's own thinking included, as in the study.

    A machine whose time is set back makes the clock stand still, never go back. While a run is
    replayed from its log the clock shows what the log says.
    """

    unit: ClassVar[str] = "s"

    budget: float
    now: Callable[[], float] = time.monotonic
    _latest: float = field(init=False, default=0.0)
    _before: float = field(init=False, default=0.0)
    _since: float | None = field(init=False)
    _charged: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._since = self.now()

    @property
    def spent(self) -> float:
        if self._since is not None:
            self._latest = max(self._latest, self._before + self.now() - self._since)
        return self._latest

    def charge(self, outcome: Outcome) -> float:
        """What has passed since the last training, this one included."""
        before, self._charged = self._charged, self.spent
        return self._charged - before

    def replay(self, spent: float, *, last: bool) -> None:
        self._latest = self._before = self._charged = spent
        self._since = self.now() if last else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one training of the faulty program costs, by every measure."""

    training_time: float
    """T, seconds as measured."""
    work: float
    """Multiply-accumulates; 0 where they were not counted."""
    reference_time: float
    """T, seconds of the reference machine; 0 where it was not computed."""


@dataclass(frozen=True, slots=True)
class ClockRow:
    """One way to charge a run: all that the harness knows of it."""

    name: str
    meaning: str
    make: Callable[[float], Clock]
    """Budget in the clock's unit -> a fresh clock."""
    unit: str
    """Of what is charged: ``s`` or ``MAC``."""
    one: Callable[[Cost], float]
    """The cost of one training of the faulty program in the clock's unit; 0 if it is not known."""
    limit: str = ""
    """The field of ``harness.training.Request`` that bounds a training in this unit; '': none."""
    timed: bool = False
    """Whether it charges measured seconds, which depend on machine, device and load."""
    version: int = 0
    """Of the constants by which it charges; 0 for a clock without any."""


REFERENCE = "reference"

REFERENCE_VERSION = 1
"""Of the constants of the clock ``reference`` (``harness.training.reference``)."""


def _seconds(cost: Cost) -> float:
    return cost.training_time


def _reference(cost: Cost) -> float:
    return cost.reference_time


def _work(cost: Cost) -> float:
    return cost.work


CLOCKS: Mapping[str, ClockRow] = {
    row.name: row
    for row in (
        ClockRow(
            REFERENCE,
            "seconds inside training on the reference machine, computed",
            ReferenceClock,
            "s",
            _reference,
            limit="reference_limit",
            version=REFERENCE_VERSION,
        ),
        ClockRow(
            "training",
            "seconds inside training",
            TrainingClock,
            "s",
            _seconds,
            limit="limit",
            timed=True,
        ),
        ClockRow(
            "wall", "all seconds that pass", WallClock, "s", _seconds, limit="limit", timed=True
        ),
        ClockRow(
            "work", "multiply-accumulates trained", WorkClock, "MAC", _work, limit="work_limit"
        ),
    )
}


UNITS: dict[str, str] = {
    "reference": "reference_seconds",
    "training": "seconds",
    "wall": "seconds",
    "work": "multiply_accumulates",
}
"""Clock -> the unit in which it charges."""


def clock_unit(clock: str) -> str:
    """The unit of a clock's charges, as part of a column's name."""
    return UNITS.get(clock, "units")


def charge_of(clock: str, outcome: Outcome) -> float | None:
    """What a clock charges for a training, in its unit.

    None for ``wall``, which runs on between two trials, so that only the clock itself knows.
    """
    amount = getattr(CLOCKS[clock].make, "amount", None) if clock in CLOCKS else None
    return None if amount is None else float(getattr(outcome, amount))


def make_clock(name: str, multiple: float, one: float) -> Clock:
    """A fresh clock for one run.

    Args:
        name: ``reference``, ``training``, ``wall`` or ``work``.
        multiple: Budget as a multiple of ``one``.
        one: What one training of the faulty program costs in the clock's unit, positive.

    Raises:
        HarnessError: If there is no such clock, or the budget is no positive finite number.
    """
    return clock_row(name).make(check_budget(multiple) * one)


def clock_row(name: str) -> ClockRow:
    """Raises HarnessError if there is no such clock."""
    if name not in CLOCKS:
        raise unknown("clock", name, CLOCKS)
    return CLOCKS[name]


LARGEST_BUDGET = 1e6
"""As a multiple of the faulty program's training time."""


def check_budget(multiple: object) -> float:
    """``multiple`` as a budget.

    >>> check_budget("20")
    20.0
    """
    try:
        plain = not isinstance(multiple, str) or (multiple.isascii() and "_" not in multiple)
        value = float(multiple) if plain else math.nan  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if isinstance(multiple, bool) or not 0 < value <= LARGEST_BUDGET:
        raise HarnessError(
            f"budget {multiple!r} is not possible: a budget is a positive number up to "
            f"{LARGEST_BUDGET:g}, the multiple of the faulty program's training time. The study "
            "used 10, 20 and 50"
        )
    return value
