"""AutoTrainer as a technique: its runs one after another, and how they end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from formula import completed

from harness.records.clocks import TrainingClock
from harness.records.observation import Observation, Symptom
from harness.records.outcome import Outcome
from harness.techniques.autotrainer.rules import AS_DESCRIBED, AS_RUN
from harness.techniques.autotrainer.technique import (
    Autotrainer,
    AutotrainerIcst23,
    AutotrainerOptimiser,
)
from harness.techniques.contract import NotApplicable, Proposal, TaskProgram
from harness.testing import OptimiserTestCase, fake_seen, fake_task
from harness.vocabulary import METRICS, Cause, HarnessError, TrialStatus


class TestAutotrainer(OptimiserTestCase):
    @pytest.fixture(params=[Autotrainer(), AutotrainerIcst23()], ids=["described", "as run"])
    def technique(self, request: pytest.FixtureRequest) -> Any:
        return request.param


def optimiser(**settings: Any) -> AutotrainerOptimiser:
    return Autotrainer(**settings).optimiser(fake_task(), TrainingClock(9.0), 1)


def watched(symptom: Symptom | None) -> Outcome:
    return completed(0.5, seen=Observation(watched=fake_seen(symptom)))


def answer(search: AutotrainerOptimiser, outcome: Outcome) -> Proposal:
    proposal = search.ask()
    assert proposal is not None
    search.tell(proposal, outcome)
    return proposal


def test_the_two_modes_are_two_techniques() -> None:
    assert Autotrainer().rules() == AS_DESCRIBED
    assert AutotrainerIcst23().rules() == AS_RUN
    floor = Autotrainer(thresholds={"accuracy_floor": 0.5}).rules()
    assert floor.detection.accuracy_floor == floor.retraining.accuracy_floor == 0.5


def test_unknown_settings_are_refused_when_the_technique_is_made() -> None:
    with pytest.raises(HarnessError, match="Did you mean accuracy_floor"):
        Autotrainer(thresholds={"accuracy_flor": 0.5})


def test_regression_is_not_treated() -> None:
    real = TaskProgram(framework="keras", labels="real", build=dict, data=dict)
    for task in (
        replace(fake_task(), metric=METRICS["mae"]),
        replace(fake_task(), program=real),
    ):
        with pytest.raises(NotApplicable, match="needs classes and the metric accuracy"):
            Autotrainer().optimiser(task, TrainingClock(9.0), 1)


def test_no_symptom_ends_the_search() -> None:
    search = optimiser()
    first = answer(search, watched(None))
    assert first.history is not None
    assert dict(first.configuration) == dict(fake_task().faulty)
    assert search.ask() is None
    assert search.finish().status == "no_symptom"
    assert search.finish().health["runs_no_symptom"] == 1


def test_a_program_that_cannot_be_trained_is_not_treated() -> None:
    search = optimiser()
    answer(search, Outcome(status=TrialStatus.INVALID, seconds=0.0, cause=Cause.SHAPE))
    assert search.ask() is None
    assert search.finish().status == "not_applicable"


def test_a_solved_program_starts_the_next_run_of_the_tool() -> None:
    search = optimiser()
    answer(search, watched(Symptom.VANISHING))
    solved = answer(search, watched(None))
    assert solved.note is not None
    assert (solved.note["tool_run"], solved.note["solution"]) == (1, "selu")
    assert solved.configuration["activation_1"] == "selu"
    after = answer(search, watched(None))  # of the second run: that one never says "no symptom"
    assert after.note is not None
    assert (after.note["tool_run"], after.note["solution"]) == (2, "")
    health = search.finish().health
    assert (health["runs_solved"], health["answers"]) == (1, f"{solved.proposal},{after.proposal}")
    assert (health["showed_no_symptom"], health["showed_vanishing_gradient"]) == (2, 1)
    assert search.finish().status == "ok"


def test_a_training_that_the_budget_cut_says_nothing() -> None:
    search = optimiser()
    cut = Outcome(status=TrialStatus.CUT, seconds=0.5, fidelity=0.5)
    answer(search, cut)
    assert search.health()["proposals"] == 1
    assert search.finish().status == "ok"
