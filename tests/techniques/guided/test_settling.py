from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from formula import completed, drive, task

from harness.records.clocks import TrainingClock
from harness.records.outcome import Outcome
from harness.space.usual import Usual
from harness.techniques.contract import Proposal
from harness.techniques.guided.course import Course
from harness.techniques.guided.neighbourhood import Neighbourhood
from harness.techniques.guided.program import TriedProgram
from harness.techniques.guided.settings import GuidedSettings
from harness.techniques.guided.settling import confirm_best, settle
from harness.techniques.guided.suspicion import Evidence, suspects
from harness.vocabulary import Configuration, TrialStatus, changed

FAULTY = task().faulty
EVIDENCE = Evidence(FAULTY, Usual(task().space, "one_hot", FAULTY))
EDITS: dict[str, Any] = {"activation_3": "relu", "epochs": 7, "batch_size": 100}


def found(budget: float = 30.0, **settings: Any) -> Course:
    """A run whose search has ended: three edits take the error from 0.6 to 0.2."""
    course = Course(GuidedSettings(**settings), task(), TrainingClock(budget))
    course.start.errors = {0: 0.6}
    course.best = TriedProgram(
        {**FAULTY, **EDITS},
        parent=course.start,
        number=1,
        errors={1: 0.2},
        charged=1.0,
        trained=1.0,
    )
    course.proposals = 2
    return course


def play(course: Course, quality: Callable[[Configuration], float]) -> list[Proposal]:
    hood = Neighbourhood(EVIDENCE, np.random.default_rng(1), 0.0, 0.25)
    steps = settle(course, hood, suspects(EVIDENCE))
    asked, _ = drive(steps, course.clock, lambda p: completed(quality(p.configuration)))
    return asked


def needs_the_activation(c: Configuration) -> float:
    return 0.8 if c["activation_3"] == "relu" else 0.4


def test_what_is_not_needed_is_taken_back_the_least_suspected_first() -> None:
    course = found()
    asked = play(course, needs_the_activation)
    phases = [p.note["phase"] for p in asked if p.note]
    assert phases == ["confirm", "minimise", "minimise"]
    assert changed(FAULTY, course.best.configuration) == {
        "activation_3": (FAULTY["activation_3"], "relu")
    }
    order = [s.name for s in suspects(EVIDENCE)]
    taken = [p.note["taken_back"] for p in asked[1:] if p.note]
    assert taken == sorted(taken, key=order.index, reverse=True)
    assert (course.counts["confirmed"], course.counts["taken_back"]) == (1, 2)


def test_what_is_needed_stays() -> None:
    course = found()
    play(course, lambda c: 0.8 if {**c, **EDITS} == dict(c) else 0.4)
    assert len(changed(FAULTY, course.best.configuration)) == 3
    assert course.counts["taken_back"] == 0


def test_the_tolerance_lets_the_error_grow() -> None:
    def quality(c: Configuration) -> float:
        return needs_the_activation(c) - 0.03 * (c["epochs"] != 7)

    for tolerance, edits in ((0.05, 2), (0.2, 1)):
        course = found(tolerance=tolerance)
        play(course, quality)
        assert len(changed(FAULTY, course.best.configuration)) == edits


def test_without_minimising_a_patch_is_only_confirmed() -> None:
    course = found(minimise=False, confirmations=3)
    assert len(play(course, needs_the_activation)) == 3
    assert len(changed(FAULTY, course.best.configuration)) == 3


def test_a_refuted_program_gives_way_to_the_one_it_came_from() -> None:
    course = found()
    best = course.best
    asked = play(course, lambda c: 0.0)
    assert len(asked) == 1
    assert course.best is course.start is best.parent
    assert course.counts["refuted"] == 1


def test_the_faulty_program_needs_no_confirmation() -> None:
    course = found()
    course.best = course.start
    assert play(course, needs_the_activation) == []


def test_without_budget_nothing_is_confirmed_or_taken_back() -> None:
    course = found(budget=0.5)
    assert play(course, needs_the_activation) == []
    course = found(budget=1.5)
    assert len(play(course, needs_the_activation)) == 1


def test_a_confirmation_that_was_cut_is_not_repeated() -> None:
    course = found()
    cut = Outcome(status=TrialStatus.CUT, seconds=0.1, fidelity=0.5, search=0.1, holdout=0.1)
    asked, _ = drive(confirm_best(course), course.clock, lambda _: cut)
    assert len(asked) == 1
    assert course.counts["refuted"] == 0
