"""What a training costs by the clock ``reference``: before it, and after."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.records.observation import Look
from harness.records.outcome import Mark
from harness.training.prepared import Progress, Verdict
from harness.training.reference import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a training costs on the reference machine, in its seconds."""

    training: float
    """All of its steps."""
    evaluation: float
    look: float

    @staticmethod
    def of(price: Price, steps: int, judged: int) -> Bill:
        """The bill of a program.

        Args:
            steps: Of the whole training.
            judged: Samples on which it is judged.
        """
        evaluation = price.evaluation(judged)
        return Bill(
            training=price.training(steps),
            evaluation=evaluation,
            look=evaluation + price.checks(1),
        )

    @property
    def whole(self) -> float:
        return self.training + self.evaluation

    def marked(self, marks: tuple[Mark, ...], charged: float) -> tuple[Mark, ...]:
        """Marks with their evaluation in the charge, as the run of a smaller budget has it.

        Args:
            charged: Of the training itself; a budget that pays for all of it ends later.
        """
        return tuple(
            mark
            if mark.ended
            else replace(mark, reference_seconds=mark.reference_seconds + self.evaluation)
            for mark in marks
            if not (mark.ended and mark.left >= charged)
        )

    def charged(self, progress: Progress, verdict: Verdict, looked: Look | None) -> float:
        """Of what took place. A look is charged as an evaluation and one step."""
        evaluated = self.evaluation if verdict.evaluate_seconds else 0.0
        return progress.reference + evaluated + (0.0 if looked is None else self.look)
