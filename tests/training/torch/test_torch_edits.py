"""Edits of PyTorch modules: modules and weights afterwards."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from harness.training.torch.torch_edits import edited_modules
from harness.vocabulary import HarnessError

MODULES = (nn.Linear(4, 5), nn.Sigmoid(), nn.Linear(5, 3), nn.Linear(3, 2), nn.Softmax(dim=1))


def edited(*, modules: Any = MODULES, **edit: Any) -> list[Any]:
    return edited_modules(modules, [edit], seed=3)


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            {"edit": "activation", "to": "selu", "separate": False},
            "Linear SELU Linear SELU Linear Softmax",
        ),
        (
            {"edit": "advanced_activation", "to": "elu", "separate": True, "strip_output": True},
            "Linear ELU Linear ELU Linear",
        ),
        (
            {"edit": "batch_normalisation", "before_activation": True},
            "Linear BatchNorm1d Sigmoid Linear BatchNorm1d Linear Softmax",
        ),
        (
            {"edit": "batch_normalisation", "before_activation": False},
            "Linear Sigmoid BatchNorm1d Linear BatchNorm1d Linear Softmax",
        ),
        (
            {"edit": "gaussian_noise", "deviation": 0.1},
            "GaussianNoise Linear Sigmoid Linear Linear Softmax",
        ),
    ],
)
def test_modules_after_an_edit(edit: dict[str, Any], expected: str) -> None:
    after = edited(**edit)
    assert [type(m).__name__ for m in after] == expected.split()
    old, new = ([m for m in some if isinstance(m, nn.Linear)] for some in (MODULES, after))
    for one, other in zip(old, new, strict=True):
        assert one is not other
        assert torch.equal(one.weight, other.weight)


def test_initialised_layers_are_redrawn_but_the_output_stays() -> None:
    edit = {"edit": "initialise", "kernel": "he_normal", "bias": "ones", "redraw": True}
    after, again = edited(**edit), edited(**edit)
    assert after[0].bias.tolist() == [1.0] * 5
    assert not torch.equal(after[0].weight, MODULES[0].weight)
    assert torch.equal(after[0].weight, again[0].weight)  # the same seed
    assert torch.equal(after[3].weight, MODULES[3].weight)
    assert torch.equal(edited(**{**edit, "redraw": False})[0].weight, MODULES[0].weight)


def test_lost_weights_are_redrawn() -> None:
    lost = nn.Linear(3, 2)
    nn.init.constant_(lost.weight, torch.nan)
    after = edited(modules=(nn.Linear(4, 3), lost), edit="activation", to="relu", separate=True)
    assert torch.isfinite(after[-1].weight).all()


def test_an_unknown_activation_layer() -> None:
    with pytest.raises(HarnessError, match="no activation layer 'elo'"):
        edited(edit="advanced_activation", to="elo", separate=True, strip_output=False)
