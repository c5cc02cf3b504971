"""A technique meets its loop: its own, or Ray Tune's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from broken import OneChange

from harness.engine import repair
from harness.records.clocks import Clock, TrainingClock
from harness.techniques.autotrainer import Autotrainer
from harness.techniques.contract import Finish, RepairTask, Train
from harness.testing import Failing, FakeTrain, fake_task
from harness.vocabulary import METRICS


@dataclass(frozen=True)
class Recorder:
    """Yields what it was given."""

    def repair(self, task: RepairTask, train: Train, clock: Clock, seed: int) -> Iterator[Any]:
        yield task, train, clock, seed


def test_a_technique_with_a_loop_of_its_own_gets_all_arguments() -> None:
    given = fake_task(), FakeTrain(), TrainingClock(2.0), 7
    (found,) = repair(Recorder(), *given)
    assert found == given


def test_a_loop_of_its_own_needs_no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "harness.engine.search", None)
    clock = TrainingClock(2.0)
    trials = []
    for trial in repair(OneChange(), fake_task(), FakeTrain(), clock, 1):
        clock.charge(trial.outcome)  # type: ignore[union-attr]
        trials.append(trial)
    assert len(trials) == 2


def test_a_technique_that_does_not_apply_says_why_and_trains_nothing() -> None:
    task = replace(fake_task(), metric=METRICS["mae"])
    (finish,) = repair(Autotrainer(), task, FakeTrain(), TrainingClock(2.0), 1)
    assert isinstance(finish, Finish)
    assert finish.status == "not_applicable"
    assert finish.health == {"reason": "it needs classes and the metric accuracy; found mae"}


def test_an_error_at_the_start_reaches_the_caller() -> None:
    with pytest.raises(RuntimeError, match="fails to start"):
        next(repair(Failing("start"), fake_task(), FakeTrain(), TrainingClock(2.0), 1))
