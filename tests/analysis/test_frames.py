"""Trials and runs as frames, from studies small enough to compute by hand."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from studies import AS_FOUND, study

from harness.analysis.frames import MISSING, missing_frame, run_frame, trial_frame

CELLS = {("M1", "random"): [[(2, 0.1), (4, None), (6, 0.7)], [(3, 0.4)]]}


def test_a_trial_is_a_row() -> None:
    frame = trial_frame(study(CELLS))
    assert frame["repetition"].tolist() == [0, 0, 0, 1]
    assert frame["trial"].tolist() == [0, 1, 2, 0]
    assert frame["status"].tolist() == ["completed", "diverged", "completed", "completed"]
    assert frame["spent"].tolist() == [4.0, 8.0, 12.0, 6.0]
    assert pd.isna(frame["holdout"][1]) and frame["holdout"][2] == 0.7
    assert json.loads(frame["patch"][0]) == {"loss": "log_cosh", "units_1": 16}


def test_a_run_is_a_row_with_what_it_amounts_to() -> None:
    frame = run_frame(study(CELLS))
    assert frame["value"].tolist() == [0.7, 0.4]
    assert frame["better"].tolist() == [True, True]
    assert frame["trials"].tolist() == [3, 1]
    assert json.loads(frame["patch"][0]) == {"loss": "log_cosh", "units_1": 16}
    assert frame["complexity"].tolist() == [2 / 3, 2 / 3]


def test_a_run_without_a_judged_trial_has_no_value() -> None:
    cells = {("M1", "random"): [[(2, None)], [(3, 0.4)]]}
    frame = run_frame(study(cells, protocol=AS_FOUND))
    assert pd.isna(frame["value"][0]) and pd.isna(frame["patch"][0])
    assert pd.isna(frame["complexity"][0]) and frame["better"].tolist() == [False, True]
    assert frame["no_patch"].tolist() == [False, False]
    returns_none = run_frame(study(cells))
    assert returns_none["value"].tolist() == [pytest.approx(0.2), 0.4]
    assert returns_none["no_patch"].tolist() == [True, False]
    assert returns_none["complexity"].tolist() == [0, 2 / 3] and pd.isna(returns_none["patch"][0])


def test_nothing_missing_is_an_empty_frame_with_its_columns() -> None:
    frame = missing_frame(study(CELLS))
    assert len(frame) == 0 and list(frame.columns) == MISSING.names
