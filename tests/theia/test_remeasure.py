"""Fix and re-measure: samples, states of a program, and what is said of their trainings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.theia_benchmark import remeasure, samples
from experiments.theia_benchmark.programs import Entry, entries
from harness.theia.findings import Severity
from harness.theia.rules import judge
from harness.vocabulary import HarnessError

GENERATED = (38648195, 51930566, 59278771, 58609115, 45378493, 31880720, 39525358,
             34311586, 48221692, 48251943, 48934338, 44164749)  # fmt: skip


def entry_of(post: int) -> Entry:
    return next(entry for entry in entries() if entry.post == post)


@pytest.mark.parametrize("post", GENERATED)
def test_samples_are_what_the_program_says_it_sees(post: int) -> None:
    for version in entry_of(post).versions.values():
        if version.dataset == "mnist":
            continue
        parts = samples.parts_of(version)
        assert parts.x.shape[1:] == version.shape
        assert len(parts.x) == min(version.program.data.samples or 2000, 2000, len(parts.x))
        low, high = version.program.data.train_range or (parts.x.min(), parts.x.max())
        assert parts.x.min() >= low - 1e-3 and parts.x.max() <= high + 1e-3
        assert np.isfinite(parts.x).all()


def test_data_that_are_not_here_are_one_message() -> None:
    with pytest.raises(HarnessError, match="car_damage is not here"):
        samples.parts_of(entry_of(50079585).versions["fixed"])


@pytest.mark.parametrize("post", [51930566, 34311586])
def test_a_patched_program_has_nothing_to_report(post: int) -> None:
    states = remeasure.states_of(entry_of(post))
    assert set(states) == set(remeasure.STATES)
    version, rounds = states["buggy patched"]
    assert 1 <= rounds < remeasure.ROUNDS
    found = judge(remeasure.extracted(version), "recommended")
    assert not [f for f in found if f.severity is Severity.BUG]
    kinds = [x.kind for x in states["fixed + MNL"][0].program.layers]
    assert kinds.count("batchnorm") > [x.kind for x in states["fixed"][0].program.layers].count(
        "batchnorm"
    )


@pytest.mark.slow
def test_trainings_are_stored_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remeasure, "STEPS", 3)
    path = tmp_path / "remeasured.csv"
    first = remeasure.remeasure(path, [34311586], seeds=1)
    assert len(first) == len(remeasure.STATES)
    assert set(first.status) == {"completed"}
    monkeypatch.setattr(remeasure, "_fit_keras", None)
    again = remeasure.remeasure(path, [34311586], seeds=1)
    pd.testing.assert_frame_equal(first, again)
    assert list(remeasure.compared(first, "buggy", "fixed").post) == [34311586]
    assert list(remeasure.summary(first).programs) == [1] * len(remeasure.COMPARISONS)


def rows(values: Sequence[float], status: str = "completed") -> pd.DataFrame:
    return pd.DataFrame({"accuracy": values, "loss": values, "status": status})


@pytest.mark.parametrize(
    ("before", "after", "name", "expected"),
    [
        (rows([0.1, 0.2]), rows([0.3, 0.4]), "accuracy", "better"),
        (rows([0.1, 0.3]), rows([0.2, 0.4]), "accuracy", "alike"),
        (rows([0.3, 0.4]), rows([0.1, 0.2]), "accuracy", "worse"),
        (rows([0.3, 0.4]), rows([0.1, 0.2]), "loss", "better"),
        (rows([0.3, 0.4]), rows([math.nan, math.nan]), "loss", "worse"),
        (rows([math.nan], "crashed"), rows([0.1]), "accuracy", "better"),
        (rows([math.nan], "crashed"), rows([math.nan], "crashed"), "accuracy", "alike"),
        (rows([0.9]), rows([math.nan], "crashed"), "accuracy", "worse"),
    ],
)
def test_verdicts(before: pd.DataFrame, after: pd.DataFrame, name: str, expected: str) -> None:
    assert remeasure.verdict(before, after, name) == expected
