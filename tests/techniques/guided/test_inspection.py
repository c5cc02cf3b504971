from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from formula import completed, drive, task

from harness.records.clocks import Clock, TrainingClock, WorkClock
from harness.records.observation import Blame, Look, Observation, Symptom
from harness.records.outcome import Outcome
from harness.techniques.contract import Proposal
from harness.techniques.guided.course import Course
from harness.techniques.guided.inspection import LEAST_WATCHED, LOOKS, Inspection, signs_of
from harness.techniques.guided.settings import GuidedSettings
from harness.techniques.guided.suspicion import Curve
from harness.testing import fake_seen
from harness.vocabulary import Cause, TrialStatus

BLAME = Blame("activation_3", "bug", "CNL", "softmax", "relu")
LOOK = Look(blames=(BLAME,), samples=1400, judged=200, seconds=0.0, build_seconds=0.0)
FALLING = (8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0)


def inspected(
    clock: Clock | None = None, training_time: float = 1.0, **settings: Any
) -> tuple[Inspection, Course, list[Proposal]]:
    clock = clock or TrainingClock(10.0)
    this = replace(task(), training_time=training_time)
    course = Course(GuidedSettings(**settings), this, clock)
    inspection = Inspection(course)
    asked, _ = drive(inspection.run(), clock, answer)
    return inspection, course, asked


def answer(proposal: Proposal) -> Outcome:
    if proposal.look:
        return completed(0.4, fidelity=proposal.fidelity, seen=Observation(look=LOOK))
    seen = Observation(watched=fake_seen(Symptom.OSCILLATING)) if proposal.history else None
    return completed(0.5, losses=FALLING, seen=seen)


def test_an_inspection_is_a_look_and_a_watched_training() -> None:
    inspection, course, (look, watch) = inspected()
    assert (look.look, look.fidelity, look.history) == (True, 0.25, None)
    assert (watch.look, watch.fidelity) == (False, 1.0)
    assert watch.history is not None
    assert watch.history.links[0].number == watch.proposal == 1
    epochs = int(task().faulty["epochs"])
    assert epochs / watch.history.thresholds.interval <= LOOKS
    assert not watch.history.stops
    assert course.start.partial == pytest.approx(0.6)
    assert course.start.errors == {1: 0.5}
    assert course.judge.samples == 200
    assert inspection.signs == [Curve.UNFINISHED, Symptom.OSCILLATING]
    assert inspection.blames() == (BLAME,)
    assert inspection.ranking[0].name == "activation_3"
    assert inspection.ranking[0].suggested == ("relu",)


def test_without_localisation_nothing_is_blamed() -> None:
    inspection, course, (look, _) = inspected(localise=False)
    assert not look.look
    assert inspection.blames() == ()
    assert course.judge.samples == 0


def test_without_watching_there_are_no_signs() -> None:
    inspection, _, asked = inspected(watch=False)
    assert [p.history for p in asked] == [None, None]
    assert [p.proposal for p in asked] == [0, 0]  # the probe goes on
    assert inspection.signs == []


@pytest.mark.parametrize(
    ("clock", "watched"), [(TrainingClock(10.0), False), (WorkClock(10.0), True)]
)
def test_a_short_training_is_watched_only_where_seconds_cost_nothing(
    clock: Clock, watched: bool
) -> None:
    inspection, _, asked = inspected(clock, training_time=LEAST_WATCHED / 2)
    assert (asked[1].history is not None) == watched
    assert (Symptom.OSCILLATING in inspection.signs) == watched
    assert Curve.UNFINISHED in inspection.signs  # the curve costs nothing


def test_few_steps_are_a_sign_without_any_curve() -> None:
    clock = TrainingClock(10.0)
    course = Course(GuidedSettings(), task(), clock)
    inspection = Inspection(course)
    drive(inspection.run(), clock, lambda p: replace(answer(p), steps=1, losses=()))
    assert inspection.signs == [Symptom.OSCILLATING, Curve.FEW_STEPS]


def test_what_cannot_be_watched_is_trained() -> None:
    def unwatchable(proposal: Proposal) -> Outcome:
        if proposal.history:
            return Outcome(status=TrialStatus.INVALID, seconds=0.0, cause=Cause.PROGRAM)
        return answer(proposal)

    clock = TrainingClock(10.0)
    course = Course(GuidedSettings(), task(), clock)
    asked, _ = drive(Inspection(course).run(), clock, unwatchable)
    assert [p.proposal for p in asked] == [0, 1, 0]
    assert course.start.errors == {0: 0.5}


def test_signs_of_a_training_that_ended_without_numbers() -> None:
    diverged = Outcome(status=TrialStatus.DIVERGED, seconds=1.0, losses=FALLING)
    assert signs_of(diverged) == [Curve.NOT_FINITE]
    watched = replace(diverged, seen=Observation(watched=fake_seen(Symptom.EXPLODING)))
    assert signs_of(watched) == [Curve.NOT_FINITE]
    assert signs_of(completed(0.5, losses=FALLING)) == [Curve.UNFINISHED]
