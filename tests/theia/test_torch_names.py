"""PyTorch's classes and losses in the words of the meta-model."""

from __future__ import annotations

import pytest
from torch import nn
from torch.nn import functional as F

from harness.theia.program import Kind
from harness.theia.torch_names import kind_of_torch, torch_loss


class Own(nn.Linear):
    """A user's layer that is one of PyTorch's."""


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (nn.Conv1d(1, 1, 1), (Kind.CONV1D, "linear")),
        (nn.AdaptiveAvgPool2d(1), (Kind.GLOBAL_POOL, "linear")),
        (nn.Hardswish(), (Kind.ACTIVATION, "hard_silu")),
        (Own(2, 2), (Kind.DENSE, "linear")),
        (nn.Sequential(), None),
    ],
)
def test_the_kind_of_a_module(module: nn.Module, expected: tuple[Kind, str] | None) -> None:
    assert kind_of_torch(module) == expected


def test_a_loss_as_module_function_or_word() -> None:
    assert torch_loss(nn.CrossEntropyLoss()) == torch_loss(F.cross_entropy)
    assert torch_loss(nn.BCEWithLogitsLoss()) == ("bce", "logits")
    assert torch_loss("mean_squared_error") == ("mse", "values")
    assert torch_loss(lambda y, p: y - p) == ("custom", "values")
