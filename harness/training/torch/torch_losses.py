"""Losses and hits for PyTorch programs whose last activation is part of the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch.nn import functional as F

from harness.training.programs import Loss


def cross_entropy_of_logits(labels: Any, predicted: Any) -> Any:
    """``nn.CrossEntropyLoss``: of each sample, from scores before any softmax."""
    labels = labels if labels.ndim == 2 and labels.shape[1] > 1 else labels.reshape(-1).long()
    return F.cross_entropy(predicted, labels, reduction="none")


def binary_cross_entropy_of_logits(labels: Any, predicted: Any) -> Any:
    """``nn.BCEWithLogitsLoss``: of each sample, from scores before the sigmoid.

    A loop with this loss predicts probabilities.
    """
    labels = labels.reshape(predicted.shape).to(predicted.dtype)
    return F.binary_cross_entropy_with_logits(predicted, labels, reduction="none").mean(dim=-1)


LOGITS: Mapping[str, Loss] = {
    "CrossEntropyLoss": cross_entropy_of_logits,
    "BCEWithLogitsLoss": binary_cross_entropy_of_logits,
}
"""Losses for programs whose last activation is part of the loss, by PyTorch's names."""


def hits(labels: Any, predicted: Any, cut: float) -> Any:
    """Whether each sample is classified correctly; as ``harness.training.judge.accuracy``.

    Args:
        cut: Above it a single output means class 1.
    """
    if labels.ndim == 2 and labels.shape[1] > 1:
        return labels.argmax(dim=1) == predicted.argmax(dim=1)
    labels = labels.reshape(-1)
    if predicted.ndim == 2 and predicted.shape[1] > 1:
        return labels == predicted.argmax(dim=1)
    return labels == (predicted.reshape(-1) > cut)
