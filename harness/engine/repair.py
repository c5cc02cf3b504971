"""Starts a technique on a fault: the one place where a technique meets its loop."""

from __future__ import annotations

from collections.abc import Iterator

from harness.records.clocks import Clock
from harness.records.outcome import Trial
from harness.techniques.contract import (
    Finish,
    NotApplicable,
    OwnLoop,
    RepairTask,
    Technique,
    Train,
)
from harness.vocabulary import CellStatus


def repair(
    technique: Technique, task: RepairTask, train: Train, clock: Clock, seed: int
) -> Iterator[Trial | Finish]:
    """The trials of one run as they finish, then the closing word.

    An ask-and-tell technique is driven on Ray Tune, one with a loop of its own drives itself. The
    caller charges ``clock`` for each trial before it asks for the next one.
    """
    if isinstance(technique, OwnLoop):
        yield from technique.repair(task, train, clock, seed)
        return
    try:
        optimiser = technique.optimiser(task, clock, seed)
    except NotApplicable as reason:
        yield Finish({"reason": str(reason)}, CellStatus.NOT_APPLICABLE.value)
        return
    from harness.engine.search import search  # imports Ray Tune: only what searches pays for it

    yield from search(optimiser, train, clock)
