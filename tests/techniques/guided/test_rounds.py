from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from formula import completed, drive, task

from harness.records.clocks import TrainingClock
from harness.records.outcome import Outcome
from harness.space.usual import Usual
from harness.techniques.contract import Proposal
from harness.techniques.guided.course import Course
from harness.techniques.guided.neighbourhood import Neighbourhood
from harness.techniques.guided.rounds import DOUBTS, Rounds
from harness.techniques.guided.settings import GuidedSettings
from harness.techniques.guided.suspicion import Evidence
from harness.vocabulary import Configuration, TrialStatus, changed

FAULTY = task().faulty
Quality = Callable[[Configuration], float]


def rounds(budget: float = 30.0, error: float = 0.6, **settings: Any) -> tuple[Course, Rounds]:
    """A search after an inspection in which the faulty program had this error, probed or not."""
    course = Course(GuidedSettings(**settings), task(), TrainingClock(budget))
    course.start.errors, course.start.partial, course.start.number = {0: error}, error, 0
    course.proposals = 1
    usual = Usual(task().space, "one_hot", FAULTY)
    rng = np.random.default_rng(1)
    hood = Neighbourhood(Evidence(FAULTY, usual), rng, jitter=0.0, probe=course.settings.probe)
    hood.enter(FAULTY)
    return course, Rounds(course, hood)


def play(course: Course, search: Rounds, quality: Quality) -> tuple[list[Proposal], bool]:
    def answer(proposal: Proposal) -> Outcome:
        value = quality(proposal.configuration)
        return completed(value, seconds=proposal.fidelity, fidelity=proposal.fidelity)

    return drive(search.round(), course.clock, answer)


def phases(asked: list[Proposal]) -> list[str]:
    return [str(p.note["phase"]) for p in asked if p.note]


def test_a_striking_probe_is_trained_to_its_end_at_once() -> None:
    course, search = rounds()
    asked, tried = play(course, search, lambda c: 0.9)
    assert phases(asked) == ["probe", "train"]
    assert [p.proposal for p in asked] == [1, 1]  # the same training goes on
    assert [p.fidelity for p in asked] == [0.25, 1.0]
    assert tried and course.best is not course.start
    assert course.best.parent is course.start
    assert course.counts["probed"] == course.counts["kept"] == 1


def test_the_best_of_the_promising_probes_is_trained() -> None:
    course, search = rounds()
    values = iter([0.50, 0.55, 0.55])  # none is striking
    asked, _ = play(course, search, lambda c: next(values))
    assert phases(asked) == ["probe", "probe", "train"]
    assert asked[2].proposal == asked[1].proposal


def test_a_probe_without_a_gain_is_dropped() -> None:
    course, search = rounds()
    asked, tried = play(course, search, lambda c: 0.4)
    assert phases(asked) == ["probe", "probe"]
    assert tried and course.best is course.start
    assert course.counts["dropped"] == 2


def test_after_two_fruitless_rounds_a_dropped_program_gets_its_chance() -> None:
    course, search = rounds()
    first, _ = play(course, search, lambda c: 0.4)
    values = iter([0.4, 0.4, 0.9])
    second, _ = play(course, search, lambda c: next(values))
    assert phases(second) == ["probe", "probe", "train"]
    assert second[2].proposal == first[0].proposal
    assert course.best.configuration == dict(first[0].configuration)


def test_without_probes_each_step_is_trained_to_its_end() -> None:
    course, search = rounds(probe=1.0)
    asked, _ = play(course, search, lambda c: 0.9)
    assert phases(asked) == ["train"]
    assert course.counts["probed"] == 0


def test_nothing_is_tried_around_a_perfect_program_or_without_budget() -> None:
    for course, search in (rounds(error=0.0), rounds(budget=1.1)):
        assert play(course, search, lambda c: 0.9) == ([], False)


def test_a_gain_in_the_probe_only_casts_doubt_on_the_faulty_program() -> None:
    course, search = rounds(error=0.5)
    course.start.partial = 0.6
    tries = iter([0.9, 0.5, *[0.5] * DOUBTS])  # good when probed, no better in the end
    asked, _ = play(course, search, lambda c: next(tries))
    assert phases(asked) == ["probe", "train", *["doubt"] * (DOUBTS - 1)]
    assert len(course.start.errors) == DOUBTS
    assert course.best is course.start


def test_far_steps_are_drawn_from_the_whole_space() -> None:
    course, search = rounds(near=False)
    asked, _ = play(course, search, lambda c: 0.9)
    assert len(changed(FAULTY, asked[0].configuration)) > 4
    assert asked[0].configuration in task().space


def test_what_a_cut_training_reached_counts() -> None:
    course, search = rounds()

    def answer(proposal: Proposal) -> Outcome:
        if proposal.fidelity < 1:
            return completed(0.9, seconds=0.25, fidelity=0.25)
        return Outcome(status=TrialStatus.CUT, seconds=0.5, fidelity=0.5, search=0.9, holdout=0.9)

    drive(search.round(), course.clock, answer)
    assert course.best.errors == pytest.approx({1: 0.1})
    assert math.isfinite(course.best.error)
