"""What a baseline makes of trainings that were lost; the trainings themselves are stand-ins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.records.outcome import Outcome
from harness.records.store import Store
from harness.study.baselines import measure_baselines
from harness.study.plan import Plan
from harness.subjects.registry import FAULTS, load_registry
from harness.techniques.random import Random
from harness.vocabulary import Cause, HarnessError, TrialStatus

GOOD = Outcome(status=TrialStatus.COMPLETED, seconds=1.0, search=0.5, holdout=0.5)
LOST = Outcome(
    status=TrialStatus.CRASHED, seconds=0.5, cause=Cause.INFRASTRUCTURE, message="it is gone"
)


class Pool:
    """One slot whose worker answers with the outcomes that it is given, in order."""

    def __init__(self, outcomes: Iterable[Outcome]) -> None:
        self.outcomes = iter(outcomes)

    def map(self, function: Any, jobs: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        for job in jobs:
            try:
                yield job, function(job, lambda backend: self)
            except HarnessError as error:
                yield job, error

    def device(self) -> str:
        return "a device"

    def train(self, request: Any, expected: float) -> Outcome:
        return next(self.outcomes)


def measured(results: Path, outcomes: Iterable[Outcome]) -> Any:
    registry = load_registry([FAULTS])
    plan = Plan(
        name="p", faults=["D7"], techniques={"r": Random()}, repetitions=1, budget=1, seeds=2
    )
    pool: Any = Pool(outcomes)
    return measure_baselines(plan, registry, Store(results), lambda: pool, lambda line: None)["D7"]


def test_a_lost_training_is_made_again_and_the_others_are_kept(tmp_path: Path) -> None:
    with pytest.raises(
        HarnessError, match=r"1 of 2 trainings of D7 were lost .*it is gone.*Repeat"
    ):
        measured(tmp_path, [GOOD, GOOD, GOOD, LOST])
    assert not list((tmp_path / "baselines").glob("*"))
    baseline = measured(tmp_path, [GOOD])  # the one that is missing
    assert (len(baseline.fixed_holdout), baseline.fixed_unjudged) == (2, 0)


def test_a_program_that_kills_all_its_processes_is_a_result(tmp_path: Path) -> None:
    baseline = measured(tmp_path, [LOST, LOST, GOOD, GOOD])
    assert (baseline.faulty_holdout, baseline.faulty_unjudged) == ([], 2)


def test_a_program_that_never_trains_has_no_baseline(tmp_path: Path) -> None:
    """Every budget would be a multiple of nothing."""
    crashed = Outcome(status=TrialStatus.CRASHED, seconds=0.0, cause=Cause.PROGRAM)
    with pytest.raises(HarnessError, match="faulty program of D7 never trains: T would be 0"):
        measured(tmp_path, [crashed, crashed, GOOD, GOOD])
    assert not list((tmp_path / "baselines").glob("*"))


@pytest.mark.parametrize("which", ["faulty", "fixed"])
def test_a_program_that_does_not_end_has_no_baseline(tmp_path: Path, which: str) -> None:
    endless = Outcome(
        status=TrialStatus.CRASHED, seconds=9.0, cause=Cause.TIME_OUT, message="no answer"
    )
    outcomes = [endless] if which == "faulty" else [GOOD, GOOD, endless]
    message = rf"the {which} program of D7 did not end in time: no answer\. .*TIME_LIMIT"
    with pytest.raises(HarnessError, match=message):
        measured(tmp_path, outcomes)
    assert not list((tmp_path / "baselines").glob("*"))
