"""Losses on logits, and hits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from harness.training.judge import accuracy
from harness.training.torch.torch_losses import (
    binary_cross_entropy_of_logits,
    cross_entropy_of_logits,
    hits,
)

SCORES = torch.tensor([[2.0, 0.0, 1.0], [0.0, 3.0, 1.0]])


@pytest.mark.parametrize("labels", [torch.tensor([0, 2]), torch.tensor([[1.0, 0, 0], [0, 0, 1.0]])])
def test_cross_entropy_is_that_of_pytorch(labels: torch.Tensor) -> None:
    found = cross_entropy_of_logits(labels, SCORES)
    assert found.shape == (2,)
    assert torch.isclose(found.mean(), nn.CrossEntropyLoss()(SCORES, torch.tensor([0, 2])))


def test_binary_cross_entropy_is_that_of_pytorch() -> None:
    labels, scores = torch.tensor([1, 0, 1]), torch.tensor([[2.0], [1.0], [-1.0]])
    found = binary_cross_entropy_of_logits(labels, scores)
    assert found.shape == (3,)
    expected = nn.BCEWithLogitsLoss()(scores, labels.reshape(3, 1).float())
    assert torch.isclose(found.mean(), expected)


@pytest.mark.parametrize(
    ("y", "predicted"),
    [
        (np.eye(3)[[0, 2]], SCORES.numpy()),
        (np.array([0, 1]), SCORES.numpy()),
        (np.array([[1.0], [0.0], [0.0]]), np.array([[0.6], [0.6], [0.1]])),
    ],
)
def test_hits_are_counted_as_the_judge_counts(y: np.ndarray, predicted: np.ndarray) -> None:
    found = hits(torch.from_numpy(y), torch.from_numpy(predicted), cut=0.5)
    assert found.float().mean() == pytest.approx(accuracy(y, predicted))


def test_logits_are_cut_at_zero() -> None:
    assert hits(torch.tensor([1, 0]), torch.tensor([[0.2], [-0.2]]), cut=0.0).all()
