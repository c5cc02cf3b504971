"""Resamples of subjects, faults and runs."""

from __future__ import annotations

import numpy as np
import pytest

from harness.analysis.across import across_faults, drawn_faults, drawn_runs, ends, members_of


def test_faults_are_grouped_by_subject_in_order() -> None:
    groups = members_of(["b", "a", "b", "c"])
    assert [group.tolist() for group in groups] == [[0, 2], [1], [3]]


def test_runs_are_drawn_with_replacement_and_stay_whole() -> None:
    values = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    drawn = drawn_runs(values, 50, np.random.default_rng(0))
    assert drawn.shape == (50, 3, 2)
    assert np.array_equal(drawn[..., 1], 10 * drawn[..., 0])
    assert {len(set(resample)) for resample in drawn[..., 0]} >= {2, 3}


def test_a_drawn_subject_brings_as_many_faults_as_it_has() -> None:
    members = members_of(["a", "a", "a", "b"])
    rng = np.random.default_rng(0)
    sizes = {len(drawn_faults(members, rng)) for _ in range(100)}
    assert sizes == {2, 4, 6}  # b twice, one of each, a twice


def test_the_spread_between_subjects_counts() -> None:
    """Ten faults of one subject are one observation; ten subjects are ten."""
    drawn = [np.full(200, value) for value in np.linspace(0, 1, 10)]
    alone, apart = (
        across_faults(drawn, subjects, lambda of: of.mean(axis=0), np.random.default_rng(1))
        for subjects in (["a"] * 5 + ["b"] * 5, [f"s{i}" for i in range(10)])
    )
    assert alone.shape == apart.shape == (200,)
    assert alone.std() > 1.2 * apart.std()
    assert apart.mean() == pytest.approx(0.5, abs=0.05)


def test_an_unbounded_end_is_missing() -> None:
    low, high = ends(np.array([-np.inf] * 10 + [1.0] * 90))
    assert np.isnan(low) and high == 1.0
    low, high = ends(np.arange(1000.0), level=0.9)
    assert (low, high) == (pytest.approx(50, abs=1), pytest.approx(949, abs=1))
