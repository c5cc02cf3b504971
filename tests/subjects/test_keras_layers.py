"""What Keras layers take from a configuration."""

from __future__ import annotations

import pytest

from harness.subjects.keras_layers import initialiser_options, layer_options
from harness.subjects.registry import FAULTS, load_registry

CONFIGURATION = {
    "activation_1": "relu",
    "activation_12": "tanh",
    "kernel_initialiser_1": "he_normal",
    "kernel_initialiser_12": "zeros",
    "bias_initialiser_1": "ones",
    "bias_initialiser_12": "random_normal",
}


def test_a_layer_has_the_values_of_its_number() -> None:
    assert layer_options(CONFIGURATION, 12) == {
        "activation": "tanh",
        "kernel_initializer": "zeros",
        "bias_initializer": "random_normal",
    }
    assert initialiser_options(CONFIGURATION, 1) == {
        "kernel_initializer": "he_normal",
        "bias_initializer": "ones",
    }


@pytest.mark.parametrize("fault", ["D7", "G1", "M1"])
def test_every_value_reaches_the_program(fault: str) -> None:
    from keras.layers import Layer

    registered = load_registry([FAULTS])[fault]
    values = {**registered.fixed, "kernel_initialiser_1": "he_uniform", "activation_1": "tanh"}
    layers: list[Layer] = registered.subject.build(values).layers
    first = next(layer for layer in layers if hasattr(layer, "kernel_initializer"))
    assert first.get_config()["activation"] == "tanh"
    assert first.get_config()["kernel_initializer"]["class_name"] == "HeUniform"
