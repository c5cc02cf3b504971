"""The faulty and the fixed program of a fault, as baselines measure them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cells import baseline

from harness.analysis.protocols import CORRECTED, ICST23
from harness.analysis.reference import (
    exposure,
    mean_of_faulty,
    mean_of_fixed,
    metered,
    rounded,
    trained_faulty,
)


def test_exposed() -> None:
    assert exposure(baseline(), CORRECTED).exposed
    assert not exposure(baseline(fixed=[0.1, 0.2, 0.1, 0.2, 0.15]), CORRECTED).exposed
    swapped = baseline(faulty=baseline().fixed_holdout, fixed=baseline().faulty_holdout)
    assert not exposure(swapped, CORRECTED).exposed
    assert exposure(replace(swapped, metric="mae"), CORRECTED).exposed
    assert not exposure(baseline(faulty=()), CORRECTED).exposed


def test_trainings_without_a_value_count_as_the_worst() -> None:
    base = replace(baseline(faulty=[0.2, 0.4], fixed=[0.8]), faulty_unjudged=2)
    assert trained_faulty(base) == [0.2, 0.4, 0.0, 0.0]
    assert mean_of_faulty(base) == pytest.approx(0.15)
    assert mean_of_fixed(base) == 0.8
    unbounded = replace(base, metric="mae")  # the worst value seen stands in
    assert trained_faulty(unbounded) == [0.2, 0.4, 0.4, 0.4]
    assert metered([None, 7.0], unbounded) == [7.0, 7.0]
    assert mean_of_faulty(baseline(faulty=())) is None


def test_a_known_mean_comes_before_the_list() -> None:
    known = replace(baseline(), faulty_mean=0.25, fixed_mean=0.75)
    assert (mean_of_faulty(known), mean_of_fixed(known)) == (0.25, 0.75)
    alone = replace(known, fixed_holdout=())
    assert exposure(alone, CORRECTED) == (None, None, True)
    assert not exposure(replace(alone, fixed_mean=0.1), CORRECTED).exposed


def test_values_are_rounded_as_the_protocol_says() -> None:
    assert rounded([0.304, 0.306], ICST23) == [0.3, 0.31]
    assert rounded([0.304, 0.306], CORRECTED) == [0.304, 0.306]
