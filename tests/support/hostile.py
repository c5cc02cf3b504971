"""Techniques that break their contract, each in one way: what an author forgets, or tries."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness.engine.gate import RunOver
from harness.records.clocks import ClockFace, exhausted, remaining
from harness.records.outcome import Trial
from harness.techniques.contract import Finish, Optimiser, Proposal, RepairTask, Train
from harness.training.watched.history import History, Link, Training

FULL = {"fidelity": 1.0, "limit": 1e18}


def trained(train: Train, configuration: Any, proposal: Any = 0, **asked: Any) -> Trial:
    outcome = train(configuration, proposal=proposal, **{**FULL, **asked})
    return Trial(proposal=proposal, configuration=configuration, outcome=outcome)


def _changed(trial: Trial, **outcome: Any) -> Trial:
    return replace(trial, outcome=replace(trial.outcome, **outcome))


def _twice(task: RepairTask, train: Train) -> Iterator[Any]:
    trial = trained(train, task.faulty)
    yield trial
    yield trial


def _unhashable(task: RepairTask, train: Train) -> Iterator[Any]:
    yield trained(train, {**task.faulty, "units_1": [8]})


def _other_history(task: RepairTask, train: Train) -> Iterator[Any]:
    trial = trained(train, task.faulty)
    link = Link(number=0, training=Training.of(task.faulty))
    history = History(links=(link,), start=task.faulty)
    yield replace(trial, note={"history": history.plain(), "structural": {}})


def _swallows(task: RepairTask, train: Train) -> Iterator[Any]:
    try:
        train({**task.faulty, "units_1": -1}, proposal=0, **FULL)
    except Exception:
        yield trained(train, task.faulty)


def _proposes(**values: Any) -> Callable[[RepairTask, Train], Iterator[Any]]:
    def loop(task: RepairTask, train: Train) -> Iterator[Any]:
        yield trained(train, {**task.faulty, **values})

    return loop


def _asks(**asked: Any) -> Callable[[RepairTask, Train], Iterator[Any]]:
    def loop(task: RepairTask, train: Train) -> Iterator[Any]:
        proposal = asked.pop("proposal", 0)
        yield trained(train, task.faulty, proposal, **asked)

    return loop


def _notes(note: Any) -> Callable[[RepairTask, Train], Iterator[Any]]:
    def loop(task: RepairTask, train: Train) -> Iterator[Any]:
        yield replace(trained(train, task.faulty), note=note)

    return loop


def _raises(error: BaseException) -> Callable[[RepairTask, Train], Iterator[Any]]:
    def loop(task: RepairTask, train: Train) -> Iterator[Any]:
        yield trained(train, task.faulty)
        raise error

    return loop


def _yields(item: Callable[[RepairTask, Trial], Any]) -> Callable[[RepairTask, Train], Any]:
    def loop(task: RepairTask, train: Train) -> Iterator[Any]:
        yield item(task, trained(train, task.faulty))

    return loop


class Silent(Exception):
    def __str__(self) -> str:
        raise ValueError("not even this")


DEEP: dict[str, Any] = {}
_inner = DEEP
for _ in range(5000):
    _inner["deeper"] = {}
    _inner = _inner["deeper"]


class Unshowable:
    def __repr__(self) -> str:
        raise ValueError("not even this")


REFUSED: Mapping[str, tuple[Callable[[RepairTask, Train], Iterator[Any]], str]] = {
    "a made-up score": (
        _yields(lambda task, trial: _changed(trial, search=42.0)),
        "not the outcome of its training",
    ),
    "a made-up charge": (
        _yields(lambda task, trial: _changed(trial, seconds=0.0)),
        "not the outcome of its training",
    ),
    "another configuration": (
        _yields(lambda task, trial: replace(trial, configuration={**task.faulty, "units_1": 9})),
        "not the outcome of its training",
    ),
    "no configuration": (
        _yields(lambda task, trial: replace(trial, configuration=None)),
        "not the outcome of its training",
    ),
    "another proposal": (
        _yields(lambda task, trial: replace(trial, proposal=7)),
        "not the outcome of its training",
    ),
    "one trial twice": (_twice, "not the outcome of its training"),
    "a dictionary": (_yields(lambda task, trial: {"accuracy": 1.0}), "yielded a dict"),
    "nothing": (_yields(lambda task, trial: None), "yielded a NoneType"),
    "no iterator": (lambda task, train: 5, "'int' object is not iterable"),  # type: ignore[dict-item, return-value]
    "a value beyond its range": (_proposes(units_1=10**9), "outside the space"),
    "a negative value": (_proposes(learning_rate=-1.0), "outside the space"),
    "zero": (_proposes(batch_size=0), "outside the space"),
    "an unknown word": (_proposes(optimiser="sdg"), "outside the space"),
    "a number as text": (_proposes(learning_rate="0.1"), "outside the space"),
    "a fraction of a unit": (_proposes(units_1=8.5), "outside the space"),
    "a value that cannot be shown": (_proposes(units_1=Unshowable()), "units_1: an object"),
    "thousands of digits": (_proposes(units_1=10**5000), "outside the space"),
    "a megabyte of text": (_proposes(optimiser="x" * 1_000_000), "outside the space"),
    "NaN": (_proposes(learning_rate=math.nan), "a finite number"),
    "infinity": (_proposes(learning_rate=math.inf), "a finite number"),
    "an array": (_proposes(units_1=np.array([8])), "ndarray"),
    "a list": (_unhashable, "list"),
    "None as a value": (_proposes(units_1=None), "NoneType"),
    "a function as a value": (_proposes(loss=abs), "builtin_function_or_method"),
    "a value too many": (_proposes(dropout_9=0.5), "adds or lacks dropout_9"),
    "a configuration that is a list": (
        lambda task, train: iter([trained(train, [1, 2])]),
        "is a list, no mapping",
    ),
    "fidelity 0": (_asks(fidelity=0.0), "gave 0.0 as fidelity"),
    "fidelity 2": (_asks(fidelity=2.0), "gave 2.0 as fidelity"),
    "fidelity NaN": (_asks(fidelity=math.nan), "gave nan as fidelity"),
    "fidelity as text": (_asks(fidelity="1.0"), "gave '1.0' as fidelity"),
    "limit NaN": (_asks(limit=math.nan), "gave nan as limit"),
    "limit 0": (_asks(limit=0.0), "gave 0.0 as limit"),
    "limit below 0": (_asks(limit=-1.0), "gave -1.0 as limit"),
    "no limit at all": (_asks(limit=None), "gave None as limit"),
    "proposal -1": (_asks(proposal=-1), "gave -1 as proposal"),
    "proposal 1.5": (_asks(proposal=1.5), "gave 1.5 as proposal"),
    "proposal True": (_asks(proposal=True), "gave True as proposal"),
    "proposal as text": (_asks(proposal="0"), "gave '0' as proposal"),
    "a look that is a word": (_asks(look="yes"), "gave 'yes' as look"),
    "a history that is a list": (_asks(history=[1]), "gave a history that is a list"),
    "an argument that train does not know": (_asks(epochs=3), "unexpected keyword argument"),
    "a note that is NaN": (_notes({"a": math.nan}), "a note that cannot be kept"),
    "a note with an object": (_notes({"a": object()}), "a note that cannot be kept"),
    "a note that is too long": (_notes({"a": "x" * 2_000_000}), "a note of 2000009 characters"),
    "a note without end": (_notes(DEEP), "a note that cannot be kept"),
    "a choice that was never trained": (_notes({"choice": 5}), "chose proposal 5"),
    "a history that was not trained": (_other_history, "a history that was not trained"),
    "an error that it swallows": (_swallows, "outside the space"),
    "ValueError": (_raises(ValueError("no idea")), "ValueError: no idea"),
    "KeyError": (_raises(KeyError("x")), "failed in repair: KeyError: 'x'"),
    "sys.exit": (_raises(SystemExit(3)), "failed in repair: SystemExit: 3"),
    "GeneratorExit": (_raises(GeneratorExit()), "failed in repair: GeneratorExit"),
    "an error without words": (_raises(Silent()), "its message cannot be shown"),
    "an unknown closing status": (
        _yields(lambda task, trial: Finish({}, "splendid")),  # type: ignore[arg-type]
        "ended with the status 'splendid'; there are ok, not_applicable, no_symptom",
    ),
    "a status that is for the tables": (
        _yields(lambda task, trial: Finish({}, "timed_out")),  # type: ignore[arg-type]
        "ended with the status 'timed_out'",
    ),
    "a final choice that was never trained": (
        _yields(lambda task, trial: Finish({}, choice=999)),
        "chose proposal 999, which it never trained",
    ),
    "a final choice that is text": (
        _yields(lambda task, trial: Finish({}, choice="0")),  # type: ignore[arg-type]
        "chose proposal '0'",
    ),
    "counters that are arrays": (
        _yields(lambda task, trial: Finish({"n": np.array([1])})),  # type: ignore[dict-item]
        "counters that cannot be kept",
    ),
    "counters that are a list": (
        _yields(lambda task, trial: Finish([1])),  # type: ignore[arg-type]
        "counters that cannot be kept",
    ),
}
"""What a loop of its own does -> the loop, and a part of the message."""


@dataclass(frozen=True)
class Hostile:
    """Does one thing of :data:`REFUSED`."""

    how: str = "ValueError"

    def repair(self, task: RepairTask, train: Train, clock: ClockFace, seed: int) -> Iterator[Any]:
        return REFUSED[self.how][0](task, train)


class Asked(Optimiser):
    """An optimiser of functions."""

    def __init__(
        self,
        ask: Callable[[int], Any],
        tell: Callable[[Proposal, Any], None] = lambda proposal, outcome: None,
        health: Callable[[], Any] = dict,
    ) -> None:
        self._ask, self._tell, self._health, self._number = ask, tell, health, -1

    def ask(self) -> Any:
        self._number += 1
        return self._ask(self._number)

    def tell(self, proposal: Proposal, outcome: Any) -> None:
        self._tell(proposal, outcome)

    def health(self) -> Any:
        return self._health()


@dataclass(frozen=True)
class Asking:
    """An ask-and-tell technique that hands out what ``make`` makes of its task."""

    make: Callable[[RepairTask], Any]

    def optimiser(self, task: RepairTask, clock: ClockFace, seed: int) -> Any:
        return self.make(task)


def _leave(*_: Any) -> Any:
    sys.exit("gone")


def _over(*_: Any) -> Any:
    raise RunOver


def propose(task: RepairTask, number: int, **values: Any) -> Proposal:
    return Proposal(**{"proposal": number, "configuration": dict(task.faulty), **values})


ASKED: Mapping[str, tuple[Callable[[RepairTask], Any], str]] = {
    "no optimiser": (lambda task: 5, "made a int as its optimiser, which lacks ask, tell, health"),
    "the end of a run in ask": (lambda task: Asked(_over), "failed in ask: RunOver"),
    "no proposal": (lambda task: Asked(lambda n: {"x": 1}), "proposed a dict"),
    "sys.exit in ask": (lambda task: Asked(_leave), "failed in ask: SystemExit: gone"),
    "sys.exit in tell": (
        lambda task: Asked(lambda n: propose(task, n), _leave),
        "failed in tell: SystemExit: gone",
    ),
    "sys.exit in health": (
        lambda task: Asked(lambda n: None, health=_leave),
        "failed in finish: SystemExit: gone",
    ),
    "counters of None": (
        lambda task: Asked(lambda n: None, health=lambda: None),
        "are a NoneType, no mapping",
    ),
    "one number for two configurations": (
        lambda task: Asked(
            lambda n: propose(task, 0, configuration={**task.faulty, "batch_size": 16 + n})
        ),
        "gave proposal 0 to two configurations, which differ in batch_size",
    ),
    "fidelity NaN": (
        lambda task: Asked(lambda n: propose(task, n, fidelity=math.nan)),
        "gave nan as fidelity",
    ),
    "a limit below 0": (
        lambda task: Asked(lambda n: propose(task, n, limit=-5)),
        "gave -5 as limit",
    ),
    "a note of bytes": (
        lambda task: Asked(lambda n: propose(task, n, note={"x": b"1"})),
        "a note that cannot be kept",
    ),
}
"""What an ask-and-tell technique does -> what makes its optimiser, and a part of the message."""


@dataclass(frozen=True)
class ChangesAll:
    """Changes whatever it gets, then trains the faulty program once."""

    def repair(self, task: RepairTask, train: Train, clock: ClockFace, seed: int) -> Iterator[Any]:
        original = dict(task.faulty)
        task.faulty["learning_rate"] = 0.5  # type: ignore[index]
        task.space.domains.clear()  # type: ignore[attr-defined]
        task.space.frozen.clear()  # type: ignore[attr-defined]
        for name, value in (("higher_is_better", False), ("worst", 7.0)):
            object.__setattr__(task.metric, name, value)
        configuration = dict(original)
        outcome = train(configuration, proposal=0, **FULL)
        configuration["learning_rate"] = 0.25
        for name, value in (("seconds", 0.0), ("search", 1.0)):
            object.__setattr__(outcome, name, value)
        return iter(())


@dataclass(frozen=True)
class Greedy:
    """Trains as often and as long as it is let, and yields one trial."""

    times: int = 50

    def repair(self, task: RepairTask, train: Train, clock: ClockFace, seed: int) -> Iterator[Any]:
        trials = [trained(train, task.faulty, number) for number in range(self.times)]
        yield trials[-1]


@dataclass(frozen=True)
class Late:
    """Keeps ``train`` in a thread that goes on when its run is over."""

    kept: list[Any]

    def repair(self, task: RepairTask, train: Train, clock: ClockFace, seed: int) -> Iterator[Any]:
        go = threading.Event()

        def later() -> None:
            go.wait(20)
            try:
                train(task.faulty, proposal=1, **FULL)
                self.kept.append("trained")
            except BaseException as error:
                self.kept.append(type(error).__name__)

        thread = threading.Thread(target=later)
        thread.start()
        self.kept.extend([go, thread])
        yield trained(train, task.faulty)


@dataclass(frozen=True)
class Batches:
    """Trains three programs, then yields their trials."""

    def repair(self, task: RepairTask, train: Train, clock: ClockFace, seed: int) -> Iterator[Any]:
        number = 0
        while not exhausted(clock):
            batch = [
                trained(train, task.faulty, number + n, limit=remaining(clock) or 1.0)
                for n in range(3)
            ]
            yield from batch
            number += 3
