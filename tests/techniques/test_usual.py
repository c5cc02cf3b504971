"""The usual program as a technique: one proposal, made by the table of usual values alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from asking import completed, failed, task

from harness.records.clocks import TrainingClock
from harness.records.outcome import Outcome
from harness.space.usual import Usual
from harness.study.plan import technique_name
from harness.techniques.contract import RepairTask, TaskProgram
from harness.techniques.usual import AllUsual, usual_start


def with_program(samples: int, labels: str = "binary") -> RepairTask:
    """A task whose program has this many training samples."""
    x, y = np.zeros((samples, 2)), np.zeros((samples, 1))
    program = TaskProgram(
        framework="keras", labels=labels, build=lambda c: None, data=lambda: (x, y, x, y)
    )
    return replace(task(), program=program)


@pytest.mark.parametrize("outcome", [completed(0.1), completed(1.0), failed()])
def test_it_proposes_once_whatever_comes_of_it(outcome: Outcome) -> None:
    optimiser = AllUsual().optimiser(task(), TrainingClock(99.0), 1)
    only = optimiser.ask()
    assert only is not None
    optimiser.tell(only, outcome)
    assert (optimiser.ask(), optimiser.ask()) == (None, None)
    assert (only.proposal, only.fidelity, only.note) == (0, 1.0, {"source": "usual"})
    assert optimiser.health() == {
        "proposals": 1,
        "repeats": 0,
        "usual_proposals": 1,
        "edits": 6,
    }


def test_the_proposal_is_that_of_the_table() -> None:
    this = with_program(1000)
    only = AllUsual().optimiser(this, TrainingClock(99.0), 1).ask()
    assert only is not None
    steps = 100.0 * 5  # batch size 10, 5 epochs
    table = Usual(this.space, "binary", this.faulty, steps)
    assert only.configuration == table.usual_program()


def test_the_size_of_the_data_decides_whether_the_steps_are_few() -> None:
    many, few = (usual_start(with_program(n))["learning_rate"] for n in (100_000, 80))
    assert (many, few) == (1e-3, 0.02)


def test_the_labels_decide_loss_and_output() -> None:
    assert usual_start(with_program(1000))["activation_1"] == "sigmoid"
    assert usual_start(with_program(1000, "one_hot"))["activation_1"] == "softmax"


def test_a_usual_program_is_trained_as_it_is() -> None:
    usual = usual_start(task())
    optimiser = AllUsual().optimiser(replace(task(), faulty=usual), TrainingClock(99.0), 1)
    only = optimiser.ask()
    assert only is not None and only.configuration == usual
    assert optimiser.health()["edits"] == 0


def test_it_is_registered_as_usual() -> None:
    assert technique_name(AllUsual()) == "usual"
