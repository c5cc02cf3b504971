"""Profiles of the rules' thresholds."""

from __future__ import annotations

import pytest
from cases import program

from harness.theia.rules import judge
from harness.theia.thresholds import PAPER, RECOMMENDED, thresholds
from harness.vocabulary import HarnessError


def test_an_unknown_profile_gets_suggestions() -> None:
    with pytest.raises(HarnessError, match="no profile 'papr'. Did you mean paper"):
        judge(program(), "papr")


def test_only_the_published_profile_depends_on_the_framework() -> None:
    assert thresholds("recommended", "keras") is thresholds("recommended", "pytorch") is RECOMMENDED
    assert thresholds("paper", "keras") is thresholds("paper", "pytorch") is PAPER
    keras, torch = (thresholds("published", name) for name in ("keras", "pytorch"))
    assert (keras.inputs, torch.inputs) == (((0.0, 1.0),), ((0.0, 1.0), (-1.0, 1.0)))


def test_advice_is_ours_alone() -> None:
    assert RECOMMENDED.advice
    assert not PAPER.advice
