"""Training in short calls, so that a deadline is noticed."""

from __future__ import annotations

from time import perf_counter
from typing import Protocol

import numpy as np

CHECK_EVERY = 0.05
"""Seconds of training between two checks of the deadline."""


class Steps(Protocol):
    """Anything that trains steps of an epoch."""

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        """As ``harness.training.programs.Trainable.run``."""


class Pace:
    """Runs steps in calls of about ``CHECK_EVERY`` seconds."""

    def __init__(self, loop: Steps, deadline: float) -> None:
        """``deadline``: a time of ``time.perf_counter``, in seconds; may be infinite."""
        self._loop, self._deadline, self._chunk = loop, deadline, 1

    def run(self, order: np.ndarray, first: int, end: int) -> list[np.ndarray]:
        """Train steps ``first`` to ``end`` (excluded) of an epoch; stop at the deadline.

        Returns:
            The results of the calls, in order.
        """
        parts: list[np.ndarray] = []
        while first < end:
            began = perf_counter()
            if began >= self._deadline:
                break
            last = min(end, first + self._chunk)
            parts.append(self._loop.run(order, first, last))
            ran, first = last - first, last
            took = perf_counter() - began
            wanted = min(CHECK_EVERY, max(self._deadline - began - took, 0.0))
            self._chunk = max(1, min(4 * self._chunk, int(ran * wanted / max(took, 1e-6))))
        return parts
