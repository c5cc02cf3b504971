"""Trains configurations one after another in one process, and keeps what they share.

Data, compiled programs and the state of unfinished trainings live as long as the process. They save
time and change no result: on one machine, a training depends on its request alone.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from time import perf_counter  # as it is before any program runs

from harness.records.observation import Look, Observation
from harness.records.outcome import Outcome
from harness.subjects.arrays import Data
from harness.subjects.registry import load_registry
from harness.subjects.subject import Subject
from harness.training.anatomy import Anatomy, Part
from harness.training.bill import Bill
from harness.training.failures import CannotTrain, cannot_train
from harness.training.frameworks import framework
from harness.training.look import look
from harness.training.plain_training import CompiledPrograms, PlainTraining, UnfinishedTrainings
from harness.training.prepared import PreparedTraining, Progress, Verdict, run_training
from harness.training.programs import Framework
from harness.training.reference import anatomy_of, price
from harness.training.request import Request
from harness.training.samples import each
from harness.training.watched.replay import Replayer
from harness.training.watched_training import WatchedTraining, material_of
from harness.vocabulary import Cause, Configuration, TrialStatus


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A subject with its data; the training part is on the device that trains."""

    subject: Subject
    framework: Framework
    data: Data


@dataclass(frozen=True, slots=True, kw_only=True)
class _Times:
    """Moments of one request, as ``time.perf_counter`` counts; seconds."""

    began: float
    loaded: float
    building: float
    built: float | None = None
    """None for a program that could not be built."""


class Trainer:
    """Not thread-safe: one training at a time."""

    def __init__(self, loaded: Callable[[Data], None] = lambda data: None) -> None:
        """``loaded`` is called with data before any program sees them."""
        self._tell_loaded = loaded
        self._loaded: tuple[Hashable, _Loaded] | None = None
        self._programs = CompiledPrograms()
        self._unfinished = UnfinishedTrainings()
        self._replayer = Replayer()

    def train(self, request: Request, prepared: Callable[[], None] = lambda: None) -> Outcome:
        """Train and judge; a bad program is an outcome, not an exception.

        Args:
            prepared: Called when data and program are there, before the first step.
        """
        began = perf_counter()
        loaded = self._load(request)
        loaded_at = perf_counter()
        looked = None
        if request.look:  # before the program is made: it draws from the frameworks' generators
            looked = look(loaded.subject, request.configuration, loaded.data)
        times = _Times(began=began, loaded=loaded_at, building=perf_counter())
        try:
            training = self._prepare(loaded, request)
        except CannotTrain as error:
            verdict = Verdict(status=TrialStatus.INVALID, cause=error.cause, message=str(error))
            return _outcome(times, Progress(), verdict)
        times = replace(times, built=perf_counter())
        prepared()
        progress, verdict = run_training(training, loaded.subject.metric, loaded.data)
        if verdict.status is TrialStatus.CRASHED:
            self._programs.clear()
        bill = Bill.of(training.price, training.whole, _judged(loaded.data))
        return _outcome(times, progress, verdict, looked, bill)

    def bill(self, request: Request) -> Bill:
        """What the whole training of a configuration would cost; builds it, and trains nothing.

        Raises:
            CannotTrain: If the framework refuses to build the program.
        """
        loaded, configuration = self._load(request), request.configuration
        data, made = loaded.data, loaded.framework
        with cannot_train(Cause.SHAPE):
            parts = made.parts(loaded.subject.build(dict(configuration)), data.x_train)
        size, samples = int(configuration["batch_size"]), len(data.y_train)
        anatomy = _anatomy(parts, configuration, data)
        cost = price(anatomy, loaded.subject.framework, samples, size)
        steps = -(-samples // size) * int(configuration["epochs"])
        return Bill.of(cost, steps, _judged(data))

    def _load(self, request: Request) -> _Loaded:
        """The subject of a request and its data. A worker stays with one fault for a while."""
        subject = load_registry(request.folders or None).subject(request.subject)
        seed = request.seed if subject.fresh_data else request.data_seed
        values = [request.configuration[name] for name in subject.data_settings]
        key = (subject.path, subject.content, seed, request.data, request.fraction, *values)
        if self._loaded is None or self._loaded[0] != key:
            self._loaded = None  # data may be large: the old ones go first
            self._programs.clear()
            made = framework(subject.framework)
            made.seed(seed)
            data = subject.data(seed, request.data, request.fraction, request.configuration)
            x, y = each(made.tensor, data.x_train), made.tensor(data.y_train)
            data = replace(data, x_train=x, y_train=y)
            self._tell_loaded(data)
            self._loaded = key, _Loaded(subject, made, data)
        return replace(self._loaded[1], subject=subject)

    def _prepare(self, loaded: _Loaded, request: Request) -> PreparedTraining:
        """Build and compile the program of a request, or open its history.

        Raises:
            CannotTrain: If the framework refuses the program.
        """
        subject, data = loaded.subject, loaded.data
        if request.history is None:
            program = self._programs.started(loaded.framework, subject, data, request)
            anatomy = _anatomy(program.parts, request.configuration, data)
            size = int(request.configuration["batch_size"])
            cost = price(anatomy, subject.framework, len(data.y_train), size)
            return PlainTraining(program, request, cost, self._unfinished)
        return WatchedTraining(
            self._replayer,
            material_of(loaded.framework, subject, data, request.history),
            request.history,
            run=request.run,
            seed=request.seed,
            limit=request.limit,
            work_limit=request.work_limit,
            reference_limit=request.reference_limit,
        )


def _anatomy(parts: tuple[Part, ...], configuration: Configuration, data: Data) -> Anatomy:
    loss, optimiser = (str(configuration[name]) for name in ("loss", "optimiser"))
    return anatomy_of(parts, loss, optimiser, data.x_train)


def _judged(data: Data) -> int:
    """Samples on which a program is judged."""
    return len(data.y_search) + len(data.y_holdout)


def _outcome(
    times: _Times,
    progress: Progress,
    verdict: Verdict,
    looked: Look | None = None,
    bill: Bill | None = None,
) -> Outcome:
    """The outcome of a training. A look is charged; the building within it is not."""
    charged = bill.charged(progress, verdict, looked) if bill else 0.0
    building = 0.0 if times.built is None else times.built - times.building
    return Outcome(
        status=verdict.status,
        seconds=verdict.seconds + (0.0 if looked is None else looked.seconds),
        fidelity=progress.fidelity,
        steps=progress.steps,
        work=progress.work,
        reference_seconds=charged,
        whole_reference_seconds=bill.whole if bill else 0.0,
        search=verdict.search,
        holdout=verdict.holdout,
        cause=verdict.cause,
        message=verdict.message,
        losses=progress.losses,
        marks=bill.marked(progress.marks, charged) if bill else (),
        data_seconds=times.loaded - times.began,
        build_seconds=building + (0.0 if looked is None else looked.build_seconds),
        evaluate_seconds=verdict.evaluate_seconds,
        total_seconds=perf_counter() - times.began,
        seen=Observation.of(progress.watched, looked),
    )
