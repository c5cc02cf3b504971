"""The trace of a forward pass."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from harness.theia.program import Kind
from harness.theia.torch_trace import TorchTrace


class Residual(nn.Module):
    """Calls functions, and joins a branch with its input."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        kept = x.clone()
        return F.relu(self.inner(x)) + kept


def traced(module: nn.Module, x: torch.Tensor) -> TorchTrace:
    names = {id(m): name for name, m in module.named_modules()}
    trace = TorchTrace(names, lambda _: None, lambda: None)
    with torch.no_grad(), trace.watching():
        trace.give(x, (0,))
        module(x)
    return trace


def test_functions_and_branches_are_layers() -> None:
    layers = traced(Residual(), torch.rand(2, 4)).layers
    assert [x.kind for x in layers] == [Kind.DENSE, Kind.ACTIVATION, Kind.MERGE]
    assert [x.inputs for x in layers] == [(0,), (1,), (2, 0)]
    assert layers[0].name == "inner"


def test_a_view_is_where_the_features_come_from() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(2 * 6 * 6, 3))
    layers = traced(net, torch.rand(2, 1, 8, 8)).layers
    assert [x.out_shape for x in layers] == [(6, 6, 2), (72,), (3,)]


def test_nothing_is_watched_afterwards() -> None:
    trace = traced(Residual(), torch.rand(2, 4))
    Residual()(torch.rand(2, 4))
    assert len(trace.layers) == 3
