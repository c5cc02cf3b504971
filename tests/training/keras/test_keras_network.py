"""Keras models as networks: loops that are watched."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers as L

from harness.training import configure
from harness.training.judge import accuracy
from harness.training.keras.keras_network import KerasNetwork, correct_shares, make_optimiser
from harness.training.watched.history import Training
from harness.vocabulary import HarnessError

X = np.random.default_rng(0).normal(size=(10, 4)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("float32")[:, None]


@pytest.fixture(scope="module", autouse=True)
def tensorflow() -> None:
    configure("tensorflow", threads=1)


def training(**change: Any) -> Training:
    usual = {"loss": "mean_squared_error", "optimiser": "sgd", "learning_rate": 0.5,
             "batch_size": 4, "epochs": 1}  # fmt: skip
    return Training(**{**usual, **change})


@pytest.fixture
def network() -> KerasNetwork:
    layers = [keras.Input((4,)), L.Dense(3, activation="relu"), L.Dense(1, activation="sigmoid")]
    return KerasNetwork(keras.Sequential(layers))


def test_a_watched_loop(network: KerasNetwork) -> None:
    loss = keras.losses.get("mean_squared_error")
    loop = network.loop(training(), loss, X, Y, seed=1)
    before = network.outputs(X)
    assert loop.loss(Y, before) == pytest.approx(float(np.mean((Y - before) ** 2)), rel=1e-5)
    assert [g.shape for g in loop.gradients()] == [(4, 3), (3,), (3, 1), (1,)]
    reports = loop.run(np.arange(10, dtype=np.int32), 0, 3)
    assert reports.shape == (3, 2)
    assert reports[0, 1] == accuracy(Y[:4], before[:4])
    assert not np.array_equal(loop.predict(X), before)
    assert loop.finite()
    assert loop.rate == 0.5
    loop.rate = 0.25
    assert loop.rate == 0.25


def test_an_edited_network_leaves_the_first_alone(network: KerasNetwork) -> None:
    other = network.edited([{"edit": "gaussian_noise", "deviation": 0.1}], seed=1)
    assert network.kinds == ("dense", "dense")
    assert other.kinds == ("noise", "dense", "dense")
    assert np.array_equal(other.outputs(X), network.outputs(X))


@pytest.mark.parametrize(
    ("y", "predicted"),
    [
        (np.eye(3)[[0, 1, 2]], np.array([[5, 1, 1], [5, 1, 1], [1, 1, 5.0]])),
        (np.array([0, 1, 2]), np.array([[5, 1, 1], [5, 1, 1], [1, 1, 5.0]])),
        (np.array([[1.0], [0.0]]), np.array([[0.6], [0.6]])),
    ],
)
def test_hits_are_counted_as_the_judge_counts(y: np.ndarray, predicted: np.ndarray) -> None:
    assert np.mean(np.array(correct_shares(y, predicted))) == pytest.approx(accuracy(y, predicted))


def test_an_optimiser_that_cannot_be_made() -> None:
    assert make_optimiser(training(options={"momentum": 0.9})).momentum == 0.9
    with pytest.raises(HarnessError, match="no optimiser 'sdg'. Did you mean sgd"):
        make_optimiser(training(optimiser="sdg"))
    with pytest.raises(HarnessError, match="sgd cannot be made with {'beta': 1}"):
        make_optimiser(training(options={"beta": 1}))
