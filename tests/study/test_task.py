"""What a technique receives of a fault."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from recorded import recorded_trial
from tiny import plan

from harness.study.task import repair_task, replays
from harness.subjects.registry import load_registry
from harness.vocabulary import TrialStatus

pytestmark = pytest.mark.usefixtures("with_own_faults")


def test_what_a_technique_sees_holds_no_truth() -> None:
    """The task names neither fault nor subject, and its space is that of the faulty program."""
    fault = load_registry()["X1"]
    (cell,) = plan(repetitions=1).cells(load_registry())
    task = repair_task(fault, cell, training_time=1.0)
    text = repr(replace(task, program=None))
    assert "X1" not in text
    assert "sum_sign" not in text
    assert str(fault.fixed["learning_rate"]) not in text
    assert task.program is not None
    assert len(task.program.data()) == 4  # no holdout


def test_a_program_trains_on_the_data_of_its_cell() -> None:
    fault = load_registry()["X1"]
    (cell,) = plan(repetitions=1, fraction=0.5).cells(load_registry())
    task = repair_task(fault, cell, training_time=2.0)
    assert task.training_time == 2.0
    assert task.space.variant == cell.space
    assert task.program is not None
    assert (task.program.framework, task.program.labels) == ("keras", "one_hot")
    arrays = fault.subject.data(fault.data_seed, "default", 0.5, fault.faulty)
    x, _, x_search, _ = task.program.data()
    assert len(x) == 100
    assert np.array_equal(x, arrays.x_train)
    assert np.array_equal(x_search, arrays.x_search)


@pytest.mark.parametrize(
    ("configuration", "replayed"), [({"epochs": 3}, {"epochs": 3}), (None, {})]
)
def test_recorded_trials_are_replayed_with_their_outcomes(
    configuration: Any, replayed: dict[str, Any]
) -> None:
    trial = recorded_trial(
        4,
        status=TrialStatus.COMPLETED,
        search=0.5,
        holdout=0.25,
        spent=1.0,
        configuration=configuration,
    )
    (replay,) = replays([trial])
    assert (replay.proposal, replay.configuration) == (4, replayed)
    assert replay.outcome is trial.outcome
