"""PyTorch modules become programs, and stay as they were."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from harness.theia import extract_torch
from harness.theia.program import DataFacts, Kind

DATA = DataFacts(kind="tabular")


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


def test_a_layer_that_was_used_twice_has_two_names() -> None:
    shared = nn.Linear(4, 4)
    layers, how = extract_torch.torch_layers(nn.Sequential(shared, shared), torch.rand(2, 4))
    assert how == "traced"
    assert [x.name for x in layers] == ["0", "0#2"]
    assert [x.inputs for x in layers] == [(0,), (1,)]
