from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.techniques.guided.reduction import Margin, reduced
from harness.vocabulary import Configuration, changed

NAMES = [f"units_{n}" for n in range(12)]
FAULTY: Configuration = dict.fromkeys(NAMES, 1)
PATCHED: Configuration = dict.fromkeys(NAMES, 2)


def needing(*needed: str) -> tuple[list[Configuration], object]:
    """What was trained, and a training in which each needed edit takes the same share away."""
    trained: list[Configuration] = []

    def errors(configuration: Configuration) -> Sequence[float]:
        trained.append(configuration)
        have = sum(configuration[name] == 2 for name in needed)
        return [0.6 - 0.5 * have / len(needed)] * 3

    return trained, errors


@pytest.mark.parametrize("needed", [["units_3"], ["units_0", "units_11"], NAMES[4:8]])
def test_what_is_needed_is_left_and_nothing_else(needed: list[str]) -> None:
    trained, errors = needing(*needed)
    found = reduced(FAULTY, PATCHED, {}, errors, 0.6, Margin())  # type: ignore[arg-type]
    assert set(changed(FAULTY, found.configuration)) == set(needed)
    assert set(found.taken_back) == set(NAMES) - set(needed)
    assert found.before == found.after == (0.1,) * 3 or found.after[0] == pytest.approx(0.1)
    assert len(trained) <= 40


def test_suspicion_saves_trainings() -> None:
    counts = []
    for suspicion in ({"units_0": 1.0}, {n: 1.0 for n in NAMES if n != "units_0"}):
        trained, errors = needing("units_0")
        reduced(FAULTY, PATCHED, suspicion, errors, 0.6, Margin())  # type: ignore[arg-type]
        counts.append(len(trained))
    assert counts[0] < counts[1]


@settings(max_examples=30, deadline=None)
@given(st.sets(st.sampled_from(NAMES), min_size=1), st.integers(0, 5))
def test_one_edit_is_always_left_and_no_single_one_can_go(needed: set[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    suspicion = {name: float(rng.random()) for name in NAMES}
    _, errors = needing(*needed)
    found = reduced(FAULTY, PATCHED, suspicion, errors, 0.6, Margin(share=0.0))  # type: ignore[arg-type]
    assert set(changed(FAULTY, found.configuration)) == needed


@pytest.mark.parametrize(
    ("smaller", "whole", "verdict"),
    [
        ([0.10, 0.11, 0.10], [0.10, 0.10, 0.11], True),
        ([0.09, 0.14, 0.15], [0.10, 0.10, 0.10], True),  # 90 % of the gain is kept
        ([0.20, 0.20, 0.20], [0.10, 0.10, 0.10], False),
        ([0.14, 0.141, 0.142], [0.10, 0.101, 0.1005], False),  # small, but no chance
        ([math.inf, 0.10, 0.10], [0.10, 0.10, 0.10], False),
        ([0.05, 0.06, 0.05], [0.10, 0.10, 0.11], True),
    ],
)
def test_not_worse(smaller: list[float], whole: list[float], verdict: bool) -> None:
    assert Margin().not_worse(smaller, whole, faulty=0.6) == verdict
