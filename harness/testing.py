"""The contract of a technique as test classes to inherit. Needs pytest.

A technique of yours gets the whole suite from one fixture::

    from harness.testing import TechniqueTestCase

    class TestMine(TechniqueTestCase):
        @pytest.fixture
        def technique(self):
            return Mine()

:class:`OptimiserTestCase` runs the same suite without Ray, in a fraction of the time. Trainings are
fakes that take no time, see ``harness.techniques.fakes``.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from multiprocessing import get_context
from typing import Any, ClassVar

import numpy as np

from harness.engine import repair
from harness.records.clocks import Clock, TrainingClock, exhausted, remaining
from harness.records.outcome import Outcome, Trial
from harness.techniques.contract import (
    AskAndTell,
    Finish,
    Optimiser,
    OwnLoop,
    RepairTask,
    Technique,
    WorkerTrain,
)
from harness.techniques.fakes import (
    FAILURES,
    TROUBLES,
    Failing,
    FakeTrain,
    fake_quality,
    fake_seen,
    fake_task,
    lost_training,
)
from harness.vocabulary import Configuration, TrialStatus, changed

try:
    import pytest
except ImportError as error:
    raise ImportError(
        "harness.testing needs pytest, which is not installed. Install pytest, or this package "
        "with its extra: dnn-repair-harness[dev]"
    ) from error


__all__ = [
    "FAILURES",
    "TROUBLES",
    "Failing",
    "FakeTrain",
    "OptimiserTestCase",
    "TechniqueTestCase",
    "comparable",
    "fake_quality",
    "fake_seen",
    "fake_task",
    "fresh_process_trials",
    "lost_training",
    "run_technique",
]

RAY_CPUS = 3
"""CPUs of the Ray that the suite starts where none runs."""

# ---------------------------------------------------------------- runs


@dataclass(frozen=True)
class _Supervised:
    """A training in this process. An exception becomes an outcome, as in the engine."""

    train: WorkerTrain

    def __call__(self, configuration: Configuration, **asked: Any) -> Outcome:
        try:
            return self.train(configuration, **asked)
        except Exception as error:
            return lost_training(f"train broke its promise: {type(error).__name__}: {error}")

    def remember(self, proposal: int, outcome: Outcome) -> None:
        self.train.remember(proposal, outcome)


def run_technique(
    technique: Technique,
    *,
    task: RepairTask | None = None,
    seed: int = 1,
    budget: float = 6.0,
    train: WorkerTrain | None = None,
    on_ray: bool = True,
    enter: Callable[[Trial], None] | None = None,
) -> tuple[list[Trial], Finish]:
    """All trials of one run and its closing word; the clock is charged as in a study.

    Args:
        technique: What is run.
        task: By default :func:`fake_task`.
        seed: Of the run.
        budget: Seconds of training.
        train: By default a :class:`FakeTrain`.
        on_ray: Whether an ask-and-tell technique runs on Ray, as in a study. Otherwise, and with a
            loop of its own, it runs in this process.
        enter: Called with each trial once it is charged; what it raises ends the run.

    Raises:
        TechniqueError: If the technique raises or breaks its contract.
    """
    clock, trials = TrainingClock(budget), list[Trial]()

    def charged(trial: Trial) -> None:
        clock.charge(trial.outcome)
        trials.append(trial)
        if enter is not None:
            enter(trial)

    given = train or FakeTrain()
    asked_on_ray = on_ray and not isinstance(technique, OwnLoop)
    finish = repair(
        technique,
        task or fake_task(),
        given if asked_on_ray else _Supervised(given),
        clock,
        seed,
        enter=charged,
        search=None if asked_on_ray else _search,
    )
    return trials, finish


def _search(optimiser: Optimiser, train: WorkerTrain, clock: Clock) -> Iterator[Trial | Finish]:
    """The loop of the engine in short, without Ray."""
    while not exhausted(clock) and (p := optimiser.ask()) is not None:
        limit = min(p.limit, remaining(clock))
        asked: dict[str, Any] = {"proposal": p.proposal, "fidelity": p.fidelity, "limit": limit}
        outcome = train(p.configuration, **asked, history=p.history, look=p.look)
        optimiser.tell(p, outcome)
        yield Trial(
            proposal=p.proposal,
            configuration=p.configuration,
            outcome=outcome,
            note=p.note or {},
        )
    yield optimiser.finish()


def comparable(trials: Sequence[Trial]) -> list[list[Any]]:
    """Trials as JSON values, without times: number, configuration, fidelity, search metric."""
    rows = [[t.proposal, dict(t.program), t.outcome.fidelity, t.outcome.search] for t in trials]
    plain: list[list[Any]] = json.loads(json.dumps(rows))
    return plain


def fresh_process_trials(
    techniques: Sequence[Technique],
    *,
    task: RepairTask | None = None,
    budget: float = 5.0,
    on_ray: bool = True,
) -> list[list[list[Any]]]:
    """The :func:`comparable` trials of each technique in one new process, with seed 1.

    Strings hash differently there. The modules of the techniques must be importable.

    Raises:
        AssertionError: If a technique does not arrive in the new process, or fails in it.
    """
    asked = (list(techniques), task or fake_task(), budget, on_ray)
    with _hash_seed("7"), ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        try:
            return process.submit(_answer, *asked).result()
        except Exception as error:
            raise AssertionError("the technique did not run in a new process") from error


@contextmanager
def _hash_seed(seed: str) -> Iterator[None]:
    """Strings of new processes hash by ``seed``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONHASHSEED", seed)
        yield


def _answer(
    techniques: list[Technique], task: RepairTask, budget: float, on_ray: bool
) -> list[list[list[Any]]]:
    """The trials of :func:`fresh_process_trials`; runs in the new process."""
    from harness.engine.session import shutdown

    random.seed(5)
    np.random.seed(5)
    if on_ray and any(isinstance(technique, AskAndTell) for technique in techniques):
        _start_ray()
    try:
        runs = [run_technique(t, task=task, budget=budget, on_ray=on_ray) for t in techniques]
    finally:
        shutdown()
    return [comparable(trials) for trials, _ in runs]


def _start_ray() -> None:
    from harness.engine.session import start

    start(RAY_CPUS)


def _settings(technique: Technique) -> dict[str, Any]:
    """A copy of the settings of a technique."""
    values: dict[str, Any] = asdict(technique)  # type: ignore[call-overload]
    return values


class _Left(Exception):
    """A consumer that wants no further trial."""


# ---------------------------------------------------------------- the suite


class TechniqueTestCase:
    """The promises of every technique, on Ray as in a study. Inherit it and give ``technique``.

    Other fixtures may be overridden: ``task``, for a technique that treats other programs (its
    configurations need ``learning_rate`` and ``optimiser``, see :func:`fake_quality`), and
    ``elsewhere``, to share one new process among several techniques.
    """

    on_ray: ClassVar[bool] = True
    """Whether ask-and-tell techniques run on Ray. Ray is started if it does not run."""
    budget: ClassVar[float] = 6.0
    """Seconds of a run, in which a full training costs one."""
    fixed_start: ClassVar[int | None] = 1
    """Trials at the start that may be the same for all seeds; None if the seed decides nothing
    within ``budget``."""
    ends_early: ClassVar[bool] = False
    """Whether the technique may end before its budget is spent."""

    @pytest.fixture
    def technique(self) -> Technique:
        raise NotImplementedError("override the fixture `technique`: it returns your technique")

    @pytest.fixture
    def task(self) -> RepairTask:
        return fake_task()

    @pytest.fixture
    def elsewhere(self, technique: Technique, task: RepairTask) -> list[list[Any]]:
        """The trials of a run with budget 5 and seed 1 in a new process."""
        return fresh_process_trials([technique], task=task, on_ray=self.on_ray)[0]

    @pytest.fixture(autouse=True)
    def _ray(self, technique: Technique) -> None:
        if self.on_ray and isinstance(technique, AskAndTell):
            _start_ray()

    def run(
        self, technique: Technique, task: RepairTask, **arguments: Any
    ) -> tuple[list[Trial], Finish]:
        """One run by :func:`run_technique`, whose arguments it takes."""
        arguments = {"budget": self.budget, "on_ray": self.on_ray, **arguments}
        trials, finish = run_technique(technique, task=task, **arguments)
        spent = sum(trial.outcome.seconds for trial in trials)
        assert trials, f"no trial was run: {finish}"
        assert self.ends_early or spent >= arguments["budget"] - 1e-9, (
            f"the run ended after {spent:g} of {arguments['budget']:g} seconds: {finish}"
        )
        return trials, finish

    def test_the_settings_are_plain_and_frozen(self, technique: Technique) -> None:
        name = type(technique).__name__
        assert is_dataclass(technique), f"{name} is no dataclass"
        assert type(technique).__dataclass_params__.frozen, f"{name} is not frozen"
        values = _settings(technique)
        assert json.loads(json.dumps(values)) == values, f"settings are no JSON values: {values}"
        assert copy.deepcopy(technique) == technique

    def test_the_seed_decides_the_trials(self, technique: Technique, task: RepairTask) -> None:
        first = comparable(self.run(technique, task)[0])
        again = comparable(self.run(technique, task)[0])
        other = comparable(self.run(technique, task, seed=2)[0])
        assert first == again, "the same seed gave other trials"
        if self.fixed_start is None:
            assert first == other, "the seed decides something: set fixed_start to a number"
        else:
            assert len(first) > self.fixed_start, "too few trials: set a larger budget"
            assert first != other, "another seed gave the same trials"

    def test_a_new_process_gives_the_same_trials(
        self, technique: Technique, task: RepairTask, elsewhere: list[list[Any]]
    ) -> None:
        assert comparable(self.run(technique, task, budget=5.0)[0]) == elsewhere

    def test_no_trial_starts_after_the_clock_is_spent_and_the_last_is_cut(
        self, technique: Technique, task: RepairTask
    ) -> None:
        trials, _ = self.run(technique, task, budget=2.5)
        spent = sum(t.outcome.seconds for t in trials)
        assert spent <= 2.5 + 1e-9, f"{spent:g} seconds were used: pass limit=remaining(clock)"
        assert trials[-1].outcome.status in (TrialStatus.CUT, TrialStatus.COMPLETED)

    @pytest.mark.parametrize("trouble", TROUBLES)
    def test_trouble_is_a_row_and_never_fatal(
        self, technique: Technique, task: RepairTask, trouble: str
    ) -> None:
        train = FakeTrain(trouble=trouble)
        trials, finish = self.run(technique, task, budget=5.0, train=train)
        assert [t for t in trials if t.outcome.status is TrialStatus.COMPLETED]
        if self.ends_early and len(trials) == 1:  # the second one would have been in trouble
            train = FakeTrain(trouble=trouble, every=1)
            trials, finish = self.run(technique, task, budget=5.0, train=train)
        bad = [t for t in trials if not t.outcome.judged]
        assert bad, "no trial was in trouble: failed trials must be yielded too"
        assert all(t.outcome.cause is not None for t in bad)
        if isinstance(technique, AskAndTell):
            assert finish.health, "health() says nothing"

    def test_proposals_are_whole_plain_and_inside_the_space(
        self, technique: Technique, task: RepairTask
    ) -> None:
        for trial in self.run(technique, task)[0]:
            changed(task.faulty, trial.program)  # raises if a value was added or dropped
            assert trial.configuration in task.space, f"outside the space: {trial.configuration}"
            kinds = {type(value) for value in trial.program.values()}
            assert kinds <= {str, int, float}, f"no plain Python values: {trial.configuration}"
            assert type(trial.proposal) is int
            assert trial.suggest_seconds >= 0
            json.dumps(dict(trial.note))  # raises if a note is not plain

    def test_the_settings_are_left_alone(self, technique: Technique, task: RepairTask) -> None:
        settings = _settings(technique)
        self.run(technique, task, budget=3.0)
        assert _settings(technique) == settings, "the settings were changed"

    def test_a_consumer_that_leaves_early_stops_the_search(
        self, technique: Technique, task: RepairTask
    ) -> None:
        def leave(trial: Trial) -> None:
            raise _Left

        with pytest.raises(_Left):
            run_technique(technique, task=task, budget=50.0, on_ray=self.on_ray, enter=leave)
        assert self.run(technique, task, budget=3.0)[0]  # the next search is not disturbed


class OptimiserTestCase(TechniqueTestCase):
    """The same promises without Ray, for ask-and-tell techniques; and some of ask and tell."""

    on_ray: ClassVar[bool] = False

    def test_global_generators_are_left_alone(self, technique: Technique, task: RepairTask) -> None:
        random.seed(7)
        np.random.seed(7)
        self.run(technique, task)
        drawn = random.random(), float(np.random.rand())
        expected = random.Random(7).random(), float(np.random.RandomState(7).rand())
        assert drawn == expected, "a global generator was used or seeded"

    def test_a_run_in_which_all_fails_goes_on(self, technique: Technique, task: RepairTask) -> None:
        trials, finish = self.run(technique, task, train=FakeTrain(trouble="crash", every=1))
        assert not [t for t in trials if t.outcome.judged]
        assert finish.health, "health() says nothing"

    def test_a_configuration_keeps_its_number(self, technique: Technique, task: RepairTask) -> None:
        known: dict[int, Configuration] = {}
        for trial in self.run(technique, task)[0]:
            same = known.setdefault(trial.proposal, trial.program)
            assert dict(same) == dict(trial.program), (
                f"proposal {trial.proposal} stands for two configurations"
            )
