"""The view of a fault that a technique receives."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from harness.engine import Replay
from harness.records.cell import Cell
from harness.records.outcome import Trial
from harness.space.derivation import derive
from harness.subjects.fault import Fault
from harness.techniques.contract import RepairTask, TaskProgram


def repair_task(fault: Fault, cell: Cell, training_time: float) -> RepairTask:
    """All that a technique learns of a cell; the engine hands out copies of it."""
    return RepairTask(
        faulty=fault.faulty,
        space=derive(fault.faulty, fault.subject.context, cell.space),
        metric=fault.subject.measure,
        training_time=training_time,
        program=_program(fault, cell),
    )


def _program(fault: Fault, cell: Cell) -> TaskProgram:
    subject, seed, data, fraction = fault.subject, fault.data_seed, cell.data, cell.fraction

    def search_data() -> tuple[Any, Any, Any, Any]:
        arrays = subject.data(seed, data, fraction, fault.faulty)
        parts = (arrays.x_train, arrays.y_train, arrays.x_search, arrays.y_search)
        return copy.deepcopy(parts)

    return TaskProgram(
        framework=subject.framework, labels=subject.labels, build=subject.build, data=search_data
    )


def replays(trials: Sequence[Trial]) -> list[Replay]:
    """Recorded trials, for a trainer that must not repeat them."""
    return [Replay(t.proposal, t.configuration or {}, t.outcome) for t in trials]
