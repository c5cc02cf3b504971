"""What a technique cannot do: forge, hide, overspend, or change anything but its own copies."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from broken import OneChange
from hostile import (
    ASKED,
    FULL,
    REFUSED,
    Asked,
    Asking,
    Batches,
    ChangesAll,
    Greedy,
    Hostile,
    Late,
    propose,
    trained,
)

from harness.records.clocks import ClockFace
from harness.records.outcome import ShownOutcome, Trial
from harness.techniques.contract import FREE_TRIALS, RepairTask, TechniqueError, Train
from harness.testing import FakeTrain, fake_task, run_technique
from harness.vocabulary import METRICS, TrialStatus


def run(technique: Any, **asked: Any) -> list[Trial]:
    return run_technique(technique, on_ray=False, **asked)[0]


@pytest.mark.parametrize("how", REFUSED)
def test_a_loop_that_breaks_its_contract_ends_with_one_message(how: str) -> None:
    entered: list[Trial] = []
    with pytest.raises(TechniqueError) as caught:
        run(Hostile(how), enter=entered.append)
    text = str(caught.value)
    assert text.startswith("technique 'Hostile' ")
    assert REFUSED[how][1] in text
    assert "\n" not in text
    assert len(text) < 1000
    assert all(trial.outcome.search == trial.outcome.holdout for trial in entered), "forged"


@pytest.mark.parametrize("how", ASKED)
def test_an_optimiser_that_breaks_its_contract_ends_with_one_message(how: str) -> None:
    with pytest.raises(TechniqueError) as caught:
        run(Asking(ASKED[how][0]))
    assert ASKED[how][1] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_trial_that_is_refused_was_charged_and_recorded() -> None:
    entered: list[Trial] = []
    with pytest.raises(TechniqueError):
        run(Hostile("a made-up score"), enter=entered.append)
    (trial,) = entered
    assert (trial.outcome.seconds, trial.outcome.holdout) == (1.0, trial.outcome.search)


def test_changing_what_it_was_given_changes_nothing_outside() -> None:
    task, metrics = fake_task(), copy.deepcopy(METRICS)
    before = copy.deepcopy(task)
    (trial,) = run(ChangesAll(), task=task)
    assert task == before
    assert metrics == METRICS
    assert trial.configuration == before.faulty
    assert (trial.outcome.seconds, trial.outcome.status) == (1.0, TrialStatus.COMPLETED)


def test_trainings_that_are_not_yielded_are_charged_and_recorded() -> None:
    trials = run(Greedy(), budget=3.5)
    assert [trial.proposal for trial in trials] == [0, 1, 2, 3]
    assert [trial.status for trial in trials] == [TrialStatus.COMPLETED] * 3 + [TrialStatus.CUT]
    assert sum(trial.outcome.seconds for trial in trials) == 3.5


def test_a_loop_may_train_a_batch_before_it_yields() -> None:
    assert [trial.proposal for trial in run(Batches(), budget=4.0)] == [0, 1, 2, 3]


@dataclass(frozen=True)
class Sees:
    """Keeps what it is shown."""

    seen: list[Any]

    def repair(self, task: RepairTask, train: Train, clock: ClockFace, seed: int) -> Iterator[Any]:
        self.seen.extend([train(task.faulty, proposal=0, **FULL), train, clock])
        return iter(())


def test_an_outcome_shows_no_holdout_value_and_train_shows_no_subject() -> None:
    seen: list[Any] = []
    (trial,) = run(Sees(seen))
    outcome, train, clock = seen
    assert isinstance(outcome, ShownOutcome)
    assert (outcome.search, outcome.holdout) == (trial.outcome.search, None)
    assert trial.outcome.holdout is not None
    assert not [name for name in dir(train) if not name.startswith("__")]
    for name, value in (("budget", 1e9), ("spent", 0.0), ("unit", "h"), ("other", 1)):
        with pytest.raises(AttributeError):
            setattr(clock, name, value)


def test_an_optimiser_is_told_no_holdout_value_and_gets_its_own_proposal_back() -> None:
    told: list[Any] = []
    proposals: list[Any] = []

    def make(task: RepairTask) -> Asked:
        def ask(number: int) -> Any:
            proposals.append(propose(task, number))
            return proposals[-1]

        return Asked(ask, lambda proposal, outcome: told.append((proposal, outcome)))

    run(Asking(make), budget=2.0)
    assert len(told) == 2
    assert all(outcome.holdout is None for _, outcome in told)
    assert all(mine is back for mine, (back, _) in zip(proposals, told, strict=True))


def test_training_after_the_run_is_refused() -> None:
    kept: list[Any] = []
    trials = run(Late(kept))
    go, thread, *_ = kept
    go.set()
    thread.join(20)
    assert kept[-1] == "RunOver"
    assert len(trials) == 1


def test_numpy_scalars_become_plain_values() -> None:
    def make(task: RepairTask) -> Asked:
        values = {
            "units_1": np.int64(16),
            "learning_rate": np.float64(0.25),
            "optimiser": np.str_("sgd"),
        }
        return Asked(
            lambda number: propose(
                task,
                np.int64(number),  # type: ignore[arg-type]
                configuration={**task.faulty, **values},
                fidelity=np.float64(0.5),
                note={"n": np.float64(0.5)},
            )
        )

    for trial in run(Asking(make), budget=1.0):
        kinds = {name: type(value) for name, value in trial.program.items()}
        assert (kinds["units_1"], kinds["learning_rate"], kinds["optimiser"]) == (int, float, str)
        assert type(trial.proposal) is int
        assert type(trial.fidelity) is float
        assert type(trial.note["n"]) is float


def test_a_limit_beyond_the_budget_is_clipped() -> None:
    def make(task: RepairTask) -> Asked:
        return Asked(lambda number: propose(task, number, limit=math.inf))

    for technique in (Greedy(times=9), Asking(make)):
        assert sum(t.outcome.seconds for t in run(technique, budget=2.25)) == 2.25


@dataclass(frozen=True)
class Same:
    """Trains the same share of the same program for ever; catches what it can."""

    def repair(self, task: RepairTask, train: Train, clock: ClockFace, seed: int) -> Iterator[Any]:
        while True:
            try:
                yield trained(train, task.faulty)
            except Exception:
                continue


@pytest.mark.parametrize("trouble", ["", "invalid"])
def test_trials_that_cost_nothing_or_are_invalid_end_every_run(trouble: str) -> None:
    train = FakeTrain(seconds=0.0 if not trouble else 1.0, trouble=trouble, every=1)
    trials, finish = run_technique(Same(), train=train, on_ray=False)
    assert len(trials) == FREE_TRIALS
    assert finish.health["ended"] == f"{FREE_TRIALS} trials in a row were invalid or cost nothing"


def test_one_that_catches_every_exception_ends_with_its_budget() -> None:
    assert len(run(Same(), budget=3.0)) == 3


def test_a_training_that_fails_in_the_engine_is_not_blamed_on_the_technique() -> None:
    class Lost(FakeTrain):
        def __call__(self, *_: Any, **__: Any) -> Any:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(OneChange(), train=Lost())
