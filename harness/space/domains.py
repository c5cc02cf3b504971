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
    """A whole number in [low, high] that costs more the larger it is, or the smaller.

    An epoch more costs an epoch; half the batch size costs twice the steps. Most draws are usual:
    at most twice as dear as the own value, log-uniform. The dear rest of the range is drawn from
    log-uniformly too, as seldom as keeps the mean cost near that of the own value.
    """

    MEAN: ClassVar[float] = 1.2
    """Cost of a draw, as a multiple of the own value's; more where usual draws alone cost it."""
    SELDOM: ClassVar[tuple[float, float]] = (0.01, 0.1)
    """Share of the dear draws: at least, at most."""

    own: int
    low: int
    high: int
    large: bool = True
    """Whether large numbers are the dear ones."""

    def __post_init__(self) -> None:
        inside = 1 <= self.low <= self.own <= self.high
        room = 2 * self.own < self.high if self.large else 2 * self.low < self.own
        if not (inside and room):
            raise ValueError(f"not a range: {self}")

    def __contains__(self, value: object) -> bool:
        return type(value) is int and self.low <= value <= self.high

    @property
    def _pieces(self) -> tuple[tuple[float, float, float], ...]:
        """(lower end, upper end, share of the draws) of both parts, the lower one first."""
        ends = self.low - 0.5, self.high + 0.5
        middle = 2 * self.own + 0.5 if self.large else math.ceil(self.own / 2) - 0.5
        parts = (ends[0], middle), (middle, ends[1])
        usual, dear = parts if self.large else parts[::-1]
        cost, more = self._mean_cost(*usual), self._mean_cost(*dear)
        least, most = self.SELDOM
        seldom = min(max((self.MEAN - cost) / (more - cost), least), most)
        shares = (1 - seldom, seldom) if self.large else (seldom, 1 - seldom)
        return tuple((*part, share) for part, share in zip(parts, shares, strict=True))

    def _mean_cost(self, low: float, high: float) -> float:
        """Of a log-uniform draw, as a multiple of the own value's."""
        if self.large:
            return (high - low) / math.log(high / low) / self.own
        return self.own * (1 / low - 1 / high) / math.log(high / low)

    def at(self, place: float) -> int:
        """The number below which a share of ``place``, in [0, 1], of all draws lies."""
        (low, middle, share), (_, high, rest) = self._pieces
        drawn: float
        if place < share:
            drawn = low * (middle / low) ** (place / share)
        else:
            drawn = middle * (high / middle) ** ((place - share) / rest)
        return min(max(round(drawn), self.low), self.high)

    def place(self, value: float) -> float:
        """The share of draws that lie below ``value``: the inverse of :meth:`at`."""
        (low, middle, share), (_, high, rest) = self._pieces
        if value < middle:
            return share * math.log(max(value, low) / low) / math.log(middle / low)
        return share + rest * math.log(min(value, high) / middle) / math.log(high / middle)

    def sample(self, rng: np.random.Generator) -> int:
        return self.at(float(rng.uniform()))


Domain = Choice | Real | Integer | DearNumber
