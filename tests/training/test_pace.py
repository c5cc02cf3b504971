"""Steps in calls that grow to about the time between two checks of the deadline."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.training import pace
from harness.training.pace import CHECK_EVERY, Pace

ORDER = np.arange(1000, dtype=np.int32)


class Clocked:
    """Trains steps that take ``step`` seconds of a clock of its own."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 100.0, step
        self.calls: list[tuple[int, int]] = []

    def perf_counter(self) -> float:
        return self.now

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        self.calls.append((first, last))
        self.now += self.step * (last - first)
        return order[first:last]


def paced(monkeypatch: pytest.MonkeyPatch, step: float, seconds: float) -> tuple[Clocked, Pace]:
    loop = Clocked(step)
    monkeypatch.setattr(pace, "perf_counter", loop.perf_counter)
    return loop, Pace(loop, loop.now + seconds)


def test_every_step_is_trained_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, paces = paced(monkeypatch, 0.001, math.inf)
    parts = paces.run(ORDER, 3, 700)
    assert np.array_equal(np.concatenate(parts), ORDER[3:700])
    assert [last - first for first, last in loop.calls[:4]] == [1, 4, 16, 49]
    assert max(last - first for first, last in loop.calls) <= CHECK_EVERY / 0.001 + 1


def test_a_deadline_is_missed_by_one_call_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, paces = paced(monkeypatch, 0.01, 1.0)
    trained = sum(map(len, paces.run(ORDER, 0, 1000)))
    assert 1.0 <= loop.now - 100.0 <= 1.0 + CHECK_EVERY
    assert trained == len(ORDER[: loop.calls[-1][1]]) < 1000
    assert paces.run(ORDER, 0, 10) == []


def test_slow_steps_come_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, paces = paced(monkeypatch, 0.2, math.inf)
    paces.run(ORDER, 0, 5)
    assert loop.calls == [(i, i + 1) for i in range(5)]
