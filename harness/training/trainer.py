"""Trains configurations one after another in one process, and keeps what they share.

Data, compiled programs and the state of unfinished trainings live as long as the process. What is
kept changes no result: a training depends on its request alone, on one machine.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness.records.outcome import Outcome
from harness.space.operators import operator_of
from harness.subjects.fault import Fault
from harness.subjects.registry import load_registry
from harness.subjects.subject import Data, Subject
from harness.training.watched.history import History
from harness.training.judge import measure
from harness.training.look import look
from harness.training.watched.network import Network, WatchedLoop, network_of
from harness.training.programs import Framework, Trainable, framework
from harness.training.watched.replay import Material, Replayer
from harness.training.steps import Pace, each, epoch_order, taken
from harness.training.watched.watch import Validation
from harness.training.work import samples_seen, steps_to_see
from harness.vocabulary import Cause, Configuration, TrialStatus

PROGRAMS_KEPT = 4
"""Compiled programs kept for reuse; each costs some megabytes."""

_NOT_COMPILED = ("learning_rate", "epochs")
"""Hyperparameters that a compiled program takes at run time, besides the initialisers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be trained. Plain data."""

    folders: tuple[Path, ...]
    """Where the registry reads its faults."""
    subject: str
    data_seed: int
    data: str
    """Data variant."""
    fraction: float
    """Share of the training data, in (0, 1]."""
    configuration: Configuration
    seed: int
    run: str = ""
    """Names the run within which ``proposal`` counts."""
    proposal: int = 0
    reached: float = 0.0
    """Fidelity that this proposal has had already; the training goes on from there."""
    fidelity: float = 1.0
    limit: float = float("inf")
    """Seconds after which the training is cut."""
    work_limit: float = float("inf")
    """Multiply-accumulates after which it is cut, with the step that reaches them."""
    history: History | None = None
    """Asks for a watched training that goes on from others; ``seed`` is then the run's."""
    look: bool = False
    """Asks what a localiser says of the program before it trains."""

    @staticmethod
    def of(
        fault: Fault,
        configuration: Configuration,
        *,
        seed: int,
        data: str = "default",
        fraction: float = 1.0,
        folders: tuple[Path, ...] = (),
    ) -> Request:
        return Request(
            folders=folders,
            subject=fault.subject.name,
            data_seed=fault.data_seed,
            data=data,
            fraction=fraction,
            configuration=configuration,
            seed=seed,
        )


class _CannotTrain(Exception):
    def __init__(self, cause: Cause, error: Exception) -> None:
        super().__init__(f"{type(error).__name__}: {_first_line(error)}")
        self.cause = cause


@dataclass
class _State:
    """An unfinished training."""

    steps: int
    program: Any
    """What the program's ``state`` returned."""


class Trainer:
    """Not thread-safe: one training at a time."""

    def __init__(self) -> None:
        self._framework: Framework
        self._data: dict[tuple[Any, ...], Data] = {}
        self._programs: OrderedDict[tuple[Any, ...], Trainable] = OrderedDict()
        self._unfinished: dict[tuple[str, int], _State] = {}
        self._replayer = Replayer()

    def train(self, request: Request) -> Outcome:
        """Train, judge, and say how it went; a bad program is an outcome, not an exception."""
        began = time.perf_counter()
        registry = load_registry(request.folders or None)
        subject = registry.subject(request.subject)
        data = self._load(subject, request)
        loaded = time.perf_counter()

        def outcome(status: TrialStatus, seconds: float = 0.0, **more: Any) -> Outcome:
            return Outcome(
                status=status,
                seconds=seconds,
                data_seconds=loaded - began,
                total_seconds=time.perf_counter() - began,
                **more,
            )

        run: Callable[[Callable[..., Outcome], dict[str, Any]], Outcome]
        try:
            if request.history is None:
                program = self._program(subject, request, data)
                run = partial(self._run, program, subject, request, data)
            else:
                run = self._open(request.history, subject, request, data)
        except _CannotTrain as error:
            return outcome(TrialStatus.INVALID, cause=error.cause, message=str(error))
        built = time.perf_counter()
        more: dict[str, Any] = {"build_seconds": built - loaded}
        looked = look(subject, request.configuration, data) if request.look else None
        if looked is not None:
            more["build_seconds"] += looked.build_seconds
            more["seen"] = looked.plain()
        try:
            done = run(outcome, more)
            return done if looked is None else replace(done, seconds=done.seconds + looked.seconds)
        except Exception as error:
            cause = Cause.MEMORY if _is_memory(error) else Cause.PROGRAM
            self._programs.clear()
            message = f"{type(error).__name__}: {_first_line(error)}"
            seconds = time.perf_counter() - built
            return outcome(TrialStatus.CRASHED, seconds, cause=cause, message=message, **more)

    def _run(
        self,
        program: Trainable,
        subject: Subject,
        request: Request,
        data: Data,
        outcome: Callable[..., Outcome],
        more: dict[str, Any],
    ) -> Outcome:
        configuration, samples = request.configuration, len(data.y_train)
        per_epoch = -(-samples // int(configuration["batch_size"]))
        total = per_epoch * int(configuration["epochs"])
        target = max(1, round(request.fidelity * total))
        done = self._resume(program, request, per_epoch, round(request.reached * total))
        size = int(configuration["batch_size"])
        seen = samples_seen(done, samples, size)
        affordable = steps_to_see(seen + request.work_limit / program.macs, samples, size)

        began = time.perf_counter()
        steps, losses, diverged = _steps(
            program,
            request,
            per_epoch,
            samples,
            done,
            int(min(target, affordable)),
            began + request.limit,
        )
        reached = done + steps
        work = float((samples_seen(reached, samples, size) - seen) * program.macs)
        more |= {"steps": steps, "work": work, "losses": losses}
        more["fidelity"] = max(reached, 1) / total
        if diverged:
            seconds = time.perf_counter() - began
            return outcome(
                TrialStatus.DIVERGED, seconds, cause=Cause.NON_FINITE, message=diverged, **more
            )
        if reached == 0:
            return outcome(TrialStatus.CUT, time.perf_counter() - began, **more)
        judged = _judged(program, subject, data, began, outcome, more)
        if judged.judged and reached == target and request.fidelity < 1:
            state = _State(reached, program.state())
            self._unfinished[request.run, request.proposal] = state
        return judged if reached == target else _cut(judged)

    def _open(
        self, history: History, subject: Subject, request: Request, data: Data
    ) -> Callable[[Callable[..., Outcome], dict[str, Any]], Outcome]:
        """Make a history ready; what is returned trains and judges it."""
        framework = self._framework

        def build(seed: int) -> Network:
            framework.seed(seed)
            return network_of(subject.build(history.start))

        material = Material(
            build=build,
            loss=lambda name: framework.loss(name, subject.losses),
            x=data.x_train,
            y=data.y_train,
            validation=Validation(data.x_search, data.y_search),
        )
        with _cannot(Cause.PROGRAM):
            opened = self._replayer.open(material, history, run=request.run, seed=request.seed)

        def run(outcome: Callable[..., Outcome], more: dict[str, Any]) -> Outcome:
            began = time.perf_counter()
            training, samples = history.links[-1].training, len(data.y_train)
            size, macs = training.batch_size, opened.loop.macs
            watched = self._replayer.train(
                material,
                opened,
                run=request.run,
                limit=request.limit,
                most=steps_to_see(request.work_limit / macs, samples, size),
            )
            total = -(-samples // size) * training.epochs
            looked = len(watched.seen.checks) * min(size, samples)
            more |= {
                "steps": watched.steps,
                "work": float((samples_seen(watched.steps, samples, size) + looked) * macs),
                "losses": watched.losses,
                "fidelity": 1.0 if watched.ended else max(watched.steps, 1) / total,
                "seen": watched.seen.plain(),
            }
            if watched.steps == 0:
                return outcome(TrialStatus.CUT, time.perf_counter() - began, **more)
            judged = _judged(opened.loop, subject, data, began, outcome, more)
            return judged if watched.ended else _cut(judged)

        return run

    def _load(self, subject: Subject, request: Request) -> Data:
        """The data of a request, its training part as tensors of the backend."""
        seed = request.seed if subject.fresh_data else request.data_seed
        values = [request.configuration[name] for name in subject.data_settings]
        key = (subject.path, subject.content, seed, request.data, request.fraction, *values)
        if key not in self._data:
            # A worker stays with one fault for a while; its data may be large.
            self._data.clear()
            self._programs.clear()
            self._framework = framework(subject.framework)
            data = subject.data(seed, request.data, request.fraction, request.configuration)
            tensor = self._framework.tensor
            x, y = each(tensor, data.x_train), tensor(data.y_train)
            self._data[key] = replace(data, x_train=x, y_train=y)
        return self._data[key]

    def _program(self, subject: Subject, request: Request, data: Data) -> Trainable:
        """The compiled program of a configuration, with fresh weights and optimiser."""
        self._framework.seed(request.seed)
        with _cannot(Cause.SHAPE):
            fresh = subject.build(request.configuration)
        key = (subject.path, subject.content, *_structure(request.configuration))
        if key in self._programs:
            self._programs.move_to_end(key)
            program = self._programs[key]
        else:
            program = self._compile(subject, request.configuration, fresh, data)
            self._programs[key] = program
            if len(self._programs) > PROGRAMS_KEPT:
                self._programs.popitem(last=False)
        program.start(fresh, float(request.configuration["learning_rate"]), request.seed)
        return program

    def _compile(
        self, subject: Subject, configuration: Configuration, model: Any, data: Data
    ) -> Trainable:
        x, y = data.x_train, data.y_train
        with _cannot(Cause.LABELS):
            loss = self._framework.loss(str(configuration["loss"]), subject.losses)
            loss(y[:2], self._framework.outputs(model, taken(x, slice(2))))
        with _cannot(Cause.PROGRAM):
            size = int(configuration["batch_size"])
            optimiser = str(configuration["optimiser"])
            return self._framework.program(model, loss, optimiser, x, y, size)

    def _resume(self, program: Trainable, request: Request, per_epoch: int, steps: int) -> int:
        """Bring the program to where this proposal stopped; return the steps that it has had.

        If the state is gone (the process is a new one), the steps are trained again, uncharged.
        """
        for key in [k for k in self._unfinished if k[0] != request.run]:
            del self._unfinished[key]
        if not steps:
            return 0
        state = self._unfinished.pop((request.run, request.proposal), None)
        if state is not None and state.steps == steps:
            program.restore(state.program)
            return steps
        samples = len(next(iter(self._data.values())).y_train)
        _steps(program, request, per_epoch, samples, 0, steps, float("inf"))
        return steps


def _steps(
    program: Trainable,
    request: Request,
    per_epoch: int,
    samples: int,
    done: int,
    target: int,
    deadline: float,
) -> tuple[int, tuple[float, ...], str]:
    """Train from step ``done`` to ``target``, or to the deadline.

    Returns:
        Steps trained, mean loss of each epoch touched, and why it diverged ('' if it did not).
    """
    at, means, pace = done, [], Pace(program, deadline)
    while at < target:
        epoch, first = divmod(at, per_epoch)
        end = min(per_epoch, first + target - at)
        losses = pace.run(epoch_order(request.seed, epoch, samples), first, end)
        if losses:
            epoch_losses = np.concatenate(losses).astype(np.float64)
            at += len(epoch_losses)
            means.append(float(f"{epoch_losses.mean():.6g}"))
            if not np.isfinite(epoch_losses).all():
                finite = tuple(m for m in means if np.isfinite(m))
                return at - done, finite, f"loss not finite in epoch {epoch + 1}"
        if sum(map(len, losses)) < end - first:
            break
    return at - done, tuple(means), ""


def _judged(
    trained: Trainable | WatchedLoop,
    subject: Subject,
    data: Data,
    began: float,
    outcome: Callable[..., Outcome],
    more: dict[str, Any],
) -> Outcome:
    """Judge a trained program: completed, or diverged where anything is not finite.

    Args:
        began: When its training did.
    """
    judging = time.perf_counter()
    search = measure(subject.metric, data.y_search, trained.predict(data.x_search))
    holdout = measure(subject.metric, data.y_holdout, trained.predict(data.x_holdout))
    finite, ended = trained.finite(), time.perf_counter()
    more["evaluate_seconds"] = ended - judging
    seconds = ended - began
    if search is None or holdout is None or not finite:
        message = "weights, predictions or metric are not finite"
        return outcome(
            TrialStatus.DIVERGED, seconds, cause=Cause.NON_FINITE, message=message, **more
        )
    return outcome(TrialStatus.COMPLETED, seconds, search=search, holdout=holdout, **more)


def _cut(outcome: Outcome) -> Outcome:
    """The same, had it been cut short; a training that diverged stays one."""
    return replace(outcome, status=TrialStatus.CUT) if outcome.judged else outcome


def _structure(configuration: Configuration) -> tuple[tuple[str, object], ...]:
    """What a compiled program depends on: all but rate, epochs and initial weights."""
    return tuple(
        (name, value)
        for name, value in sorted(configuration.items())
        if name not in _NOT_COMPILED
        and not ((row := operator_of(name)) is not None and row.name == "initialiser")
    )


@contextmanager
def _cannot(cause: Cause) -> Iterator[None]:
    """Whatever is raised inside is a program that cannot train."""
    try:
        yield
    except Exception as error:
        text = _words(error).lower()
        words = ("initializer", "initialiser", "at least 2", "two-dimensional")
        if any(word in text for word in words):
            cause = Cause.INITIALISER
        elif _is_memory(error):
            cause = Cause.MEMORY
        raise _CannotTrain(cause, error) from error


def _is_memory(error: Exception) -> bool:
    text = f"{type(error).__name__} {_words(error)}".lower()
    return "memoryerror" in text or "resource_exhausted" in text or "out of memory" in text


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in _words(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else ""


def _words(error: Exception) -> str:
    """What an error says; '' if it fails even at that, as a program's own may."""
    try:
        return str(error)
    except Exception:
        return ""
