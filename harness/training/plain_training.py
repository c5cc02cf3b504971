"""Plain trainings: a configuration trained for a share of its steps, in one go or in several."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from harness.records.outcome import Mark
from harness.space.operators import operator_of
from harness.subjects.arrays import Data
from harness.subjects.subject import Subject
from harness.training.failures import cannot_train
from harness.training.pace import Pace
from harness.training.prepared import Judge, PreparedTraining, Progress
from harness.training.programs import Framework, Trainable
from harness.training.recent import Recent
from harness.training.reference import Price
from harness.training.request import Request
from harness.training.samples import leading
from harness.training.seeds import epoch_order
from harness.training.work import samples_seen, steps_to_see
from harness.vocabulary import Cause, Configuration, Value

PROGRAMS_KEPT = 4
"""Compiled programs kept for reuse; each costs some megabytes."""

_NOT_COMPILED = ("learning_rate", "epochs")
"""Hyperparameters that a compiled program takes at run time, besides the initialisers."""


class CompiledPrograms(Recent[tuple[Any, ...], Trainable]):
    """Compiled programs by structure: those that differ in run-time values only share one."""

    def __init__(self) -> None:
        super().__init__(PROGRAMS_KEPT)

    def started(
        self, framework: Framework, subject: Subject, data: Data, request: Request
    ) -> Trainable:
        """The program of a configuration, with fresh weights and a fresh optimiser.

        Raises:
            CannotTrain: If the framework refuses the program.
        """
        configuration, seed = request.configuration, request.seed
        framework.seed(seed)
        noted = Noted(configuration)
        with cannot_train(Cause.SHAPE):
            fresh = subject.build(noted)
        key = (subject.path, subject.content, *_structure(configuration, noted.read))
        program = self.recall(key)
        if program is None or not program.fits(fresh):
            program = _compiled(framework, subject, data, configuration, fresh)
            if program.reusable:
                self.keep(key, program)
        program.start(fresh, float(configuration["learning_rate"]), seed)
        return program


def _compiled(
    framework: Framework, subject: Subject, data: Data, configuration: Configuration, model: Any
) -> Trainable:
    x, y = data.x_train, data.y_train
    with cannot_train(Cause.LABELS):
        loss = framework.loss(str(configuration["loss"]), subject.losses)
        loss(leading(y, 2), framework.outputs(model, leading(x, 2)))
    with cannot_train(Cause.PROGRAM):
        size = int(configuration["batch_size"])
        optimiser = str(configuration["optimiser"])
        return framework.program(model, loss, optimiser, x, y, size)


class Noted(dict[str, Value]):
    """A configuration that notes which of its values were read, also from its shallow copies."""

    def __init__(self, configuration: Configuration, read: set[str] | None = None) -> None:
        super().__init__(configuration)
        self.read: set[str] = set() if read is None else read

    def __copy__(self) -> Noted:
        values = zip(dict.keys(self), dict.values(self), strict=True)  # this is no reading
        return Noted(dict(values), self.read)

    def __getitem__(self, name: str) -> Value:
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        self.read.add(name)
        return super().pop(name, *default)

    def __iter__(self) -> Iterator[str]:  # with it, {**c} and dict(c) read value by value
        return super().__iter__()

    def values(self) -> Any:
        self.read.update(self)
        return super().values()

    def items(self) -> Any:
        self.read.update(self)
        return super().items()

    def copy(self) -> dict[str, Value]:
        return {**self}


def _structure(configuration: Configuration, read: Set[str]) -> tuple[tuple[str, object], ...]:
    """Values on which a compiled program depends: all but rate, epochs and initial weights.

    Args:
        read: Values that the program's code has read. What it makes of a rate is its own matter.
    """
    return tuple(
        (name, value)
        for name, value in sorted(configuration.items())
        if (name in read or name not in _NOT_COMPILED)
        and not ((row := operator_of(name)) is not None and row.name == "initialiser")
    )


@dataclass(frozen=True, slots=True)
class _State:
    """The state of a program whose training may continue."""

    steps: int
    program: Any
    """The result of the program's ``state``."""


class UnfinishedTrainings:
    """States of proposals that may be trained further, all of one run."""

    def __init__(self) -> None:
        self._states: dict[tuple[str, int], _State] = {}

    def forget_others(self, run: str) -> None:
        """Drop the states of all other runs."""
        self._states = {key: state for key, state in self._states.items() if key[0] == run}

    def keep(self, run: str, proposal: int, steps: int, program: Trainable) -> None:
        """Keep the state of a program after ``steps`` steps."""
        self._states[run, proposal] = _State(steps, program.state())

    def restore(self, run: str, proposal: int, steps: int, program: Trainable) -> bool:
        """Return a program to its state after ``steps`` steps, if that is kept; say whether."""
        state = self._states.pop((run, proposal), None)
        if state is None or state.steps != steps:
            return False
        program.restore(state.program)
        return True


@dataclass(frozen=True, slots=True)
class _Trained:
    """What some steps came to."""

    steps: int
    losses: tuple[float, ...]
    """Mean loss of each epoch touched."""
    diverged: str
    """Why they diverged; '' if they did not."""


@dataclass(slots=True)
class _MarkEntry:
    """A step at which a mark is made, and the mark, once it is made."""

    step: int
    make: Callable[[], Mark] | None = None
    made: list[Mark] = field(default_factory=list)
    seconds: float = 0.0

    def reach(self) -> None:
        if self.make is not None and not self.made:
            began = perf_counter()
            self.made.append(self.make())
            self.seconds = perf_counter() - began


class PlainTraining(PreparedTraining):
    """A compiled program that is to be trained from one step of its configuration to another."""

    def __init__(
        self,
        program: Trainable,
        request: Request,
        price: Price,
        unfinished: UnfinishedTrainings,
    ) -> None:
        self.price, samples = price, price.samples
        self._program, self._request, self._unfinished = program, request, unfinished
        self._samples, self._size = samples, int(request.configuration["batch_size"])
        self._per_epoch = -(-samples // self._size)
        self._total = self.whole = self._per_epoch * int(request.configuration["epochs"])
        self._done = round(request.reached * self._total)
        self._target = max(1, round(request.fidelity * self._total))

    def resume(self) -> None:
        """Restore the state after the steps that this proposal has had.

        If the state is gone (the process is a new one), the steps are trained again, uncharged.
        """
        request, done = self._request, self._done
        self._unfinished.forget_others(request.run)
        if done and not self._unfinished.restore(
            request.run, request.proposal, done, self._program
        ):
            self._steps(0, done, math.inf)

    def train(self, judged: Judge) -> Progress:
        limits = self._request
        target = self._affordable(limits.work_limit, limits.reference_limit)
        deadline = perf_counter() + limits.limit
        marks = self._marks(target, judged)
        trained = self._steps(self._done, target, deadline, marks)
        reached = self._done + trained.steps
        return Progress(
            begun=reached > 0,
            ended=reached == self._target,
            steps=trained.steps,
            work=self._work(reached),
            reference=self._reference(reached),
            losses=trained.losses,
            fidelity=self._fidelity(reached),
            diverged=trained.diverged,
            marks=tuple(mark for entry in marks for mark in entry.made),
            marking_seconds=sum(entry.seconds for entry in marks),
        )

    def _affordable(self, work: float = math.inf, reference: float = math.inf) -> int:
        """The step at which so much has been added to what was done, or the target before it."""
        seen = self._seen(self._done)
        by_work = steps_to_see(seen + work / self._program.macs, self._samples, self._size)
        by_price = self.price.steps_within(reference, self._done)
        return int(min(self._target, by_work, by_price))

    def _work(self, reached: int) -> float:
        return float((self._seen(reached) - self._seen(self._done)) * self._program.macs)

    def _reference(self, reached: int) -> float:
        return self.price.training(reached, self._done)

    def _fidelity(self, reached: int) -> float:
        return max(reached, 1) / self._total

    def _marks(self, target: int, judged: Judge) -> list[_MarkEntry]:
        """Where smaller budgets would have ended. One that pays for the whole needs no judging."""
        counts_work = math.isfinite(self._request.work_limit)
        entries = []
        for budget, charge in self._request.marks:
            limit = {"work": charge} if counts_work else {"reference": charge}
            step = self._affordable(**limit)
            if self._done < step < target:
                make = partial(self._mark, budget, charge, step, judged)
                entries.append(_MarkEntry(step, make=make))
            elif step == self._target and not counts_work:
                mark = Mark(budget=budget, ended=True, left=charge)
                entries.append(_MarkEntry(step, made=[mark]))
        return entries

    def _mark(self, budget: float, charge: float, step: int, judged: Judge) -> Mark:
        search, holdout = judged() or (None, None)
        return Mark(
            budget=budget,
            ended=False,
            left=charge,
            steps=step - self._done,
            fidelity=self._fidelity(step),
            work=self._work(step),
            reference_seconds=self._reference(step),
            search=search,
            holdout=holdout,
        )

    def predict(self, x: Any) -> np.ndarray:
        return self._program.predict(x)

    def finite(self) -> bool:
        return self._program.finite()

    def keep(self) -> None:
        """Keep the state, unless the configuration has had all of its steps."""
        request = self._request
        if request.fidelity < 1:
            self._unfinished.keep(request.run, request.proposal, self._target, self._program)

    def _seen(self, steps: int) -> int:
        return samples_seen(steps, self._samples, self._size)

    def _steps(
        self, done: int, target: int, deadline: float, marks: Sequence[_MarkEntry] = ()
    ) -> _Trained:
        """Train from step ``done`` to ``target``, or to the deadline; make marks on the way."""
        at, means, pace = done, list[float](), Pace(self._program, deadline)
        while at < target:
            epoch, first = divmod(at, self._per_epoch)
            end = min(self._per_epoch, first + target - at)
            order = epoch_order(self._request.seed, epoch, self._samples)
            stops = {m.step - at + first for m in marks if at < m.step < at + end - first}
            losses, reached = list[np.ndarray](), first
            for stop in (*sorted(stops), end):
                losses += pace.run(order, reached, stop)
                reached = first + sum(map(len, losses))
                if reached < stop or not all(np.isfinite(part).all() for part in losses):
                    break
                for entry in (m for m in marks if m.step == at + stop - first):
                    entry.reach()
            if losses:
                epoch_losses = np.concatenate(losses).astype(np.float64)
                at += len(epoch_losses)
                means.append(float(f"{epoch_losses.mean():.6g}"))
                if not np.isfinite(epoch_losses).all():
                    finite = tuple(m for m in means if np.isfinite(m))
                    return _Trained(at - done, finite, f"loss not finite in epoch {epoch + 1}")
            if reached < end:
                break
        return _Trained(at - done, tuple(means), "")
