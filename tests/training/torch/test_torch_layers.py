"""Chains of PyTorch modules, and the kinds of modules."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from harness.training.torch.torch_layers import GaussianNoise, kind_of_module, modules_of
from harness.vocabulary import HarnessError


class Own(nn.Module):
    """A forward pass of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(2, 2)


def test_nested_sequences_are_one_chain() -> None:
    a, b, c = nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1)
    assert modules_of(nn.Sequential(nn.Sequential(a, b), c)) == [a, b, c]


def test_other_modules_are_refused() -> None:
    with pytest.raises(HarnessError, match="the model Own is no chain"):
        modules_of(Own())
    with pytest.raises(HarnessError, match="no chain: Own has a forward pass of its own"):
        modules_of(nn.Sequential(nn.Linear(2, 2), Own()))


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        (nn.Linear(1, 1), "dense"),
        (nn.ConvTranspose2d(1, 1, 1), "convolution"),
        (nn.GRU(1, 1), "recurrent"),
        (nn.Embedding(2, 2), "embedding"),
        (nn.LogSoftmax(dim=1), "activation"),
        (nn.BatchNorm2d(1), "normalisation"),
        (GaussianNoise(0.1), "noise"),
        (nn.Flatten(), "other"),
    ],
)
def test_the_kind_of_a_module(module: nn.Module, kind: str) -> None:
    assert kind_of_module(module) == kind


def test_noise_is_added_in_training_only() -> None:
    noise, x = GaussianNoise(0.5), torch.zeros(10_000)
    assert torch.std(noise.train()(x)) == pytest.approx(0.5, rel=0.1)
    assert torch.equal(noise.eval()(x), x)
