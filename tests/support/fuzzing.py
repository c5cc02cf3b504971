"""Tests with random input: how many cases, and their counts.

``FUZZ_CASES=10000 pytest tests/fuzz`` tries so many of each kind. By default it is a few hundred,
the same ones each time; with ``FUZZ_SEED`` others.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

CASES = int(os.environ.get("FUZZ_CASES", "150"))

FUZZ = settings(
    max_examples=CASES,
    deadline=None,
    derandomize="FUZZ_SEED" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
"""Decorates each test with random input."""


class Tally:
    """Cases of one test: those tried, and those of them that were refused with one message."""

    def __init__(self, properties: list[tuple[str, object]]) -> None:
        self._properties, self.tried, self.refused = properties, 0, 0

    def count(self, refused: bool) -> None:
        """Count one case; ``properties`` then tell of all cases so far."""
        self.tried += 1
        self.refused += refused
        self._properties[:] = [("tried", self.tried), ("refused", self.refused)]


def check_message(error: BaseException | None, start: str = "") -> bool:
    """Whether there was an error; it must be told in one line."""
    if error is None:
        return False
    text = str(error)
    assert text.startswith(start), text
    assert "\n" not in text, text
    return True
