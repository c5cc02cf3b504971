"""Chains of Keras layers, and the kinds of layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers as L

from harness.training.keras.keras_layers import (
    chain_of,
    kind_of_layer,
    thresholded_relu,
    weights_finite,
)
from harness.vocabulary import HarnessError


def branching() -> keras.Model:
    inputs = keras.Input((4,))
    hidden = L.Dense(3)(inputs)
    return keras.Model(inputs, L.Add()([hidden, L.Dense(3)(hidden)]))


def two_inputs() -> keras.Model:
    one, other = keras.Input((4,)), keras.Input((4,))
    return keras.Model([one, other], L.Add()([one, other]))


def nested() -> keras.Model:
    inner = keras.Sequential([keras.Input((3,)), L.Dense(2)], name="inner")
    return keras.Sequential([keras.Input((4,)), L.Dense(3), inner])


def test_sequential_and_functional_models_are_chains() -> None:
    inputs = keras.Input((4,))
    functional = keras.Model(inputs, L.Dense(1)(L.ReLU()(L.Dense(3)(inputs))))
    sequential = keras.Sequential([keras.Input((4,)), L.Dense(3), L.ReLU(), L.Dense(1)])
    for model in (functional, sequential):
        assert [type(x).__name__ for x in chain_of(model)] == ["Dense", "ReLU", "Dense"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (branching, "the model is no chain: layer 'add"),
        (two_inputs, "2 inputs and 1 outputs"),
        (nested, "layer 'inner' is a model of its own"),
        (lambda: keras.Sequential([L.Dense(1)]), "is not built as a chain"),
    ],
)
def test_other_models_are_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        chain_of(make())


@pytest.mark.parametrize(
    ("layer", "kind"),
    [
        (L.Dense(1), "dense"),
        (L.Conv2DTranspose(1, 3), "convolution"),
        (L.LSTM(2), "recurrent"),
        (L.Embedding(9, 2), "embedding"),
        (L.LeakyReLU(), "activation"),
        (L.BatchNormalization(), "normalisation"),
        (L.GaussianNoise(0.1), "noise"),
        (L.Dropout(0.1), "other"),
    ],
)
def test_the_kind_of_a_layer(layer: Any, kind: str) -> None:
    assert kind_of_layer(layer) == kind


def test_the_layer_that_keras_3_no_longer_has() -> None:
    layer = thresholded_relu()(theta=0.5)
    found = np.array(layer(np.array([[0.4, 0.5, 0.6, -1.0]])))
    assert found == pytest.approx(np.array([[0, 0, 0.6, 0]]))
    assert kind_of_layer(layer) == "activation"
    assert type(layer).from_config(layer.get_config()).theta == 0.5


def test_one_weight_that_is_not_finite_counts() -> None:
    layer = L.Dense(2)
    layer.build((None, 2))
    assert weights_finite(layer)
    layer.set_weights([np.array([[0.0, np.nan], [0, 0]]), np.zeros(2)])
    assert not weights_finite(layer)
