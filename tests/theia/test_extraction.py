"""The same network in Keras and in PyTorch is the same program."""

from __future__ import annotations

import pytest
import torch
from zoo import LOSSES, ZOO, Pair

from harness.theia import extract_keras, extract_torch
from harness.theia.extraction import Names, assembled, made_at
from harness.theia.program import DataFacts, Kind, Layer, Learner, Place, comparable_layers
from harness.theia.torch_names import torch_loss


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
    assert comparable_layers(keras_layers) == comparable_layers(torch_layers)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_known_by_name_function_and_object(name: str) -> None:
    in_keras, in_torch = LOSSES[name]
    assert extract_keras.keras_loss(in_keras()) == torch_loss(in_torch())


def test_a_name_is_given_once() -> None:
    names = Names()
    assert [names.given(n) for n in ("a", "b", "a", "a#2", "a")] == [
        "a",
        "b",
        "a#2",
        "a#2#2",
        "a#3",
    ]


def test_only_recorded_places_are_kept() -> None:
    here = Place("train.py", 3)
    assert made_at("mse", "sgd", lambda thing: here if thing == "sgd" else None) == {
        "optimiser": here
    }


@pytest.mark.parametrize(("kind", "expected"), [(Kind.EMBEDDING, "other"), (Kind.DENSE, "tabular")])
def test_numbers_of_words_are_no_features(kind: Kind, expected: str) -> None:
    layer = Layer(index=1, name="first", kind=kind, inputs=(0,))
    data, learner = DataFacts(kind="tabular"), Learner(loss="mse")
    found = assembled((layer,), "traced", learner, data, "regression", "keras")
    assert found.data.kind == expected
