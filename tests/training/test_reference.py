"""Prices of the reference machine: additive, monotone, and invertible."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records.clocks import REFERENCE_VERSION
from harness.training.anatomy import Anatomy, Part
from harness.training.reference import Price, anatomy_of, constant_of, price, reference

positive = st.floats(1e-6, 10)
prices = st.builds(
    Price,
    step=positive,
    sample=positive,
    epoch=st.floats(0, 10),
    start=st.floats(0, 10),
    judging=positive,
    judged=positive,
    samples=st.integers(1, 500),
    batch_size=st.integers(1, 600),
)
MLP = Anatomy(
    parts=(Part(kind="dense", macs=20, weights=22, variables=2, inputs=10, outputs=2),),
    loss="hinge",
    optimiser="adam",
    inputs=10,
)


@given(prices, st.integers(0, 400))
def test_every_step_costs_something(one: Price, steps: int) -> None:
    assert one.training(0) == 0
    assert one.training(steps) < one.training(steps + 1)


@given(prices, st.integers(1, 300), st.integers(0, 299))
def test_the_step_within_a_cost_is_the_first_that_reaches_it(
    one: Price, steps: int, after: int
) -> None:
    after = min(after, steps - 1)
    cost = one.training(steps, after)
    found = int(one.steps_within(cost, after))
    assert one.training(found, after) >= cost * (1 - 1e-6)
    assert found <= steps + 1
    assert found == after or one.training(found - 1, after) <= cost * (1 + 1e-6)


@given(prices, st.integers(0, 300), st.integers(0, 300))
def test_a_continued_training_pays_for_its_own_steps_and_a_start(
    one: Price, first: int, more: int
) -> None:
    parts = one.training(first) + one.training(first + more, first)
    whole = one.training(first + more)
    starts = bool(first) + bool(more) - bool(first + more)
    assert parts == pytest.approx(whole + starts * one.start)


def test_whatever_is_left_of_a_budget_buys_a_step() -> None:
    """Else a run would end in trials that cost nothing."""
    one = price(MLP, "keras", 100, 32)
    assert one.steps_within(one.start / 10) == 1
    assert one.steps_within(one.start / 10, after=7) == 8
    assert one.steps_within(0.0, after=7) == 7


def test_no_limit_is_no_limit() -> None:
    assert math.isinf(price(MLP, "keras", 100, 32).steps_within(math.inf))


def test_an_epoch_costs_its_samples_once_whatever_the_batch() -> None:
    one = Price(
        step=0, sample=1, epoch=0.5, start=2, judging=0, judged=0, samples=100, batch_size=32
    )
    assert one.training(4) == pytest.approx(102.5)
    assert one.training(8) == pytest.approx(203)
    assert one.evaluation(3) == 0


@pytest.mark.parametrize("framework", ["keras", "pytorch"])
def test_more_of_anything_costs_more(framework: str) -> None:
    usual = price(MLP, framework, 1000, 32)
    two = replace(MLP, parts=MLP.parts * 2)
    assert price(two, framework, 1000, 32).training(100) > usual.training(100)
    assert price(MLP, framework, 1000, 8).training(125) > usual.training(32)  # an epoch each
    assert usual.evaluation(200) > usual.evaluation(100) > 0


@pytest.mark.parametrize("framework", ["keras", "pytorch"])
def test_what_was_never_measured_costs_as_the_dearest_of_its_sort(framework: str) -> None:
    constants = reference().frameworks[framework]
    macs = [value for name, value in constants.sample.items() if name.endswith(" MAC")]
    assert constant_of(constants.sample, "recurrent MAC") == max(macs) > 0
    own = replace(MLP, optimiser="lion", loss="own")
    dearest = max(
        price(replace(MLP, optimiser=name), framework, 100, 10).step
        for name in ("sgd", "adam", "adadelta", "nadam")
    )
    assert price(own, framework, 100, 10).step >= dearest


def test_the_constants_are_those_of_the_clock() -> None:
    assert reference().version == REFERENCE_VERSION
    assert reference().machine


def test_inputs_are_counted_over_all_tensors() -> None:
    x = np.zeros((5, 2, 3))
    assert anatomy_of(MLP.parts, "hinge", "sgd", x).inputs == 6
    assert anatomy_of(MLP.parts, "hinge", "sgd", (x, x[:, :1])).inputs == 9
