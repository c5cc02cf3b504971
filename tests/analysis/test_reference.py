"""The faulty and the fixed program of a fault, as baselines measure them."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import fmean

import pytest
from cells import baseline, reaching, score

from harness.analysis.protocols import CORRECTED, ICST23
from harness.analysis.reference import (
    exposure,
    fix_is_better,
    gap_of,
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


def test_a_fix_that_is_worse_than_its_fault_exposes_nothing() -> None:
    """Seven of ten fixed trainings are better, three so bad that their mean is worse."""
    fault = [0.130 + 0.001 * i for i in range(10)]
    fix = [0.05 + 0.001 * i for i in range(7)] + [1.2] * 3
    base = baseline(faulty=fault, fixed=fix, metric="angle")
    found = exposure(base, CORRECTED)
    assert found.p is not None and found.p < 0.2 and found.a12 == 0.7
    assert fmean(fix) > fmean(fault) and not fix_is_better(base)
    loose = replace(CORRECTED, exposure_alpha=0.5)
    assert not exposure(base, loose).exposed and gap_of(base, loose) is None
    assert gap_of(base, replace(loose, ir_needs_exposure=False)) is None
    assert exposure(replace(base, fixed_holdout=fix[:7]), CORRECTED).exposed
    row = score(reaching([0.05] * 5, metric="angle"), base, loose)
    assert row["status"] == "not_exposed" and math.isnan(row["ir"])


def test_a_fix_that_often_diverges_is_no_better() -> None:
    base = baseline(faulty=[0.5] * 10, fixed=[0.9] * 5)
    assert fix_is_better(base) and not fix_is_better(replace(base, fixed_unjudged=6))
    assert not fix_is_better(baseline(faulty=(), fixed=()))
    # Without a worst value the worst training of both programs stands in.
    unbounded = replace(base, metric="mae", faulty_holdout=[0.5], fixed_holdout=[0.1])
    assert fix_is_better(unbounded) and not fix_is_better(replace(unbounded, faulty_holdout=[0.1]))


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
