"""What values a hyperparameter may take. Engine-neutral: searchers translate these themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.vocabulary import Value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values, without order."""

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        if not self.values or len(set(self.values)) != len(self.values):
            raise ValueError(f"a choice needs distinct values. Received: {self.values}")

    def __contains__(self, value: object) -> bool:
        return any(type(value) is type(v) and value == v for v in self.values)

    def sample(self, rng: np.random.Generator) -> Value:
        return self.values[int(rng.integers(len(self.values)))]


@dataclass(frozen=True, slots=True)
class Real:
    """A number in [low, high], uniform on a linear or a logarithmic scale."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not (self.low < self.high and (self.low > 0 or not self.log)):
            raise ValueError(f"not a range: {self}")

    def __contains__(self, value: object) -> bool:
        return _is_number(value) and self.low <= value <= self.high  # type: ignore[operator]

    def sample(self, rng: np.random.Generator) -> float:
        if not self.log:
            return float(rng.uniform(self.low, self.high))
        drawn = math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        return min(max(drawn, self.low), self.high)


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number in [low, high], both included, uniform on a linear or logarithmic scale."""

    low: int
    high: int
    log: bool = False

    def __post_init__(self) -> None:
        if not (self.low < self.high and (self.low > 0 or not self.log)):
            raise ValueError(f"not a range: {self}")

    def __contains__(self, value: object) -> bool:
        return type(value) is int and self.low <= value <= self.high

    def sample(self, rng: np.random.Generator) -> int:
        if not self.log:
            return int(rng.integers(self.low, self.high, endpoint=True))
        drawn = math.exp(rng.uniform(math.log(self.low - 0.5), math.log(self.high + 0.5)))
        return min(max(round(drawn), self.low), self.high)


@dataclass(frozen=True, slots=True)
class DearNumber:
    """A whole number in [1, high] of which a larger one costs more, such as a number of epochs.

    Most draws lie in [1, twice the own value], log-uniform; the rest reach up to ``high``,
    log-uniform too, as seldom as keeps the mean of all draws near the own value.
    """

    MEAN: ClassVar[float] = 1.2
    """Of all draws, as a multiple of the own value; exceeded where that is 1."""
    SELDOM: ClassVar[tuple[float, float]] = (0.01, 0.1)
    """Share of the draws above twice the own value: at least, at most."""

    own: int
    high: int

    def __post_init__(self) -> None:
        if not 1 <= 2 * self.own < self.high:
            raise ValueError(f"not a range: {self}")

    @property
    def low(self) -> int:
        return 1

    def __contains__(self, value: object) -> bool:
        return type(value) is int and 1 <= value <= self.high

    @property
    def _pieces(self) -> tuple[tuple[float, float, float], ...]:
        """(lower end, upper end, share of the draws) of the usual and of the long ones."""
        usual, long = (0.5, 2 * self.own + 0.5), (2 * self.own + 0.5, self.high + 0.5)
        low, high = _log_mean(*usual), _log_mean(*long)
        seldom = (self.MEAN * self.own - low) / (high - low)
        least, most = self.SELDOM
        share = min(max(seldom, least), most)
        return (*usual, 1 - share), (*long, share)

    def at(self, place: float) -> int:
        """The number below which a share of ``place``, in [0, 1], of all draws lies."""
        (low, middle, share), (_, high, rest) = self._pieces
        drawn: float
        if place < share:
            drawn = low * (middle / low) ** (place / share)
        else:
            drawn = middle * (high / middle) ** ((place - share) / rest)
        return min(max(round(drawn), 1), self.high)

    def place(self, value: float) -> float:
        """The share of draws that lie below ``value``: the inverse of :meth:`at`."""
        (low, middle, share), (_, high, rest) = self._pieces
        if value < middle:
            return share * math.log(max(value, low) / low) / math.log(middle / low)
        return share + rest * math.log(min(value, high) / middle) / math.log(high / middle)

    def sample(self, rng: np.random.Generator) -> int:
        return self.at(float(rng.uniform()))


def _log_mean(low: float, high: float) -> float:
    """Mean of a log-uniform draw."""
    return (high - low) / math.log(high / low)


Domain = Choice | Real | Integer | DearNumber
