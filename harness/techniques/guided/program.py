"""The programs that a run has tried, with their errors and costs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import fmean

from harness.techniques.guided.neighbourhood import Step
from harness.vocabulary import Value


@dataclass(eq=False)
class TriedProgram:
    """A configuration, its trainings, and how it came about."""

    configuration: dict[str, Value]
    step: Step | None = None
    """The step that leads to it; None for the faulty program."""
    parent: TriedProgram | None = None
    """The program that the step starts from; None for the faulty program."""
    number: int | None = None
    """Number of its first proposal; None before its first training."""
    errors: dict[int, float] = field(default_factory=dict)
    """Proposal -> error on the search part, of its full trainings; infinite for failures."""
    partial: float = math.inf
    """Error after the probe's share of a training."""
    charged: float = 0.0
    """Charge for the trainings that count for its cost, in the clock's unit."""
    trained: float = 0.0
    """Length of those trainings, in full trainings."""

    @property
    def error(self) -> float:
        """Mean error of its full trainings; infinite without any."""
        return fmean(self.errors.values()) if self.errors else math.inf

    @property
    def cost(self) -> float:
        """Charge for one full training, in the clock's unit; 0 as long as nothing is known."""
        return self.charged / self.trained if self.trained else 0.0

    def best_training(self) -> int | None:
        """Proposal of its full training with the least error; None if none of them was judged."""
        judged = {n: e for n, e in self.errors.items() if math.isfinite(e)}
        return min(judged, key=lambda n: (judged[n], n), default=None)
