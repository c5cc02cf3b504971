"""Edits of Keras models: layers and weights afterwards."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers as L

from harness.training.keras.keras_edits import edited_model
from harness.vocabulary import HarnessError


@pytest.fixture
def model() -> keras.Model:
    """Two hidden layers: the activation of the first is fused, that of the second a layer."""
    return keras.Sequential(
        [
            keras.Input((4,)),
            L.Dense(5, activation="sigmoid"),
            L.Dense(3),
            L.Activation("tanh"),
            L.Dense(2, activation="softmax"),
        ]
    )


def edited(model: keras.Model, **edit: Any) -> keras.Model:
    return edited_model(model, model.layers, [edit], seed=3)


def shown(model: keras.Model) -> list[str]:
    """Layers with their activations."""
    names = (getattr(getattr(x, "activation", None), "__name__", "") for x in model.layers)
    return [f"{type(x).__name__} {n}".strip() for x, n in zip(model.layers, names, strict=True)]


HIDDEN = "Dense linear"
OUTPUT = "Dense softmax"


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            {"edit": "activation", "to": "selu", "separate": True},
            ["Dense selu", HIDDEN, "Activation selu", OUTPUT],
        ),
        (
            {"edit": "activation", "to": "selu", "separate": False},
            ["Dense selu", HIDDEN, "Activation tanh", OUTPUT],
        ),
        (
            {"edit": "advanced_activation", "to": "elu", "separate": True, "strip_output": True},
            [HIDDEN, "ELU", HIDDEN, "ELU", HIDDEN],
        ),
        (
            {"edit": "batch_normalisation", "before_activation": True},
            [HIDDEN, "BatchNormalization", "Activation sigmoid", HIDDEN, "BatchNormalization",
             "Activation tanh", OUTPUT],
        ),
        (
            {"edit": "batch_normalisation", "before_activation": False},
            ["Dense sigmoid", "BatchNormalization", HIDDEN, "BatchNormalization",
             "Activation tanh", OUTPUT],
        ),
        (
            {"edit": "gaussian_noise", "deviation": 0.1},
            ["GaussianNoise", "Dense sigmoid", HIDDEN, "Activation tanh", OUTPUT],
        ),
    ],
)  # fmt: skip
def test_layers_after_an_edit(
    model: keras.Model, edit: dict[str, Any], expected: list[str]
) -> None:
    before = shown(model)
    after = edited(model, **edit)
    assert shown(after) == expected
    assert shown(model) == before
    old, new = ([x for x in m.layers if isinstance(x, L.Dense)] for m in (model, after))
    for one, other in zip(old, new, strict=True):
        assert np.array_equal(one.get_weights()[0], other.get_weights()[0])


def test_initialised_layers_are_redrawn_but_the_output_stays(model: keras.Model) -> None:
    edit = {"edit": "initialise", "kernel": "he_normal", "bias": "ones", "redraw": True}
    after, again = edited(model, **edit), edited(model, **edit)
    assert after.layers[0].bias.numpy().tolist() == [1.0] * 5
    assert not np.array_equal(after.layers[0].kernel, model.layers[0].kernel)
    assert np.array_equal(after.layers[-1].kernel, model.layers[-1].kernel)
    assert np.array_equal(after.layers[0].kernel, again.layers[0].kernel)  # the same seed
    kept = edited(model, **{**edit, "redraw": False})
    assert np.array_equal(kept.layers[0].kernel, model.layers[0].kernel)


def test_lost_weights_are_redrawn(model: keras.Model) -> None:
    model.layers[-1].kernel.assign(np.full((3, 2), np.nan))
    after = edited(model, edit="activation", to="relu", separate=True)
    assert np.isfinite(after.layers[-1].kernel).all()


def test_an_unknown_activation_layer(model: keras.Model) -> None:
    with pytest.raises(HarnessError, match="no activation layer 'elo'"):
        edited(model, edit="advanced_activation", to="elo", separate=True, strip_output=False)
