"""Starts a technique on a fault: the one place where a technique meets its loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.engine.gate import Gate, RunOver
from harness.engine.referee import (
    Enter,
    GuardedOptimiser,
    OwnTrainings,
    Referee,
    made_optimiser,
    own_copy,
)
from harness.records.clocks import Clock, ReadOnlyClock
from harness.records.outcome import Trial
from harness.techniques.contract import (
    AskAndTell,
    Finish,
    NotApplicable,
    Optimiser,
    OwnLoop,
    RepairTask,
    Technique,
    WorkerTrain,
)
from harness.vocabulary import CellStatus, message_of

Search = Callable[[Optimiser, WorkerTrain, Clock], Iterator[Trial | Finish]]
"""A loop for optimisers; waits after each trial until the next one is asked for."""

_END = object()


def repair(
    technique: Technique,
    task: RepairTask,
    train: WorkerTrain,
    clock: Clock,
    seed: int,
    *,
    enter: Enter,
    name: str = "",
    search: Search | None = None,
) -> Finish:
    """Make one run: each training is checked, charged and recorded as it ends.

    An ask-and-tell technique is driven on Ray Tune, one with a loop of its own drives itself.
    Either gets copies of ``task``, a clock that can only be read, and outcomes without holdout
    values. Once the budget is spent, or ``FREE_TRIALS`` trials in a row were invalid or cost
    nothing, no further training starts.

    Args:
        technique: What is run.
        task: Stays as it is.
        train: Trains; never shown to the technique.
        clock: Charged by ``enter`` alone.
        seed: Of the run.
        enter: Called with each trial: records it and charges ``clock``. What it raises ends the
            run.
        name: Of the technique, for messages; by default that of its class.
        search: Drives an optimiser; Ray Tune by default.

    Returns:
        The closing word.

    Raises:
        TechniqueError: If the technique raises or breaks its contract, with its own line. Trainings
            before that are recorded.
        HarnessError: If a training finds bad input.
    """
    gate = Gate(name or type(technique).__name__, task)
    referee = Referee(gate, clock, enter)
    given = own_copy(task), ReadOnlyClock(clock)
    if isinstance(technique, OwnLoop):
        return _own_loop(technique, given, seed, gate, referee, train)
    return _asked(technique, given, seed, gate, referee, train, search or _on_tune, clock)


def _own_loop(
    technique: OwnLoop,
    given: tuple[RepairTask, ReadOnlyClock],
    seed: int,
    gate: Gate,
    referee: Referee,
    train: WorkerTrain,
) -> Finish:
    task, clock = given
    trainings = OwnTrainings(referee, gate, train)
    word, items = Finish({}), None
    try:
        with gate.blaming("repair", RunOver):
            items = iter(technique.repair(task, trainings.function(), clock, seed))
        while True:
            with gate.blaming("repair", RunOver):
                item = next(items, _END)
            if item is _END:
                break
            if isinstance(item, Finish):
                word = item
                break
            trainings.yielded(item)
    except RunOver:
        pass
    finally:
        with gate.blaming("repair", RunOver):
            if close := getattr(items, "close", None):
                close()
        trainings.close()
    return referee.finish(gate.finish(word))


def _asked(
    technique: AskAndTell,
    given: tuple[RepairTask, ReadOnlyClock],
    seed: int,
    gate: Gate,
    referee: Referee,
    train: WorkerTrain,
    search: Search,
    clock: Clock,
) -> Finish:
    try:
        made = made_optimiser(technique, (*given, seed), gate)
    except NotApplicable as reason:
        return Finish({"reason": message_of(reason)}, CellStatus.NOT_APPLICABLE)
    word = Finish({})
    for item in search(GuardedOptimiser(made, referee, gate), train, clock):
        if isinstance(item, Finish):
            word = item
        else:
            referee.enter(item)
    return word


def _on_tune(optimiser: Optimiser, train: WorkerTrain, clock: Clock) -> Iterator[Trial | Finish]:
    from harness.engine.search import search  # imports Ray Tune: only what searches pays for it

    yield from search(optimiser, train, clock)
