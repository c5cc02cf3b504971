from __future__ import annotations

import math
from typing import Any

import pytest
from formula import completed, drive, task

from harness.records.clocks import Clock, TrainingClock, WorkClock
from harness.records.outcome import Outcome
from harness.techniques.guided.course import Course
from harness.techniques.guided.program import TriedProgram
from harness.techniques.guided.settings import GuidedSettings
from harness.vocabulary import Cause, TrialStatus


def course(clock: Clock | None = None, **settings: Any) -> Course:
    return Course(GuidedSettings(**settings), task(), clock or TrainingClock(10.0))


def test_under_seconds_the_faulty_program_costs_t_from_the_start() -> None:
    assert course().start.cost == task().training_time == 1.0
    assert course(WorkClock(10.0)).start.cost == 0.0


def test_a_training_notes_error_and_cost() -> None:
    this = course()
    (proposal,), outcome = drive(
        this.train(this.start, "watch", reason="why"),
        this.clock,
        lambda _: completed(0.75, seconds=3.0),
    )
    assert proposal.proposal == 0
    assert proposal.note == {"phase": "watch", "choice": None, "reason": "why"}
    assert outcome.search == 0.75
    assert this.start.errors == {0: 0.25}
    assert this.start.cost == 2.0  # T, and one training of 3 s
    assert this.best.best_training() == 0


def test_a_probe_is_no_full_training_and_its_end_adds_the_rest() -> None:
    this = course(probe=0.25)
    program = TriedProgram(dict(task().faulty))
    short = completed(0.5, seconds=0.5, fidelity=0.25)
    drive(this.train(program, "probe", fidelity=0.25), this.clock, lambda _: short)
    assert (program.errors, program.cost) == ({}, 2.0)
    end = completed(0.5, seconds=1.5)
    (proposal,), _ = drive(this.train(program, "train", again=False), this.clock, lambda _: end)
    assert proposal.proposal == program.number == 0
    assert (program.errors, program.trained, program.cost) == ({0: 0.5}, 1.0, 2.0)


def test_each_further_training_has_a_number_of_its_own() -> None:
    this = course()
    for _ in range(2):
        drive(this.train(this.start, "again"), this.clock, lambda _: completed(0.5))
    assert list(this.start.errors) == [0, 1]
    assert this.proposals == 2


@pytest.mark.parametrize(
    ("outcome", "errors"),
    [
        (Outcome(status=TrialStatus.DIVERGED, seconds=1.0), {0: math.inf}),
        (Outcome(status=TrialStatus.CUT, seconds=1.0, search=0.5, holdout=0.5), {}),
        (
            Outcome(status=TrialStatus.CRASHED, seconds=1.0, cause=Cause.PROGRAM),
            {0: math.inf},
        ),
        (Outcome(status=TrialStatus.CRASHED, seconds=1.0, cause=Cause.INFRASTRUCTURE), {}),
    ],
)
def test_what_counts_as_a_failure(outcome: Outcome, errors: dict[int, float]) -> None:
    this = course()
    drive(this.train(this.start, "watch"), this.clock, lambda _: outcome)
    assert this.start.errors == errors


@pytest.mark.parametrize(("clock", "cost"), [(TrainingClock(10.0), 1.0), (WorkClock(10.0), 4.0)])
def test_a_look_costs_seconds_of_its_own_but_no_work(clock: Clock, cost: float) -> None:
    this = course(clock)
    answer = completed(0.5, seconds=4.0, work=4.0)
    drive(this.train(this.start, "look", look=True), clock, lambda _: answer)
    assert this.start.cost == cost


def test_the_reserve_pays_for_confirming_and_for_taking_back_each_edit() -> None:
    this = course(confirmations=2)
    assert this.reserve() == 2.0
    edited = {**task().faulty, "epochs": 7, "batch_size": 100, "learning_rate": 0.5}
    this.best = TriedProgram(edited, charged=2.0, trained=1.0, parent=this.start)
    assert this.edits() == 3
    assert this.reserve() == 2.0 * (3 + 2)
    assert this.left() == (10.0 - 10.0) / 2.0
    this.settled = this.best
    assert this.reserve() == 2.0 * 2
    assert this.left() == 3.0


def test_a_training_that_would_lose_a_tenth_is_affordable() -> None:
    this = course(TrainingClock(0.95))
    assert this.affords(this.start)
    assert not course(TrainingClock(0.85)).affords(this.start)
