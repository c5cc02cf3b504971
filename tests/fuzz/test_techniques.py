"""Random techniques: what they did is recorded, or one message names them; nothing else happens."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from fuzzing import FUZZ, Tally, check_message
from hostile import Asked, Asking
from hypothesis import given
from hypothesis import strategies as st
from junk import ANYTHING, mostly

from harness.records.clocks import ClockFace
from harness.records.outcome import Outcome, Trial
from harness.records.schema import storable
from harness.techniques.contract import Finish, Proposal, RepairTask, TechniqueError, Train
from harness.testing import FakeTrain, fake_quality, fake_task, run_technique
from harness.vocabulary import METRICS, TrialStatus

BUDGET = 3.0
TASK, METRIC_ROWS = fake_task(), copy.deepcopy(METRICS)
NAMES = [*TASK.faulty, "other"]

CHANGES = st.sampled_from(
    [{}, {"units_1": 16}, {"learning_rate": 0.1}, {"optimiser": "sgd"}, {"activation_1": "relu"}]
)
CONFIGURATIONS = mostly(
    st.builds(
        lambda changes, odd, dropped: {
            name: value
            for name, value in {**TASK.faulty, **changes, **odd}.items()
            if name not in dropped
        },
        CHANGES,
        mostly(st.just({})).map(lambda odd: odd if odd == {} else {"units_1": odd}),
        st.integers(0, 19).map(
            lambda number: {NAMES[number]} if number < len(NAMES) - 1 else set()
        ),
    )
)
ASKED = st.fixed_dictionaries(
    {
        "configuration": CONFIGURATIONS,
        "proposal": mostly(st.none()),
        "fidelity": mostly(st.sampled_from([1.0, 0.5, 1 / 3])),
        "limit": mostly(st.sampled_from([1.0, 1e18, float("inf"), 0.25])),
    }
)
NOTES = mostly(st.sampled_from([{}, {}, {}, {"source": "x"}, {"choice": 0}, {"history": {}}]))
OUTCOMES = st.sampled_from([{}, {}, {}, {"search": 42.0}, {"seconds": 0.0}, {"work": 1.0}])
RAISED = st.sampled_from(
    [ValueError, KeyError, SystemExit, GeneratorExit, MemoryError, StopIteration]
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("train"), ASKED),
        *[st.tuples(st.just("train and yield"), ASKED)] * 8,
        st.tuples(st.just("yield"), st.integers(0, 3), OUTCOMES, NOTES),
        st.tuples(st.just("yield anything"), ANYTHING),
        st.tuples(st.just("spoil"), ANYTHING),
        st.tuples(st.just("finish"), ANYTHING, ANYTHING, ANYTHING),
        st.tuples(st.just("raise"), RAISED),
    ),
    max_size=6,
)


@dataclass(frozen=True)
class Scripted:
    """Does what a list says, and swallows what it can."""

    steps: list[tuple[Any, ...]]
    swallows: bool

    def repair(self, task: RepairTask, train: Train, clock: ClockFace, seed: int) -> Iterator[Any]:
        made: list[Trial] = []
        numbers = count()
        for what, *how in self.steps:
            if what.startswith("train"):
                asked = dict(how[0])
                configuration = asked.pop("configuration")
                if asked["proposal"] is None:
                    asked["proposal"] = next(numbers)
                try:
                    outcome = train(configuration, **asked)
                except Exception:
                    if not self.swallows:
                        raise
                    continue
                made.append(
                    Trial(proposal=asked["proposal"], configuration=configuration, outcome=outcome)
                )
                if what == "train and yield":
                    yield made[-1]
            elif what == "yield" and made:
                trial = made[how[0] % len(made)]
                yield replace(trial, outcome=replace(trial.outcome, **how[1]), note=how[2])
            elif what == "yield anything":
                yield how[0]
            elif what == "spoil":
                self.spoil(task, clock, how[0])
            elif what == "finish":
                yield Finish(*how)
            elif what == "raise":
                raise how[0]

    def spoil(self, task: RepairTask, clock: ClockFace, value: Any) -> None:
        task.faulty["learning_rate"] = value  # type: ignore[index]
        task.space.domains.clear()  # type: ignore[attr-defined]
        object.__setattr__(task.metric, "worst", value)
        if self.swallows:
            return
        clock.budget = value  # type: ignore[misc]


def refused(technique: Any, entered: list[Trial], **asked: Any) -> bool:
    """Whether a run ended with a message; its trials are added to ``entered``."""
    error = None
    try:
        run_technique(technique, budget=BUDGET, on_ray=False, enter=entered.append, **asked)
    except TechniqueError as found:
        error = found
    return check_message(error, "technique '")


def check(technique: Any, tally: Tally) -> None:
    task, entered = fake_task(), list[Trial]()
    tally.count(refused(technique, entered, task=task))
    assert task == TASK
    assert METRICS == METRIC_ROWS
    assert sum(trial.outcome.seconds for trial in entered) <= BUDGET + 1e-9
    for trial in entered:
        check_trial(trial)


def check_trial(trial: Trial) -> None:
    """It is what the training gave, of a program inside the space, and can be stored."""
    configuration = trial.program
    assert set(configuration) == set(TASK.faulty)
    for name, value in configuration.items():
        assert value in TASK.space.domains[name] or value == TASK.faulty[name]
    whole = fake_quality(configuration)
    cut = trial.status is TrialStatus.CUT
    assert trial.outcome.search == trial.outcome.holdout == (whole / 2 if cut else whole)
    storable(replace(trial, index=0, charged=0.0))


@FUZZ
@given(steps=STEPS, swallows=st.booleans())
def test_loops_of_their_own(steps: list[tuple[Any, ...]], swallows: bool, tally: Tally) -> None:
    check(Scripted(steps, swallows), tally)


PROPOSALS = st.builds(
    lambda asked, note, more: (asked, note, more),
    ASKED,
    NOTES,
    mostly(st.sampled_from([{}, {"look": True}])).map(
        lambda more: more if isinstance(more, dict) and set(more) <= {"look"} else {"history": more}
    ),
)


@FUZZ
@given(
    asked=st.lists(mostly(PROPOSALS), max_size=5),
    counters=mostly(st.just({"n": 1})),
    told=mostly(st.none()).map(lambda odd: odd and ValueError),
)
def test_optimisers(asked: list[Any], counters: Any, told: Any, tally: Tally) -> None:
    def ask(number: int) -> Any:
        if number >= len(asked):
            return None
        one = asked[number]
        if not (isinstance(one, tuple) and len(one) == 3 and isinstance(one[0], dict)):
            return one
        asked_for = {**one[0], "proposal": number if one[0]["proposal"] is None else 0}
        return Proposal(**asked_for, note=one[1], **one[2])

    def tell(proposal: Proposal, outcome: Outcome) -> None:
        object.__setattr__(outcome, "search", 1e9)
        if told is not None:
            raise told

    check(Asking(lambda task: Asked(ask, tell, lambda: counters)), tally)


@FUZZ
@given(trouble=st.sampled_from(["", "crash", "diverge", "invalid", "raise"]), steps=STEPS)
def test_trainings_in_trouble(trouble: str, steps: list[tuple[Any, ...]], tally: Tally) -> None:
    entered: list[Trial] = []
    train = FakeTrain(trouble=trouble)
    tally.count(refused(Scripted(steps, swallows=True), entered, train=train))
    for trial in entered:
        assert set(trial.program) == set(TASK.faulty)
        assert storable(replace(trial, index=0, charged=0.0))["proposal"] == trial.proposal
