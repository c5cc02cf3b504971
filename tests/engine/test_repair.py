"""A technique meets its loop: its own, or Ray Tune's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from broken import OneChange

from harness.engine import repair
from harness.records.clocks import ClockFace, TrainingClock
from harness.records.outcome import Trial
from harness.techniques.autotrainer import Autotrainer
from harness.techniques.contract import Finish, RepairTask, TechniqueError, Train
from harness.testing import Failing, FakeTrain, fake_task, run_technique
from harness.vocabulary import METRICS, CellStatus


@dataclass(frozen=True)
class Recorder:
    """Keeps what it was given."""

    given: list[Any]

    def repair(self, task: RepairTask, train: Train, clock: ClockFace, seed: int) -> Iterator[Any]:
        self.given.extend([task, clock.budget, clock.unit, seed])
        yield Finish({})


def test_a_technique_with_a_loop_of_its_own_gets_all_arguments() -> None:
    given: list[Any] = []
    clock = TrainingClock(2.0)
    repair(Recorder(given), fake_task(), FakeTrain(), clock, 7, enter=lambda trial: None)
    assert given == [fake_task(), 2.0, "s", 7]


def test_a_loop_of_its_own_needs_no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "harness.engine.search", None)
    trials, _ = run_technique(OneChange(), budget=2.0)
    assert len(trials) == 2


def test_a_technique_that_does_not_apply_says_why_and_trains_nothing() -> None:
    task = replace(fake_task(), metric=METRICS["mae"])
    trials, finish = run_technique(Autotrainer(), task=task, on_ray=False)
    assert not trials
    assert finish.status is CellStatus.NOT_APPLICABLE
    assert finish.health == {"reason": "it needs classes and the metric accuracy; found mae"}


def test_an_error_at_the_start_names_the_technique_and_its_own_line() -> None:
    found = "technique 'Failing' failed in optimiser: RuntimeError: this technique fails to start"
    with pytest.raises(TechniqueError, match=rf"{found} \(.*fakes\.py:\d+: raise"):
        run_technique(Failing("start"), on_ray=False)


def test_what_recording_raises_reaches_the_caller_as_it_is() -> None:
    def full(trial: Trial) -> None:
        raise OSError("no space left")

    for technique in (OneChange(), Failing("endless")):
        with pytest.raises(OSError, match="no space left"):
            run_technique(technique, on_ray=False, enter=full)
