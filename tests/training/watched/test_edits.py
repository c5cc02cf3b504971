"""Edits are applied in order, and refused before any is applied."""

from __future__ import annotations

from typing import Any

import pytest

from harness.training.keras.keras_edits import _EDITS as KERAS
from harness.training.torch.torch_edits import _EDITS as TORCH
from harness.training.watched.edits import EDITS, apply_edits
from harness.vocabulary import HarnessError


def test_edits_are_applied_in_order_with_their_arguments() -> None:
    def add(parts: list[Any], deviation: float) -> None:
        parts.append(deviation)

    parts: list[Any] = []
    edits = [{"edit": "gaussian_noise", "deviation": d} for d in (0.1, 0.2)]
    apply_edits(edits, {"gaussian_noise": add}, parts)
    assert parts == [0.1, 0.2]


def test_an_unknown_edit_changes_nothing() -> None:
    parts: list[Any] = []
    edits = [{"edit": "gaussian_noise"}, {"edit": "gaussian_nose"}]
    with pytest.raises(HarnessError, match="Did you mean gaussian_noise"):
        apply_edits(edits, {"gaussian_noise": lambda parts: parts.append(1)}, parts)
    assert not parts


def test_both_frameworks_know_every_edit() -> None:
    assert set(EDITS) == set(KERAS) == set(TORCH)
