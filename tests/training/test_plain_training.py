"""Plain trainings: steps, limits, and states from which they continue."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.subjects.registry import Registry
from harness.training.plain_training import Noted, PlainTraining, UnfinishedTrainings
from harness.training.request import Request


class Counting:
    """A program whose state is the number of its steps; the loss of step ``lost`` is infinite."""

    model = None
    macs = 10

    def __init__(self, lost: int = -1) -> None:
        self.steps, self.lost = 0, lost
        self.ran = 0

    def start(self, fresh: Any, learning_rate: float, seed: int) -> None:
        self.steps = 0

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        numbers = np.arange(self.steps, self.steps + last - first)
        self.steps += last - first
        self.ran += last - first
        return np.where(numbers == self.lost, np.inf, numbers).astype(np.float32)

    def predict(self, x: np.ndarray) -> np.ndarray:
        return x

    def finite(self) -> bool:
        return True

    def state(self) -> Any:
        return self.steps

    def restore(self, state: Any) -> None:
        self.steps = state


@pytest.fixture
def request_(registry: Registry) -> Request:
    """Four epochs of 7 steps: 200 samples in batches of 32."""
    fault = registry["X1"]
    return Request.of(fault, fault.fixed, seed=1)


def prepared(
    request: Request, program: Counting, unfinished: UnfinishedTrainings | None = None
) -> PlainTraining:
    return PlainTraining(program, request, 200, unfinished or UnfinishedTrainings())


def test_a_whole_training(request_: Request) -> None:
    program = Counting()
    progress = prepared(request_, program).train()
    assert program.steps == progress.steps == 28
    assert progress.losses == (3.0, 10.0, 17.0, 24.0)  # means of steps 0-6, 7-13, ...
    assert progress.work == 4 * 200 * 10
    assert (progress.begun, progress.ended, progress.fidelity) == (True, True, 1.0)


def test_a_work_limit_ends_with_the_step_that_reaches_it(request_: Request) -> None:
    progress = prepared(replace(request_, work_limit=33 * 10), Counting()).train()
    assert (progress.steps, progress.work, progress.ended) == (2, 64 * 10, False)
    assert progress.fidelity == 2 / 28


def test_without_time_there_is_no_step(request_: Request) -> None:
    progress = prepared(replace(request_, limit=0.0), Counting()).train()
    assert (progress.begun, progress.ended, progress.steps) == (False, False, 0)
    assert progress.fidelity == 1 / 28


def test_a_lost_loss_ends_the_training(request_: Request) -> None:
    program = Counting(lost=9)
    progress = prepared(request_, program).train()
    assert progress.diverged == "loss not finite in epoch 2"
    assert progress.losses == (3.0,)
    assert program.steps < 28


def test_a_kept_state_is_restored_once(request_: Request) -> None:
    unfinished, first = UnfinishedTrainings(), replace(request_, run="r", fidelity=0.5)
    part = prepared(first, Counting(), unfinished)
    assert part.train().steps == 14
    part.keep()
    again = replace(first, reached=0.5, fidelity=1.0)
    for restored in (True, False):  # then the first steps are trained again
        program = Counting()
        training = prepared(again, program, unfinished)
        training.resume()
        assert program.steps == 14
        assert program.ran == (0 if restored else 14)
        assert training.train().losses == (17.0, 24.0)


def test_states_of_other_runs_are_forgotten(request_: Request) -> None:
    unfinished = UnfinishedTrainings()
    unfinished.keep("r", 0, 5, Counting())
    unfinished.forget_others("r")
    assert unfinished.restore("r", 0, 5, Counting())
    unfinished.keep("r", 0, 5, Counting())
    assert not unfinished.restore("r", 0, 6, Counting())
    unfinished.keep("r", 0, 5, Counting())
    prepared(replace(request_, run="s"), Counting(), unfinished).resume()
    assert not unfinished.restore("r", 0, 5, Counting())


def test_values_that_are_read_are_noted_also_from_a_copy() -> None:
    noted = Noted({"epochs": 3, "learning_rate": 0.1, "units_1": 4})
    other = copy(noted)
    assert (dict.__len__(other), noted.read) == (3, set())
    assert other["epochs"] == 3
    other["units_1"] = 5
    assert (noted.read, noted["units_1"]) == ({"epochs", "units_1"}, 4)


@pytest.mark.parametrize(
    "reads",
    [
        lambda c: c.get("learning_rate"),
        lambda c: {**c},
        dict,
        lambda c: c.copy(),
        lambda c: [*c.items()],
        lambda c: [*c.values()],
        lambda c: c.pop("learning_rate"),
        lambda c: c | {},
    ],
)
def test_there_is_no_reading_without_a_note(reads: Any) -> None:
    noted = Noted({"learning_rate": 0.1})
    reads(noted)
    assert noted.read == {"learning_rate"}
