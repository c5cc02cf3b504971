"""Plain trainings: steps, limits, and states from which they continue."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.subjects.registry import Registry
from harness.training.plain_training import Noted, PlainTraining, UnfinishedTrainings
from harness.training.reference import Price
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


PRICE = Price(step=1, sample=0, epoch=0, start=0, judging=0, judged=0, samples=200, batch_size=32)


def prepared(
    request: Request, program: Counting, unfinished: UnfinishedTrainings | None = None
) -> PlainTraining:
    return PlainTraining(program, request, PRICE, unfinished or UnfinishedTrainings())


def unjudged() -> None:
    """A judge who has no verdict."""


def test_a_whole_training(request_: Request) -> None:
    program = Counting()
    progress = prepared(request_, program).train(unjudged)
    assert program.steps == progress.steps == 28
    assert progress.losses == (3.0, 10.0, 17.0, 24.0)  # means of steps 0-6, 7-13, ...
    assert progress.work == 4 * 200 * 10
    assert (progress.begun, progress.ended, progress.fidelity) == (True, True, 1.0)


def test_a_work_limit_ends_with_the_step_that_reaches_it(request_: Request) -> None:
    progress = prepared(replace(request_, work_limit=33 * 10), Counting()).train(unjudged)
    assert (progress.steps, progress.work, progress.ended) == (2, 64 * 10, False)
    assert progress.fidelity == 2 / 28


def test_a_limit_of_the_reference_machine_likewise(request_: Request) -> None:
    progress = prepared(replace(request_, reference_limit=8.5), Counting()).train(unjudged)
    assert (progress.steps, progress.reference, progress.ended) == (9, 9.0, False)
    assert progress.losses == (3.0, 7.5)


MARKED: dict[str, Any] = {"reference_limit": 20.0, "marks": ((5, 3.0), (10, 8.5), (15, 20.0))}


def test_marks_are_what_a_shorter_training_would_have_been(request_: Request) -> None:
    program = Counting()
    plain = prepared(replace(request_, reference_limit=20.0), Counting()).train(unjudged)
    marked = prepared(replace(request_, **MARKED), program).train(
        lambda: (float(program.steps), -1.0)
    )
    assert [(m.budget, m.steps, m.search, m.reference_seconds) for m in marked.marks] == [
        (5, 3, 3.0, 3.0),
        (10, 9, 9.0, 9.0),
    ]  # the last one ends where the training does
    for mark, limit in zip(marked.marks, (3.0, 8.5), strict=True):
        own = prepared(replace(request_, reference_limit=limit), Counting()).train(unjudged)
        assert (mark.steps, mark.fidelity, mark.work) == (own.steps, own.fidelity, own.work)
        assert not mark.ended
    assert (marked.losses, marked.steps, marked.work) == (plain.losses, plain.steps, plain.work)


def test_a_mark_that_pays_for_the_whole_needs_no_judging(request_: Request) -> None:
    marks = ((5, 28.0), (10, 99.0))
    progress = prepared(replace(request_, marks=marks), Counting()).train(unjudged)
    assert [(m.budget, m.ended, m.search) for m in progress.marks] == [
        (5, True, None),
        (10, True, None),
    ]


def test_marks_count_work_where_the_limit_does(request_: Request) -> None:
    asked = replace(request_, work_limit=100 * 320.0, marks=((5, 330.0),))
    (mark,) = prepared(asked, Counting()).train(lambda: (0.5, 0.25)).marks
    assert (mark.steps, mark.work, mark.search, mark.holdout) == (2, 640.0, 0.5, 0.25)


def test_nothing_is_marked_after_the_training_diverged(request_: Request) -> None:
    asked = replace(request_, reference_limit=20.0, marks=((5, 3.0), (10, 5.0)))
    progress = prepared(asked, Counting(lost=3)).train(lambda: (0.5, 0.25))
    assert [m.budget for m in progress.marks] == [5]
    assert progress.diverged


def test_a_continued_training_is_marked_from_where_it_goes_on(request_: Request) -> None:
    unfinished, first = UnfinishedTrainings(), replace(request_, run="r", fidelity=0.5)
    part = prepared(first, Counting(), unfinished)
    part.train(unjudged)
    part.keep()
    again = replace(first, reached=0.5, fidelity=1.0, reference_limit=14.0, marks=((5, 4.0),))
    training = prepared(again, Counting(), unfinished)
    training.resume()
    (mark,) = training.train(lambda: (0.5, 0.25)).marks
    assert (mark.steps, mark.reference_seconds, mark.fidelity) == (4, 4.0, 18 / 28)


def test_without_time_there_is_no_step(request_: Request) -> None:
    progress = prepared(replace(request_, limit=0.0), Counting()).train(unjudged)
    assert (progress.begun, progress.ended, progress.steps) == (False, False, 0)
    assert progress.fidelity == 1 / 28


def test_a_lost_loss_ends_the_training(request_: Request) -> None:
    program = Counting(lost=9)
    progress = prepared(request_, program).train(unjudged)
    assert progress.diverged == "loss not finite in epoch 2"
    assert progress.losses == (3.0,)
    assert program.steps < 28


def test_a_kept_state_is_restored_once(request_: Request) -> None:
    unfinished, first = UnfinishedTrainings(), replace(request_, run="r", fidelity=0.5)
    part = prepared(first, Counting(), unfinished)
    assert part.train(unjudged).steps == 14
    part.keep()
    again = replace(first, reached=0.5, fidelity=1.0)
    for restored in (True, False):  # then the first steps are trained again
        program = Counting()
        training = prepared(again, program, unfinished)
        training.resume()
        assert program.steps == 14
        assert program.ran == (0 if restored else 14)
        assert training.train(unjudged).losses == (17.0, 24.0)


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
