"""How long things may take before they count as hanging; each can be set in the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass

from harness.vocabulary import HarnessError

NEVER = 1e9
"""No limit, where a finite number of seconds is needed."""

MEANINGS = {
    "TIME_LIMIT": "seconds of a training of which nothing is known: the first of a baseline",
    "TIME_SLACK": "seconds that a training may take beyond four times what it should",
    "RAY_START": "seconds of Ray's start; two more tries have two and four times these",
    "WORKER_START": "seconds of a training process' start; a second try has twice these",
}
"""Variable of the environment -> what it limits."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. A study reads them where it is started, for all machines of its cluster."""

    time_limit: float = 7200.0
    time_slack: float = 120.0
    ray_start: float = 30.0
    worker_start: float = 120.0

    @staticmethod
    def of_environment() -> Limits:
        """The limits, as far as the environment sets them.

        Raises:
            HarnessError: If one is no number of seconds.
        """
        found = {}
        for name, meaning in MEANINGS.items():
            if text := os.environ.get(name, "").strip():
                found[name.lower()] = _seconds(name, text, meaning)
        return Limits(**found)

    def of_training(self, expected: float) -> float:
        """Seconds after which a training counts as hanging.

        Args:
            expected: Seconds that it should take; ``NEVER`` or more if nobody knows.
        """
        return self.time_limit if expected >= NEVER else self.time_slack + 4 * expected


def _seconds(name: str, text: str, meaning: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < NEVER:
        raise HarnessError(
            f"{name} is a number above 0 and below {NEVER:g}, the {meaning}. "
            f"Received: {text[:60]!r}"
        )
    return seconds
