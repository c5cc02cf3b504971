"""Keras models of all kinds become programs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import pytest
from keras import layers as L

from harness.theia import extract_keras
from harness.theia.program import DataFacts, Kind

DATA = DataFacts(kind="tabular")


def test_a_schedule_counts_with_its_first_rate() -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.5, 100, 0.9)
    learner = extract_keras.learner_of("mse", keras.optimizers.SGD(schedule))
    assert learner.learning_rate == pytest.approx(0.5)
    assert learner.scheduled


def test_fused_activations_stay_on_their_layer() -> None:
    model = keras.Sequential([keras.Input((4,)), L.Dense(3, activation="swish", name="odd one")])
    (layer,), _ = extract_keras.keras_layers(model)
    assert (layer.activation, layer.name, layer.in_features) == ("silu", "odd one", 4)


def test_scaling_inside_the_model() -> None:
    model = keras.Sequential([keras.Input((4,)), L.Rescaling(1 / 255, offset=-0.5), L.Dense(1)])
    (scaling, _), _ = extract_keras.keras_layers(model)
    assert scaling.scale == (1 / 255, -0.5)


def test_operations_of_a_functional_graph() -> None:
    inputs = keras.Input((4,))
    hidden = keras.ops.relu(L.Dense(3)(inputs))
    model = keras.Model(inputs, L.Dense(1)(hidden) * L.Dense(1)(hidden))
    layers, _ = extract_keras.keras_layers(model)
    assert [x.kind for x in layers].count(Kind.MERGE) == 1
    assert [x.activation for x in layers if x.kind is Kind.ACTIVATION] == ["relu"]


def test_a_subclassed_keras_model_is_listed_and_says_so() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.hidden, self.out = L.Dense(3), L.Dense(1)

        def call(self, x: Any) -> Any:
            return self.out(self.hidden(x))

    layers, how = extract_keras.keras_layers(Own())
    assert [x.units for x in layers] == [3, 1]
    assert "not traced" in how


def test_a_whole_keras_program() -> None:
    model = keras.Sequential([keras.Input((4,)), L.Dense(1)])
    model.compile(keras.optimizers.SGD(0.25), "mse")
    program = extract_keras.extract_keras_program(
        model, data=DATA, task="regression", batch_size=8, epochs=3
    )
    learner = replace(program.learner, places={})
    assert (learner.loss, learner.expects, learner.optimiser) == ("mse", "values", "sgd")
    assert (learner.learning_rate, learner.batch_size, learner.epochs) == (0.25, 8, 3)


def test_a_function_of_the_user_counts_as_what_it_is_called() -> None:
    def _hard_sigmoid(x: Any) -> Any:
        return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)

    assert extract_keras.function_name(_hard_sigmoid) == "hard_sigmoid"
    assert extract_keras.function_name(lambda x: x) == "custom"
