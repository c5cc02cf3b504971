"""PyTorch models as networks: loops that are watched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from harness.subjects.pytorch import TORCH_LOSSES
from harness.training.judge import accuracy
from harness.training.torch.torch_losses import binary_cross_entropy_of_logits
from harness.training.torch.torch_network import TorchNetwork
from harness.training.watched.history import Training
from harness.vocabulary import HarnessError

X = np.random.default_rng(0).normal(size=(10, 4)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("float32")[:, None]
ORDER = np.arange(10, dtype=np.int32)


def training(**change: Any) -> Training:
    usual = {"loss": "mean_squared_error", "optimiser": "sgd", "learning_rate": 0.5,
             "batch_size": 4, "epochs": 1}  # fmt: skip
    return Training(**{**usual, **change})


def network(*last: nn.Module) -> TorchNetwork:
    torch.manual_seed(1)
    return TorchNetwork(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1), *last))


def test_a_watched_loop() -> None:
    made = network(nn.Sigmoid())
    before = made.outputs(X)
    loop = made.loop(training(), TORCH_LOSSES["mean_squared_error"], X, Y, seed=1)
    assert loop.loss(Y, before) == pytest.approx(float(np.mean((Y - before) ** 2)), rel=1e-5)
    assert [g.shape for g in loop.gradients()] == [(3, 4), (3,), (1, 3), (1,)]
    reports = loop.run(ORDER, 0, 3)
    assert reports.shape == (3, 2)
    assert reports[0, 1] == accuracy(Y[:4], before[:4])
    assert not np.array_equal(loop.predict(X), before)
    assert loop.finite()
    loop.rate = 0.25
    assert loop.rate == 0.25


def test_a_loop_with_logits_predicts_probabilities() -> None:
    made = network()
    logits = made.outputs(X)
    loop = made.loop(training(), binary_cross_entropy_of_logits, X, Y, seed=1)
    found = loop.predict(X)
    assert found == pytest.approx(1 / (1 + np.exp(-logits)))
    entropy = -np.mean(Y * np.log(found) + (1 - Y) * np.log(1 - found))
    assert loop.loss(Y, found) == pytest.approx(entropy, rel=1e-4)
    assert loop.run(ORDER, 0, 1)[0, 1] == accuracy(Y[:4], found[:4])


def test_gradients_are_clipped_in_steps_and_figures() -> None:
    loss, made = TORCH_LOSSES["mean_squared_error"], network()
    loop = made.loop(training(options={"clipvalue": 1e-6}), loss, X, Y, seed=1)
    assert max(float(np.abs(g).max()) for g in loop.gradients()) <= 1e-6
    before = nn.utils.parameters_to_vector(made.model.parameters()).detach().clone()
    loop.run(ORDER, 0, 1)
    after = nn.utils.parameters_to_vector(made.model.parameters()).detach()
    assert 0 < float((after - before).abs().max()) <= 1e-6


def test_an_unknown_option_of_an_optimiser() -> None:
    with pytest.raises(HarnessError, match="no option of sgd 'momentun'. Did you mean momentum"):
        network().loop(
            training(options={"momentun": 0.9}), TORCH_LOSSES["mean_squared_error"], X, Y, seed=1
        )


def test_an_edited_network_leaves_the_first_alone() -> None:
    made = network()
    other = made.edited([{"edit": "gaussian_noise", "deviation": 0.1}], seed=1)
    assert (made.kinds[0], other.kinds[0]) == ("dense", "noise")
    assert np.array_equal(other.outputs(X), made.outputs(X))
