"""Fields of layers, from PyTorch's tensors and calls."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from harness.theia.program import Kind, Layer
from harness.theia.torch_fields import call_fields, channels_last, padding_of, sizes_of, tensors_in


def test_tensors_of_nested_arguments_in_order() -> None:
    a, b = torch.zeros(1), torch.ones(1)
    nested = [{"x": (a, 3)}, nn.Parameter(torch.zeros(2)), [b]]
    assert [id(t) for t in tensors_in(nested)] == [id(a), id(b)]


def test_shapes_are_channels_last_without_the_batch() -> None:
    assert channels_last((8, 3, 32, 28)) == (32, 28, 3)
    assert channels_last((8, 10)) == (10,)


def test_one_size_holds_for_all_dimensions() -> None:
    assert sizes_of(3, 2) == (3, 3)
    assert sizes_of((3, 5), 2) == (3, 5)
    assert sizes_of(None, 2) == ()


@pytest.mark.parametrize(
    ("padding", "given", "expected"),
    [(0, 26, "valid"), (1, 28, "same"), (2, 30, "2"), ("same", 28, "same")],
)
def test_padding_in_keras_words(padding: int | str, given: int, expected: str) -> None:
    layer = Layer(index=1, name="", kind=Kind.CONV1D, strides=(1,))
    assert padding_of(layer, (28,), (given,), padding) == expected


def test_fields_of_a_functional_call() -> None:
    weight, out = torch.zeros(8, 3, 5, 5), torch.zeros(2, 8, 24, 24)
    found, padding = call_fields(Kind.CONV2D, (None, weight), {"stride": 2, "padding": 1}, out)
    assert found == {"units": 8, "kernel": (5, 5), "strides": (2, 2)}
    assert padding == 1
    assert call_fields(Kind.DROPOUT, (None,), {"p": 0.2}, out) == ({"rate": 0.2}, 0)
