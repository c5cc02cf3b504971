"""One technique that keeps all promises, and some that each break one."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from harness.records.clocks import Clock, exhausted, remaining
from harness.records.outcome import Outcome, Trial
from harness.techniques.contract import Optimiser, Proposal, RepairTask, Train
from harness.vocabulary import Configuration


@dataclass(frozen=True)
class OneChange:
    """Changes one hyperparameter of the faulty program at a time, as in the README."""

    def repair(self, task: RepairTask, train: Train, clock: Clock, seed: int) -> Iterator[Trial]:
        rng = np.random.default_rng(seed)
        names = list(task.space.domains)
        for number in count():
            if exhausted(clock):
                return
            name = names[rng.integers(len(names))]
            configuration = {**task.faulty, name: task.space.domains[name].sample(rng)}
            outcome = train(configuration, proposal=number, fidelity=1.0, limit=remaining(clock))
            yield Trial(proposal=number, configuration=configuration, outcome=outcome)


@dataclass(frozen=True)
class TrainsOn:
    """Trains once more when the clock is spent, and hides that training."""

    def repair(self, task: RepairTask, train: Train, clock: Clock, seed: int) -> Iterator[Trial]:
        yield from OneChange().repair(task, train, clock, seed)
        train(task.faulty, proposal=99, fidelity=1.0, limit=1.0)


@dataclass(frozen=True)
class IgnoresTheLimit:
    """Lets its last training run to the end."""

    def repair(self, task: RepairTask, train: Train, clock: Clock, seed: int) -> Iterator[Trial]:
        def unlimited(configuration: Configuration, **asked: Any) -> Outcome:
            return train(configuration, **{**asked, "limit": math.inf})

        yield from OneChange().repair(task, unlimited, clock, seed)  # type: ignore[arg-type]


@dataclass(frozen=True)
class HidesFailures:
    """Yields only trials that were judged."""

    def repair(self, task: RepairTask, train: Train, clock: Clock, seed: int) -> Iterator[Trial]:
        for trial in OneChange().repair(task, train, clock, seed):
            if trial.outcome.judged:
                yield trial


@dataclass(frozen=True)
class MovesTheClock:
    """Charges the clock itself."""

    def repair(self, task: RepairTask, train: Train, clock: Clock, seed: int) -> Iterator[Trial]:
        for trial in OneChange().repair(task, train, clock, seed):
            yield trial
            clock.charge(trial.outcome)


@dataclass(frozen=True)
class Stays:
    """Goes on when its consumer leaves."""

    def repair(self, task: RepairTask, train: Train, clock: Clock, seed: int) -> Iterator[Trial]:
        for trial in OneChange().repair(task, train, clock, seed):
            try:
                yield trial
            except GeneratorExit:
                yield trial


@dataclass
class Thawed:
    """Its settings can be changed."""

    def repair(self, task: RepairTask, train: Train, clock: Clock, seed: int) -> Iterator[Trial]:
        return OneChange().repair(task, train, clock, seed)


class Drawn(Optimiser):
    """Proposes what a function returns."""

    def __init__(self, draw: Callable[[], Configuration]) -> None:
        self._draw, self._asked = draw, 0

    def ask(self) -> Proposal:
        self._asked += 1
        return Proposal(proposal=self._asked - 1, configuration=self._draw())

    def tell(self, proposal: Proposal, outcome: Outcome) -> None: ...

    def health(self) -> Mapping[str, int | float | str]:
        return {"proposals": self._asked}


@dataclass(frozen=True)
class Keeps:
    """Keeps all promises of ask and tell."""

    def optimiser(self, task: RepairTask, clock: Clock, seed: int) -> Optimiser:
        rng = np.random.default_rng(seed)
        return Drawn(lambda: task.space.sample(rng))


@dataclass(frozen=True)
class IgnoresTheSeed:
    def optimiser(self, task: RepairTask, clock: Clock, seed: int) -> Optimiser:
        return Keeps().optimiser(task, clock, 0)


@dataclass(frozen=True)
class DrawsGlobally:
    """Its randomness is that of the process."""

    def optimiser(self, task: RepairTask, clock: Clock, seed: int) -> Optimiser:
        return Drawn(lambda: {**task.faulty, "learning_rate": random.uniform(0.001, 0.1)})


@dataclass(frozen=True)
class SeedsGlobally:
    """Seeds the process, whose other parts then draw differently."""

    def optimiser(self, task: RepairTask, clock: Clock, seed: int) -> Optimiser:
        np.random.seed(seed)
        return Keeps().optimiser(task, clock, seed)


@dataclass(frozen=True)
class DependsOnHashes:
    """The order of a set of strings decides, which is another one in each process."""

    def optimiser(self, task: RepairTask, clock: Clock, seed: int) -> Optimiser:
        rng = np.random.default_rng([seed, hash("a process's own secret") % 2**32])
        return Drawn(lambda: task.space.sample(rng))


@dataclass(frozen=True)
class ChangesTheTask:
    """Repairs the faulty configuration in place."""

    def optimiser(self, task: RepairTask, clock: Clock, seed: int) -> Optimiser:
        task.faulty["epochs"] = 1  # type: ignore[index]
        return Keeps().optimiser(task, clock, seed)


@dataclass(frozen=True)
class ProposesArrays:
    """Its values are NumPy's."""

    def optimiser(self, task: RepairTask, clock: Clock, seed: int) -> Optimiser:
        rng = np.random.default_rng(seed)

        def draw() -> Configuration:
            found = dict(task.space.sample(rng))
            return {**found, "learning_rate": np.float64(found["learning_rate"])}

        return Drawn(draw)


@dataclass(frozen=True)
class DropsAValue:
    """Its configurations lack the epochs."""

    def optimiser(self, task: RepairTask, clock: Clock, seed: int) -> Optimiser:
        rng = np.random.default_rng(seed)

        def draw() -> Configuration:
            return {n: v for n, v in task.space.sample(rng).items() if n != "epochs"}

        return Drawn(draw)


@dataclass(frozen=True)
class ExpectsValues:
    """Its ``tell`` cannot cope with failures."""

    def optimiser(self, task: RepairTask, clock: Clock, seed: int) -> Optimiser:
        class Expects(Drawn):
            def tell(self, proposal: Proposal, outcome: Outcome) -> None:
                assert outcome.search is not None

        rng = np.random.default_rng(seed)
        return Expects(lambda: task.space.sample(rng))
