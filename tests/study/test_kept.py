"""Trainings that are found again instead of made again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from harness.engine.limits import NEVER
from harness.records.outcome import Outcome
from harness.records.store import Store
from harness.study.kept import KeptTrainings, NotTrained, baseline_seeds
from harness.subjects.registry import load_registry
from harness.training import Request
from harness.vocabulary import Cause, TrialStatus

pytestmark = pytest.mark.usefixtures("with_own_faults")


@dataclass
class Noting:
    """A worker that answers each training with its seed as the score, and notes the seeds."""

    answer: dict[str, Any] = field(default_factory=dict)
    name: str = "a machine"
    seeds: list[int] = field(default_factory=list)
    expected: list[float] = field(default_factory=list)

    def device(self) -> str:
        return self.name

    def train(self, request: Request, expected: float) -> Outcome:
        self.seeds.append(request.seed)
        self.expected.append(expected)
        score = request.seed / 10
        usual = {"status": TrialStatus.COMPLETED, "search": score, "holdout": score}
        return Outcome(seconds=1.0, total_seconds=2.0 * len(self.seeds), **(self.answer or usual))


def request(**changes: Any) -> Request:
    fault = load_registry()["X1"]
    return replace(Request.of(fault, fault.faulty, seed=0), **changes)


def kept(store: Store, worker: Noting | None, **changes: Any) -> KeptTrainings:
    made: Any = None if worker is None else lambda: worker
    return KeptTrainings(store, "tensorflow", made, **changes)


def test_a_training_is_made_once(tmp_path: Path) -> None:
    store, worker = Store(tmp_path), Noting()
    trainings = kept(store, worker)
    assert [o.search for o in trainings(request(), [4, 2])] == [0.4, 0.2]
    assert [o.search for o in trainings(request(), [2, 3, 4])] == [0.2, 0.3, 0.4]
    assert worker.seeds == [4, 2, 3]
    assert [o.search for o in kept(store, None)(request(), [3])] == [0.3]
    with pytest.raises(NotTrained):
        kept(store, None)(request(), [3, 5])


def test_seconds_of_another_device_are_measured_again_if_they_are_compared(tmp_path: Path) -> None:
    store, other = Store(tmp_path), Noting(name="an abacus")
    kept(store, Noting())(request(), [1])
    kept(store, other)(request(), [1])
    assert other.seeds == []
    for _ in range(2):
        kept(store, other, same_device=True)(request(), [1])
    assert other.seeds == [1]


def test_a_lost_process_is_an_outcome_that_is_not_kept(tmp_path: Path) -> None:
    lost = Noting({"status": TrialStatus.CRASHED, "cause": Cause.INFRASTRUCTURE})
    for _ in range(2):
        (outcome,) = kept(Store(tmp_path), lost)(request(), [1])
        assert outcome.cause is Cause.INFRASTRUCTURE
    assert lost.seeds == [1, 1]


def test_the_first_training_says_how_long_the_others_should_take(tmp_path: Path) -> None:
    worker = Noting()
    kept(Store(tmp_path), worker, same_device=True)(request(), [1, 2, 3])
    assert worker.expected == [NEVER, 2.0, 4.0]
    kept(Store(tmp_path), worker, same_device=True)(request(), [4])
    assert worker.expected[3:] == [6.0]


@pytest.mark.parametrize("same_device", [True, False])
def test_another_device_says_nothing_of_how_long_they_should_take(
    tmp_path: Path, same_device: bool
) -> None:
    kept(Store(tmp_path), Noting(), same_device=True)(request(), [1])
    other = Noting(name="an abacus")
    kept(Store(tmp_path), other, same_device=same_device)(request(), [1, 2])
    assert other.expected[0] == NEVER


def test_a_program_that_does_not_end_is_tried_once_and_not_kept(tmp_path: Path) -> None:
    endless = Noting({"status": TrialStatus.CRASHED, "cause": Cause.TIME_OUT})
    for _ in range(2):
        assert len(kept(Store(tmp_path), endless)(request(), [1, 2, 3])) == 3
    assert endless.seeds == [1, 1]


def test_a_program_that_cannot_train_is_tried_once(tmp_path: Path) -> None:
    invalid = Noting({"status": TrialStatus.INVALID, "cause": Cause.SHAPE})
    assert len(kept(Store(tmp_path), invalid)(request(), [1, 2, 3])) == 3
    assert invalid.seeds == [1]


def test_a_file_holds_what_differs_in_its_seeds_only(tmp_path: Path) -> None:
    trainings = kept(Store(tmp_path), None)
    path = trainings.path(request())
    assert trainings.path(request(seed=9, limit=1.0)) == path
    changes: list[dict[str, Any]] = [
        {"data_seed": 99},
        {"data": "other"},
        {"fraction": 0.5},
        {"configuration": {**request().configuration, "epochs": 1}},
    ]
    others = {trainings.path(request(**change)) for change in changes}
    assert len(others | {path, replace(trainings, backend="jax").path(request())}) == 6


def test_the_two_programs_of_a_baseline_have_seeds_of_their_own() -> None:
    fault = load_registry()["X1"]
    faulty, fixed = (baseline_seeds(fault, which, 10) for which in ("faulty", "fixed"))
    assert len({*faulty, *fixed}) == 20
    assert baseline_seeds(fault, "faulty", 3) == faulty[:3]
