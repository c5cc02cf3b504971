"""The same network in Keras and in PyTorch is the same program."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras import layers as L
from torch import nn
from zoo import LOSSES, ZOO, Pair

from harness.theia import extract_keras, extract_torch
from harness.theia.program import DataFacts, Kind, comparable

DATA = DataFacts(kind="tabular")


def batch(pair: Pair) -> torch.Tensor:
    """Two samples, channels first."""
    if pair.integers:
        return torch.randint(0, 50, (2, *pair.shape))
    return torch.rand(2, *pair.shape[-1:], *pair.shape[:-1])


@pytest.mark.parametrize("name", ZOO)
def test_a_pair_is_one_program(name: str) -> None:
    pair = ZOO[name]
    keras_layers, how = extract_keras.keras_layers(pair.keras())
    torch_layers, also = extract_torch.torch_layers(pair.torch(), batch(pair))
    assert how == also == "traced"
    assert comparable(keras_layers) == comparable(torch_layers)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_known_by_name_function_and_object(name: str) -> None:
    in_keras, in_torch = LOSSES[name]
    assert extract_keras.keras_loss(in_keras()) == extract_torch.torch_loss(in_torch())


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


def test_a_module_that_fails_is_listed_and_says_so() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(5, 1))
    layers, how = extract_torch.torch_layers(model, torch.rand(2, 4))
    assert [x.kind for x in layers] == [Kind.DENSE, Kind.ACTIVATION, Kind.DENSE]
    assert "the forward pass failed" in how


def test_the_pass_leaves_a_module_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
    model[2].eval()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    state = torch.get_rng_state()
    extract_torch.torch_layers(model, torch.rand(2, 4, generator=torch.Generator()))
    assert [m.training for m in model] == [True, True, False]
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())


def test_a_whole_keras_program() -> None:
    model = keras.Sequential([keras.Input((4,)), L.Dense(1)])
    model.compile(keras.optimizers.SGD(0.25), "mse")
    program = extract_keras.extract_keras_program(
        model, data=DATA, task="regression", batch_size=8, epochs=3
    )
    learner = replace(program.learner, places={})
    assert (learner.loss, learner.expects, learner.optimiser) == ("mse", "values", "sgd")
    assert (learner.learning_rate, learner.batch_size, learner.epochs) == (0.25, 8, 3)


def test_a_whole_torch_program() -> None:
    model = nn.Sequential(nn.Linear(4, 1))
    program = extract_torch.extract_torch_program(
        model,
        batch=np.zeros((2, 4), np.float32),
        data=DATA,
        task="regression",
        loss=nn.MSELoss(),
        optimizer=torch.optim.Adam(model.parameters(), lr=0.5),
        batch_size=8,
    )
    learner = program.learner
    assert (learner.loss, learner.optimiser, learner.learning_rate) == ("mse", "adam", 0.5)
    assert learner.convention == "logits"


def test_a_function_of_the_user_counts_as_what_it_is_called() -> None:
    def _hard_sigmoid(x: Any) -> Any:
        return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)

    assert extract_keras.function_name(_hard_sigmoid) == "hard_sigmoid"
    assert extract_keras.function_name(lambda x: x) == "custom"
