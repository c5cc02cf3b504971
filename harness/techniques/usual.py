"""The usual program: the faulty one with all hyperparameters at their most usual values at once.

A control of guided repair, which tries usual values first: what they repair without a search and
without localisation. The table of usual values is guided repair's own, ``harness.space.usual``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from harness.records.clocks import ClockFace
from harness.records.outcome import Outcome
from harness.space.usual import Usual
from harness.techniques.contract import Optimiser, Proposal, RepairTask
from harness.techniques.support import Ledger, Source
from harness.vocabulary import Configuration, changed


def usual_start(task: RepairTask) -> Configuration:
    """The usual program of a task; the faulty one where nothing in it is unusual.

    The number of training steps, on which the usual learning rate depends, follows from the size of
    the data. Guided repair reads it off its first training.
    """
    labels, steps = "one_hot", math.inf
    if task.program is not None:
        labels = task.program.labels
        _, y_train, _, _ = task.program.data()
        per_epoch = -(-len(y_train) // int(task.faulty["batch_size"]))
        steps = float(per_epoch * int(task.faulty["epochs"]))
    return Usual(task.space, labels, task.faulty, steps).usual_program()


class UsualOptimiser(Optimiser):
    """One proposal, then the end."""

    def __init__(self, task: RepairTask) -> None:
        self._first: Configuration | None = usual_start(task)
        self._edits = len(changed(task.faulty, self._first))
        self._ledger = Ledger(Source.USUAL)

    def ask(self) -> Proposal | None:
        if self._first is None:
            return None
        first, self._first = self._first, None
        return self._ledger.enter(first, Source.USUAL)

    def tell(self, proposal: Proposal, outcome: Outcome) -> None:
        """Nothing: there is no second proposal."""

    def health(self) -> Mapping[str, int | float | str]:
        """Counters of the ledger, and how many hyperparameters differ from the faulty program."""
        return {**self._ledger.health(), "edits": self._edits}


@dataclass(frozen=True, kw_only=True)
class AllUsual:
    """Trains the usual program once; the rest of the budget stays unspent.

    Where nothing in the faulty program is unusual, that program itself is trained: the run then
    has a value, and its patch is empty.
    """

    name: ClassVar[str] = "usual"
    anytime: ClassVar[bool] = True

    def optimiser(self, task: RepairTask, clock: ClockFace, seed: int) -> UsualOptimiser:
        return UsualOptimiser(task)
