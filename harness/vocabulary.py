"""The words that code, configuration, columns and prose share. Nothing here imports the rest."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

VERSION = "0.1.0"
"""Of this package."""

Value = str | int | float | bool
"""One value of one hyperparameter; always a plain Python scalar, never a NumPy one."""

Configuration = Mapping[str, Value]
"""A flat mapping from hyperparameter (and setting) to value: one DNN program."""

DEFAULT_CLOCK, DEFAULT_SPACE = "training", "corrected"
"""Of a study that names none: keys of ``harness.records.clocks.CLOCKS`` and of
``harness.space.derivation.VARIANTS``."""


class TrialStatus(StrEnum):
    """How one training ended."""

    COMPLETED = "completed"
    """Trained as long as asked, and judged."""
    DIVERGED = "diverged"
    """Loss, weights, predictions or metric became non-finite: a bad patch, never a score."""
    CRASHED = "crashed"
    """Training raised, hung or lost its process."""
    CUT = "cut"
    """The budget ended during the training; judged with the epochs it reached, if any."""
    INVALID = "invalid"
    """Recognised before training as a program that cannot train; nothing is charged."""


class Cause(StrEnum):
    """Why a trial was not judged."""

    SHAPE = "shape"
    LABELS = "labels"
    INITIALISER = "initialiser"
    NON_FINITE = "non_finite"
    MEMORY = "memory"
    TIME_OUT = "time_out"
    INFRASTRUCTURE = "infrastructure"
    PROGRAM = "program"


class CellStatus(StrEnum):
    """What a run, or a group of runs, amounts to."""

    OK = "ok"
    NO_BETTER = "no_better"
    """No trial was better than the faulty program by the metric that the technique sees."""
    NOT_APPLICABLE = "not_applicable"
    NO_SYMPTOM = "no_symptom"
    TIMED_OUT = "timed_out"
    """The budget ended before any trial could be judged."""
    NOT_EXPOSED = "not_exposed"
    """The baseline does not tell the faulty program from the fixed one."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A measure of how well a program learned; its direction is stored here, once."""

    name: str
    higher_is_better: bool
    worst: float | None
    """The worst value that can occur, or None if there is no bound."""
    ideal: float
    """The value of a program without any error."""
    digits: int
    """Decimals shown in tables; files keep full precision."""
    meaning: str

    @property
    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest value that can occur.

        >>> METRICS["accuracy"].bounds, METRICS["mae"].bounds
        ((0.0, 1.0), (0.0, inf))
        """
        if self.higher_is_better:
            return -math.inf if self.worst is None else self.worst, self.ideal
        return self.ideal, math.inf if self.worst is None else self.worst

    @property
    def nothing(self) -> float:
        """Worse than every value: where a run without a result ranks."""
        return -math.inf if self.higher_is_better else math.inf

    def better(self, a: float, b: float) -> bool:
        """Whether ``a`` is strictly better than ``b``."""
        return a > b if self.higher_is_better else a < b

    def best(self, values: Iterable[float]) -> float:
        return max(values) if self.higher_is_better else min(values)

    def loss(self, value: float) -> float:
        """``value`` as something to minimise."""
        return -value if self.higher_is_better else value

    def error(self, value: float | None) -> float:
        """Distance of ``value`` from the ideal one, >= 0; infinite where there is no value.

        >>> METRICS["accuracy"].error(0.75), METRICS["mae"].error(2.5)
        (0.25, 2.5)
        """
        if value is None:
            return math.inf
        return self.ideal - value if self.higher_is_better else value - self.ideal


METRICS: Mapping[str, Metric] = {
    m.name: m
    for m in (
        Metric("accuracy", True, 0.0, 1.0, 2, "share of samples classified correctly, in [0, 1]"),
        Metric("mae", False, None, 0.0, 3, "mean absolute error, in the unit of the target, >= 0"),
        Metric(
            "angle", False, math.pi, 0.0, 3, "mean angle between two directions, radians in [0, pi]"
        ),
    )
}


class HarnessError(Exception):
    """Bad input: one message that says what was asked, what was found and what would work."""


def shown(value: object, width: int = 60) -> str:
    """Any value in one line, for a message: its first ``width`` characters, and how many it has.

    >>> shown("a" * 99, 9), shown(10**9999)
    ("'aaaaa... (101 characters)", 'an object')
    """
    try:
        text = " ".join(repr(value).split())
    except Exception:  # a class of its own may fail at that, and Python at thousands of digits
        return "an object"
    return text if len(text) <= width else f"{text[: width - 3]}... ({len(text)} characters)"


def message_of(error: BaseException, otherwise: str = "") -> str:
    """The message of an exception; ``otherwise`` if a class of its own fails at saying it."""
    try:
        return str(error)
    except Exception:
        return otherwise


def unknown(kind: str, asked: object, known: Iterable[str], hint: str = "") -> HarnessError:
    """The error for a name that is not registered, with suggestions.

    >>> str(unknown("fault", "M9", ["M1", "M2", "R1"]))
    "no fault 'M9'. Did you mean M2, M1? Registered: M1, M2, R1"
    """
    names = list(known)
    close = get_close_matches(str(asked), names, n=3, cutoff=0.4)
    guess = f" Did you mean {', '.join(close)}?" if close else ""
    listed = ", ".join(names) if len(names) <= 12 else f"{len(names)} of them"
    return HarnessError(f"no {kind} '{asked}'.{guess} Registered: {listed or 'none'}{hint}")


def changed(before: Configuration, after: Configuration) -> dict[str, tuple[Value, Value]]:
    """A patch: the values that differ, each before and after; ``1`` equals ``1.0``.

    >>> changed({"epochs": 1, "loss": "hinge"}, {"epochs": 5, "loss": "hinge"})
    {'epochs': (1, 5)}
    """
    if set(before) != set(after):
        raise ValueError(f"not one program's configurations: {sorted(set(before) ^ set(after))}")
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}


def natural_order(name: str) -> tuple[str, int]:
    """A sorting key by which D2 comes before D10: the name without its last number, the number.

    >>> natural_order("D10"), natural_order("units_3"), natural_order("loss")
    (('D', 10), ('units_', 3), ('loss', 0))
    """
    head = name.rstrip("0123456789")
    return head, int(name[len(head) :] or 0)


MOVED: Mapping[str, str] = {
    "harness.budget": "harness.records.clocks",
    "harness.domains": "harness.space.domains",
    "harness.operators": "harness.space.operators",
    "harness.pytorch": "harness.subjects.pytorch",
    "harness.registry": "harness.subjects (Data, Subject) or harness.subjects.registry",
    "harness.semantics": "harness.subjects.semantics",
    "harness.store": "harness.records",
    "harness.tables": "harness.records (outcome: Outcome, Trial)",
    "harness.techniques.base": "harness.techniques.contract",
}
"""Modules that programs and techniques of earlier versions imported, and where their names are."""


def moved_hint(error: BaseException) -> str:
    """Where a missing module of an earlier version is now; '' for any other error.

    >>> moved_hint(ModuleNotFoundError("...", name="harness.semantics"))
    '. It is now harness.subjects.semantics; CHANGELOG.md lists all moved names'
    """
    there = MOVED.get(getattr(error, "name", None) or "")
    return f". It is now {there}; CHANGELOG.md lists all moved names" if there else ""
