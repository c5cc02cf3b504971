"""Work is counted from the layers: the numbers below are worked out by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.training import configure
from harness.training.work import samples_seen, steps_to_see, training_macs


@pytest.fixture(scope="module", autouse=True)
def keras() -> None:
    configure("tensorflow", threads=1)


def test_the_digits_cnn_by_hand() -> None:
    from keras import Input, Sequential, layers

    model = Sequential(
        [
            Input((8, 8, 1)),
            layers.Conv2D(8, 3),  # 6 x 6 places, 3 x 3 x 1 x 8 weights
            layers.BatchNormalization(),  # no product of matrices
            layers.Conv2D(16, 3),  # 4 x 4 places, 3 x 3 x 8 x 16
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(64),  # 64 x 64
            layers.Dense(10),
        ]
    )
    forward = 36 * 72 + 16 * 1152 + 64 * 64 + 640
    assert training_macs(model) == 3 * forward


def test_sequences_and_nested_models() -> None:
    from keras import Input, Sequential, layers

    inner = Sequential([Input((5, 4)), layers.Dense(3)])  # at five places
    model = Sequential(
        [
            Input((5,)),
            layers.Embedding(100, 4),  # looks up
            inner,
            layers.LSTM(2),  # five steps, 4 gates: (3 + 2) x 8
            layers.Dense(1),
        ]
    )
    assert training_macs(model) == 3 * (5 * 12 + 5 * 40 + 2)


def test_a_model_without_weights_costs_something() -> None:
    from keras import Input, Sequential, layers

    assert training_macs(Sequential([Input((2,)), layers.Flatten()])) == 1


@given(st.integers(1, 500), st.integers(1, 64), st.integers(0, 300))
def test_steps_and_samples_belong_together(samples: int, size: int, steps: int) -> None:
    seen = samples_seen(steps, samples, size)
    assert steps_to_see(seen, samples, size) == steps
    assert steps_to_see(seen + 0.5, samples, size) == steps + 1
    assert samples_seen(steps + 1, samples, size) > seen
    assert math.isinf(steps_to_see(math.inf, samples, size))
