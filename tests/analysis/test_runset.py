"""The runs of one setting under one protocol."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from studies import reaching

from harness.vocabulary import HarnessError

VALUES = {
    (fault, technique): [0.3 + 0.1 * place + 0.02 * i for i in range(6)]
    for fault in ("M1", "M2")
    for place, technique in enumerate(("random", "hebo"))
}


def test_a_fault_may_be_trained_on_a_share_of_its_data() -> None:
    study = reaching(VALUES)
    runs = [replace(r, fraction=0.05) if r.fault == "M1" else r for r in study.runs]
    base = {("M1", "default", 0.05): study.baseline("M1"), **study.baselines}
    del base["M1", "default", 1.0]
    mixed = replace(study, runs=runs, baselines=base)
    assert mixed.values("M1", "random") == study.values("M1", "random")
    assert set(mixed.scores["fraction"]) == {0.05, 1.0}


def test_a_study_has_one_setting_and_names_its_techniques() -> None:
    study = reaching(VALUES)
    first, *others = study.runs
    with pytest.raises(HarnessError, match="one budget, clock and space. Found: 2 settings"):
        replace(study, runs=[replace(first, budget=20.0), *others])
    with pytest.raises(HarnessError, match="one data variant and fraction for each fault"):
        replace(study, runs=[replace(first, data="stand_in"), *others])
    with pytest.raises(HarnessError, match="runs and named techniques differ in bohb"):
        replace(study, techniques=["random", "hebo", "bohb"])


def test_rates_are_shares_of_the_gap() -> None:
    study = reaching(VALUES)
    assert study.gap("M1") == (pytest.approx(0.2), pytest.approx(0.8))
    assert study.rates("M1", "random") == pytest.approx((np.arange(6) * 0.02 + 0.1) / 0.6)
    assert study.rated == study.faults == ["M1", "M2"]
    base = study.baselines["M1", "default", 1.0]
    hidden = replace(base, fixed_holdout=base.faulty_holdout)
    flat = replace(study, baselines={**study.baselines, ("M1", "default", 1.0): hidden})
    assert flat.gap("M1") is None and flat.rated == ["M2"]
    with pytest.raises(ValueError, match="fault M1 has no improvement rate"):
        flat.rates("M1", "random")


def test_beginnings_of_longer_runs_are_named() -> None:
    study = reaching(VALUES)
    assert study.origin == ""
    runs = [replace(r, prefix_of=50.0) if r.fault == "M1" else r for r in study.runs]
    assert "12 of 24 with budget 50" in replace(study, runs=runs).origin
