"""Prices of the reference machine: additive, monotone, and invertible."""

import math

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
    judging=positive,
    judged=positive,
    samples=st.integers(1, 500),
    batch_size=st.integers(1, 600),
)
MLP = Anatomy(
    parts=(Part(kind="dense", macs=20, weights=22, variables=2, inputs=10, outputs=2),),
    optimiser="adam",
    inputs=10,
)


@given(prices, st.integers(0, 400))
def test_every_step_costs_something(one: Price, steps: int) -> None:
    assert one.training(0) == 0
    assert one.training(steps) < one.training(steps + 1)


@given(prices, st.integers(1, 300))
def test_the_steps_for_a_cost_are_the_fewest_that_reach_it(one: Price, steps: int) -> None:
    cost = one.training(steps)
    found = one.steps_for(cost)
    assert one.training(int(found)) >= cost * (1 - 1e-9)
    assert found <= steps + 1
    assert one.training(max(0, int(found) - 1)) <= cost * (1 + 1e-9)


def test_no_limit_is_no_limit() -> None:
    assert math.isinf(price(MLP, "keras", 100, 32).steps_for(math.inf))


def test_an_epoch_costs_its_samples_once_whatever_the_batch() -> None:
    one = Price(step=0, sample=1, epoch=0.5, judging=0, judged=0, samples=100, batch_size=32)
    assert one.training(4) == pytest.approx(100.5)
    assert one.training(8) == pytest.approx(201)
    assert one.evaluation(3) == 0


@pytest.mark.parametrize("framework", ["keras", "pytorch"])
def test_more_of_anything_costs_more(framework: str) -> None:
    usual = price(MLP, framework, 1000, 32)
    two = Anatomy(parts=MLP.parts * 2, optimiser="adam", inputs=10)
    assert price(two, framework, 1000, 32).training(100) > usual.training(100)
    assert price(MLP, framework, 1000, 8).training(125) > usual.training(32)  # an epoch each
    assert usual.evaluation(200) > usual.evaluation(100) > 0


@pytest.mark.parametrize("framework", ["keras", "pytorch"])
def test_what_was_never_measured_costs_as_the_dearest_of_its_sort(framework: str) -> None:
    constants = reference().frameworks[framework]
    macs = [value for name, value in constants.sample.items() if name.endswith(" MAC")]
    assert constant_of(constants.sample, "recurrent MAC") == max(macs) > 0
    own = Anatomy(parts=MLP.parts, optimiser="lion", inputs=10)
    dearest = max(
        price(Anatomy(parts=MLP.parts, optimiser=name, inputs=10), framework, 100, 10).step
        for name in ("sgd", "adam", "adadelta", "nadam")
    )
    assert price(own, framework, 100, 10).step >= dearest


def test_the_constants_are_those_of_the_clock() -> None:
    assert reference().version == REFERENCE_VERSION
    assert reference().machine


def test_inputs_are_counted_over_all_tensors() -> None:
    x = np.zeros((5, 2, 3))
    assert anatomy_of(MLP.parts, "sgd", x).inputs == 6
    assert anatomy_of(MLP.parts, "sgd", (x, x[:, :1])).inputs == 9
