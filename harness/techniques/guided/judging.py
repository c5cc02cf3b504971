"""Comparison of errors on the search part: what counts as a gain, and what may be chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.records.outcome import Outcome
from harness.vocabulary import Metric


@dataclass
class Judge:
    """Compares the programs of one run."""

    metric: Metric
    samples: int = 0
    """Samples in the search part; 0 as long as their number is unknown."""

    def error(self, outcome: Outcome) -> float:
        """Error of a training on the search part; infinite if it was not judged."""
        return self.metric.error(outcome.search)

    def noise(self, error: float) -> float:
        """Standard error of the difference of two accuracies; 0 for other metrics."""
        if self.metric.name != "accuracy" or not self.samples or not 0 < error < 1:
            return 0.0
        return math.sqrt(2 * error * (1 - error) / self.samples)

    def helps(self, before: float, after: float, least: float) -> bool:
        """Whether an error has fallen enough, and further than chance explains.

        Args:
            before, after: Errors, infinite for failures.
            least: Share of ``before`` that must be gone.
        """
        if not math.isfinite(before):
            return math.isfinite(after)
        return before - after >= max(least * before, self.noise(before)) and after < before
