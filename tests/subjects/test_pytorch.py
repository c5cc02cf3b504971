"""The operators' values in PyTorch, against values computed by hand and against Keras."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from harness.space import operators
from harness.subjects.pytorch import (
    TORCH_INITIALISERS,
    TORCH_LOSSES,
    TORCH_OPTIMISERS,
    activation,
    block,
)
from harness.training import configure
from harness.training.keras.keras_programs import KERAS_OPTIMISERS as KERAS_OPTIMISERS
from harness.vocabulary import HarnessError

Y = [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
P = [[0.2, 0.5, 0.3], [0.25, 0.25, 0.5]]

BY_HAND = {
    "mean_squared_error": [0.38 / 3, 0.875 / 3],
    "mean_absolute_error": [1.0 / 3, 1.5 / 3],
    "mean_absolute_percentage_error": [100 * (2e6 + 0.5 + 3e6) / 3, 100 * (0.75 + 7.5e6) / 3],
    "mean_squared_logarithmic_error": [
        (math.log(1.2) ** 2 + math.log(2 / 1.5) ** 2 + math.log(1.3) ** 2) / 3,
        (math.log(2 / 1.25) ** 2 + math.log(1.25) ** 2 + math.log(1.5) ** 2) / 3,
    ],
    "squared_hinge": [(1.44 + 0.25 + 1.69) / 3, (0.5625 + 1.5625 + 2.25) / 3],
    "hinge": [(1.2 + 0.5 + 1.3) / 3, (0.75 + 1.25 + 1.5) / 3],
    "categorical_hinge": [0.8, 1.25],
    "log_cosh": [
        (math.log(math.cosh(0.2)) + math.log(math.cosh(0.5)) + math.log(math.cosh(0.3))) / 3,
        (math.log(math.cosh(0.75)) + math.log(math.cosh(0.25)) + math.log(math.cosh(0.5))) / 3,
    ],
    "categorical_crossentropy": [-math.log(0.5), -math.log(0.25)],
    "sparse_categorical_crossentropy": [-math.log(0.5), -math.log(0.25)],
    "binary_crossentropy": [
        -(math.log(0.8) + math.log(0.5) + math.log(0.7)) / 3,
        -(math.log(0.25) + math.log(0.75) + math.log(0.5)) / 3,
    ],
    "kl_divergence": [math.log(2), math.log(4)],
    "poisson": [(1.0 - math.log(0.5)) / 3, (1.0 - math.log(0.25)) / 3],
}


@pytest.fixture
def keras() -> Any:
    configure("tensorflow", threads=1)
    import keras

    return keras


def labels_for(name: str, labels: list[list[float]]) -> Any:
    """The labels as the loss wants them."""
    tensor = torch.tensor(labels)
    return tensor.argmax(dim=1) if name.startswith("sparse") else tensor


@pytest.mark.parametrize("name", operators.LOSSES)
def test_losses_are_those_computed_by_hand(name: str) -> None:
    found = TORCH_LOSSES[name](labels_for(name, Y), torch.tensor(P))
    assert found.tolist() == pytest.approx(BY_HAND[name], rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", operators.LOSSES)
def test_losses_are_those_of_keras(name: str, keras: Any) -> None:
    """Also where outputs are no probabilities."""
    outputs = np.array([[0.5, 2.0, 0.5], [3.0, 1.5, 0.25], [0.1, 0.0, 1.0]], np.float32)
    labels = np.eye(3, dtype=np.float32)[[1, 0, 0]]
    ours = TORCH_LOSSES[name](labels_for(name, labels.tolist()), torch.from_numpy(outputs))
    given = labels.argmax(axis=1) if name.startswith("sparse") else labels
    if name.endswith("categorical_crossentropy"):  # TensorFlow does not scale what sparse gets
        outputs = outputs / outputs.sum(axis=1, keepdims=True)
    theirs = np.asarray(keras.losses.get(name)(given, outputs))
    assert ours.numpy() == pytest.approx(theirs, rel=1e-4, abs=1e-5)


def test_class_numbers_are_no_one_hot_labels() -> None:
    for name in operators.LOSSES:
        wrong = torch.tensor(Y) if name.startswith("sparse") else torch.tensor([1, 0])
        with pytest.raises((ValueError, RuntimeError)):
            TORCH_LOSSES[name](wrong, torch.tensor(P))


def test_a_column_of_labels_may_be_a_vector() -> None:
    found = TORCH_LOSSES["mean_squared_error"](
        torch.tensor([1.0, 2.0]), torch.tensor([[1.5], [2.0]])
    )
    assert found.tolist() == [0.25, 0.0]


@pytest.mark.parametrize("name", operators.OPTIMISERS)
def test_optimisers_step_as_those_of_keras(name: str, keras: Any) -> None:
    weights, rng = np.array([0.5, -1.0, 2.0], np.float32), np.random.default_rng(1)
    ours = torch.nn.Parameter(torch.from_numpy(weights.copy()))
    optimiser = TORCH_OPTIMISERS[name]([ours], lr=0.05)
    theirs = keras.Variable(weights)
    reference = keras.optimizers.get(KERAS_OPTIMISERS[name])
    reference.build([theirs])
    reference.learning_rate = 0.05
    for _ in range(6):
        gradient = rng.normal(size=3).astype(np.float32)
        ours.grad = torch.from_numpy(gradient)
        optimiser.step()
        reference.apply([keras.ops.convert_to_tensor(gradient)], [theirs])
    assert ours.detach().numpy() == pytest.approx(np.asarray(theirs), rel=1e-4)


@pytest.mark.parametrize("name", operators.ACTIVATIONS)
def test_activations_are_those_of_keras(name: str, keras: Any) -> None:
    x = np.linspace(-4, 4, 24, dtype=np.float32).reshape(4, 6)
    theirs = np.asarray(keras.activations.get(name)(keras.ops.convert_to_tensor(x)))
    assert activation(name)(torch.from_numpy(x)).numpy() == pytest.approx(theirs, abs=1e-5)


def test_softmax_of_an_image_is_over_its_channels() -> None:
    assert torch.allclose(activation("softmax")(torch.rand(2, 3, 4, 5)).sum(dim=1), torch.ones(1))


def draws(name: str, keras: Any, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Weights of a layer in PyTorch, then of the same in Keras, whose kernels end (in, out)."""
    torch.manual_seed(3)
    ours = torch.empty(shape)
    TORCH_INITIALISERS[name](ours)
    yield ours.numpy()
    order = (*shape[2:], shape[1], shape[0]) if len(shape) > 1 else shape
    # Keras 3.15 cannot make this one from its name.
    theirs = keras.initializers.Constant() if name == "constant" else keras.initializers.get(name)
    yield np.asarray(theirs(order))


@pytest.mark.parametrize("shape", [(200, 80), (40, 60, 3, 3), (5000,)], ids=str)
@pytest.mark.parametrize("name", operators.INITIALISERS)
def test_initialisers_spread_as_those_of_keras(
    name: str, shape: tuple[int, ...], keras: Any
) -> None:
    if name == "orthogonal" and len(shape) == 1:
        pytest.skip("a vector cannot be orthogonal, in either framework")
    ours, theirs = draws(name, keras, shape)
    mean, spread = float(theirs.mean()), float(theirs.std())
    assert ours.mean() == pytest.approx(mean, abs=0.1 * spread + 1e-6)
    assert ours.std() == pytest.approx(spread, rel=0.05, abs=1e-6)
    if name.endswith("uniform"):
        assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.02)


def test_orthogonal_weights_are() -> None:
    weights = torch.empty(8, 20)
    TORCH_INITIALISERS["orthogonal"](weights)
    assert torch.allclose(weights @ weights.T, torch.eye(8), atol=1e-5)


def test_a_block_is_drawn_from_the_seed() -> None:
    values = {"kernel_initialiser_2": "he_normal", "bias_initialiser_2": "ones",
              "activation_2": "tanh"}  # fmt: skip

    def drawn(seed: int) -> Any:
        torch.manual_seed(seed)
        layer, after = block(torch.nn.Linear(4, 3), values, 2)
        assert isinstance(after, torch.nn.Tanh)
        assert layer.bias.tolist() == [1, 1, 1]
        return layer.weight.tolist()

    assert drawn(1) == drawn(1) != drawn(2)


def test_unknown_names_get_suggestions() -> None:
    with pytest.raises(HarnessError, match="no activation 'rellu'. Did you mean relu"):
        activation("rellu")
    values = {"kernel_initialiser_1": "he_norml", "bias_initialiser_1": "zeros"}
    with pytest.raises(HarnessError, match="no initialiser 'he_norml'. Did you mean he_normal"):
        block(torch.nn.Linear(2, 2), {**values, "activation_1": "relu"}, 1)
