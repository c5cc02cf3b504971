"""The parts of PyTorch modules."""

from typing import Any

import torch
from torch import nn

from harness.training.torch.torch_parts import torch_parts


def test_a_small_network() -> None:
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.5),
        nn.Dropout(0.0),
        nn.Flatten(),
        nn.Linear(36, 10),
        nn.Softmax(dim=1),
    )
    convolution, relu, pooling, dropout, dense, softmax = torch_parts(
        model, torch.zeros(1, 1, 8, 8)
    )
    assert (convolution.kind, convolution.channels) == ("convolution", 4)
    assert (convolution.macs, convolution.weights, convolution.outputs) == (36 * 36, 40, 144)
    assert (relu.kind, relu.activation, relu.outputs) == ("activation", "ReLU", 144)
    assert (pooling.kind, pooling.inputs, pooling.outputs) == ("pooling", 144, 36)
    assert dropout.kind == "dropout"
    assert (dense.kind, dense.macs, dense.variables) == ("dense", 360, 2)
    assert (softmax.activation, softmax.outputs) == ("Softmax", 10)
    assert model.training is False


class Own(nn.Module):  # type: ignore[misc]
    """Uses a layer twice, and multiplies by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.twice = nn.Linear(4, 4)
        self.weight = nn.Parameter(torch.zeros(4, 3))

    def forward(self, x: Any) -> Any:
        return self.twice(self.twice(x)) @ self.weight


def test_a_layer_counts_as_often_as_it_is_passed_and_own_products_count() -> None:
    one, two, own = torch_parts(Own(), torch.zeros(1, 4))
    assert one == two
    assert (one.macs, own.kind, own.macs) == (16, "other", 12)


def test_no_hook_stays() -> None:
    model = nn.Sequential(nn.Linear(2, 1))
    torch_parts(model, torch.zeros(1, 2))
    assert not model[0]._forward_hooks
    assert not model[0]._forward_pre_hooks


def test_a_recurrent_layer_counts_its_steps_in_time() -> None:
    (part,) = torch_parts(nn.LSTM(3, 5, batch_first=True), torch.zeros(1, 7, 3))
    assert (part.kind, part.times, part.macs) == ("recurrent", 7, 7 * part.weights)
