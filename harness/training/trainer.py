"""Trains configurations one after another in one process, and keeps what they share.

Data, compiled programs and the state of unfinished trainings live as long as the process. What is
kept changes no result: a training depends on its request alone, on one machine.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.operators import operator_of
from harness.registry import Data, Fault, Subject, load_registry
from harness.tables import Outcome
from harness.training.judge import judge
from harness.training.programs import Framework, Program, framework
from harness.training.work import samples_seen, steps_to_see
from harness.vocabulary import Cause, Configuration, TrialStatus

CHECK_EVERY = 0.05
"""Seconds of training between two looks at the clock."""

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
        self._data: OrderedDict[tuple[Any, ...], tuple[Data, Any, Any]] = OrderedDict()
        self._programs: OrderedDict[tuple[Any, ...], Program] = OrderedDict()
        self._unfinished: dict[tuple[str, int], _State] = {}

    def train(self, request: Request) -> Outcome:
        """Train, judge, and say how it went; a bad program is an outcome, not an exception."""
        began = time.perf_counter()
        registry = load_registry(request.folders or None)
        subject = registry.subject(request.subject)
        data, x, y = self._load(subject, request)
        loaded = time.perf_counter()

        def outcome(status: TrialStatus, seconds: float = 0.0, **more: Any) -> Outcome:
            return Outcome(
                status=status,
                seconds=seconds,
                data_seconds=loaded - began,
                total_seconds=time.perf_counter() - began,
                **more,
            )

        try:
            program = self._program(subject, request, x, y)
        except _CannotTrain as error:
            return outcome(TrialStatus.INVALID, cause=error.cause, message=str(error))
        built = time.perf_counter()
        more: dict[str, Any] = {"build_seconds": built - loaded}
        try:
            return self._run(program, subject, request, data, len(x), outcome, more)
        except Exception as error:
            cause = Cause.MEMORY if _is_memory(error) else Cause.PROGRAM
            self._programs.clear()
            message = f"{type(error).__name__}: {_first_line(error)}"
            seconds = time.perf_counter() - built
            return outcome(TrialStatus.CRASHED, seconds, cause=cause, message=message, **more)

    def _run(
        self,
        program: Program,
        subject: Subject,
        request: Request,
        data: Data,
        samples: int,
        outcome: Callable[..., Outcome],
        more: dict[str, Any],
    ) -> Outcome:
        configuration = request.configuration
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

        judging = time.perf_counter()
        search = _judge(program, subject.metric, data.x_search, data.y_search)
        holdout = _judge(program, subject.metric, data.x_holdout, data.y_holdout)
        ended = time.perf_counter()
        more["evaluate_seconds"] = ended - judging
        if search is None or holdout is None or not program.finite():
            return outcome(
                TrialStatus.DIVERGED,
                ended - began,
                cause=Cause.NON_FINITE,
                message="weights, predictions or metric are not finite",
                **more,
            )
        if reached == target and request.fidelity < 1:
            state = _State(reached, program.state())
            self._unfinished[request.run, request.proposal] = state
        status = TrialStatus.COMPLETED if reached == target else TrialStatus.CUT
        return outcome(status, ended - began, search=search, holdout=holdout, **more)

    def _load(self, subject: Subject, request: Request) -> tuple[Data, Any, Any]:
        key = (subject.path, subject.content, request.data_seed, request.data, request.fraction)
        if key not in self._data:
            self._framework = framework(subject.framework)
            tensor = self._framework.tensor
            data = subject.load(request.data_seed, request.data, request.fraction)
            self._data.clear()  # a worker stays with one fault for a while; its data may be large
            self._data[key] = (data, tensor(data.x_train), tensor(data.y_train))
            self._programs.clear()
        return self._data[key]

    def _program(self, subject: Subject, request: Request, x: Any, y: Any) -> Program:
        """The compiled program of a configuration, with fresh weights and optimiser."""
        self._framework.seed(request.seed)
        with _cannot(Cause.SHAPE):
            fresh = subject.build(request.configuration)
        key = (subject.path, subject.content, *_structure(request.configuration))
        if key in self._programs:
            self._programs.move_to_end(key)
            program = self._programs[key]
        else:
            program = self._compile(subject, request.configuration, fresh, x, y)
            self._programs[key] = program
            if len(self._programs) > PROGRAMS_KEPT:
                self._programs.popitem(last=False)
        program.start(fresh, float(request.configuration["learning_rate"]), request.seed)
        return program

    def _compile(
        self, subject: Subject, configuration: Configuration, model: Any, x: Any, y: Any
    ) -> Program:
        with _cannot(Cause.LABELS):
            loss = self._framework.loss(str(configuration["loss"]), subject.losses)
            loss(y[:2], self._framework.outputs(model, x[:2]))
        with _cannot(Cause.PROGRAM):
            size = int(configuration["batch_size"])
            optimiser = str(configuration["optimiser"])
            return self._framework.program(model, loss, optimiser, x, y, size)

    def _resume(self, program: Program, request: Request, per_epoch: int, steps: int) -> int:
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
        samples = len(next(iter(self._data.values()))[1])
        _steps(program, request, per_epoch, samples, 0, steps, float("inf"))
        return steps


def _steps(
    program: Program,
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
    at, chunk, means = done, 1, []
    while at < target:
        epoch, first = divmod(at, per_epoch)
        end = min(per_epoch, first + target - at)
        order = np.random.default_rng([request.seed, epoch]).permutation(samples).astype(np.int32)
        losses: list[np.ndarray] = []
        while first < end:
            began = time.perf_counter()
            if began >= deadline:
                break
            last = min(end, first + chunk)
            losses.append(program.run(order, first, last))
            at, ran, first = at + last - first, last - first, last
            took = time.perf_counter() - began
            wanted = min(CHECK_EVERY, max(deadline - began - took, 0.0))
            chunk = max(1, min(4 * chunk, int(ran * wanted / max(took, 1e-6))))
        if losses:
            epoch_losses = np.concatenate(losses).astype(np.float64)
            means.append(float(f"{epoch_losses.mean():.6g}"))
            if not np.isfinite(epoch_losses).all():
                finite = tuple(m for m in means if np.isfinite(m))
                return at - done, finite, f"loss not finite in epoch {epoch + 1}"
        if first < end:
            break
    return at - done, tuple(means), ""


def _judge(program: Program, metric: str, x: np.ndarray, y: np.ndarray) -> float | None:
    return judge(metric, y, program.predict(x))


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
        text = str(error).lower()
        words = ("initializer", "initialiser", "at least 2", "two-dimensional")
        if any(word in text for word in words):
            cause = Cause.INITIALISER
        elif _is_memory(error):
            cause = Cause.MEMORY
        raise _CannotTrain(cause, error) from error


def _is_memory(error: Exception) -> bool:
    text = f"{type(error).__name__} {error}".lower()
    return "memoryerror" in text or "resource_exhausted" in text or "out of memory" in text


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else ""
