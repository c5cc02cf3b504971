from __future__ import annotations

from pathlib import Path

import pytest

from harness.analysis.protocols import CORRECTED
from harness.analysis.qualification import (
    QUALIFICATION_FILE,
    best_row,
    exposure_verdict,
    inside_filter,
    lost,
    qualify,
    read_qualification,
    update_qualification,
    whole_row,
)
from harness.analysis.schemas import QUALIFICATION
from harness.records.baseline import Baseline
from harness.subjects.registry import Registry


def baseline(faulty: list[float], fixed: list[float], **more: object) -> Baseline:
    given = {"fault": "D7", "metric": "accuracy", "training_time": 2.0, "device": "cpu", **more}
    return Baseline(
        faulty_holdout=faulty, fixed_holdout=fixed, faulty_search=[], fixed_search=[], **given
    )  # type: ignore[arg-type]


TEN = [0.50, 0.51, 0.52, 0.53, 0.54, 0.55, 0.56, 0.57, 0.58, 0.59]


def test_a_fault_that_shows() -> None:
    row = qualify(baseline(TEN, [v + 0.3 for v in TEN], content="ab" * 20), CORRECTED)
    assert (row["n"], row["exposed"], row["a12"]) == (10, True, 1.0)
    assert row["faulty_mean"] == pytest.approx(0.545)
    assert row["faulty_sd"] == pytest.approx(0.030277, rel=1e-4)
    assert row["drop"] == pytest.approx(0.3 / 0.845)
    assert row["inside_filter"]
    assert row["content"] == "ab" * 6
    assert exposure_verdict(row, CORRECTED) == "yes"


def test_three_trainings_are_too_few() -> None:
    row = qualify(baseline([0.1, 0.2, 0.3], [0.7, 0.8, 0.9]), CORRECTED)
    assert row["least_p"] == pytest.approx(0.1)
    assert (row["a12"], row["exposed"]) == (1.0, False)
    assert exposure_verdict(row, CORRECTED) == "too few"
    assert (
        exposure_verdict(qualify(baseline([0.5, 0.6, 0.7], [0.5, 0.6, 0.7]), CORRECTED), CORRECTED)
        == "no"
    )


def test_trainings_that_diverge_rank_worst_and_have_no_mean() -> None:
    row = qualify(baseline([], TEN, faulty_unjudged=10), CORRECTED)
    assert (row["n"], row["faulty_mean"], row["drop"]) == (10, None, None)
    assert row["exposed"]
    half = qualify(baseline(TEN[:5], TEN[:5], fixed_unjudged=5), CORRECTED)
    assert half["a12"] < 0.5


def test_what_is_lost_and_what_the_study_keeps() -> None:
    error = baseline([0.4, 0.6], [0.1, 0.1], metric="angle")
    assert lost(error) == pytest.approx(5)
    assert inside_filter(5.0, higher_is_better=False)
    assert not inside_filter(9.1, higher_is_better=False)  # U4 as printed
    assert not inside_filter(0.13, higher_is_better=True)  # C1 as printed
    assert inside_filter(0.9, higher_is_better=True)


def test_the_table_keeps_one_row_of_each_setting(tmp_path: Path, registry: Registry) -> None:
    fault = registry["D7"]
    assert read_qualification(tmp_path).empty
    small = baseline(TEN[:3], TEN[:3], content=fault.content)
    update_qualification(tmp_path, [qualify(small, CORRECTED)])
    update_qualification(tmp_path, [qualify(baseline(TEN, TEN, content=fault.content), CORRECTED)])
    table = update_qualification(
        tmp_path, [qualify(baseline(TEN, TEN, content="old", fraction=0.5), CORRECTED)]
    )
    assert len(table) == 3
    again = baseline([v + 0.1 for v in TEN], TEN, content=fault.content)
    table = update_qualification(tmp_path, [qualify(again, CORRECTED)])
    assert len(table) == 3
    assert QUALIFICATION.read(tmp_path / QUALIFICATION_FILE).equals(table)
    row = best_row(fault, table)
    assert row is not None
    assert (row["n"], row["fraction"]) == (10, 1.0)
    assert row["faulty_mean"] == pytest.approx(0.645)
    assert best_row(registry["D6"], table) is None


def test_a_share_with_more_trainings_comes_first_and_the_whole_is_kept(
    tmp_path: Path, registry: Registry
) -> None:
    fault = registry["D7"]
    for baselines in (
        baseline(TEN, TEN, content=fault.content, fraction=0.5),
        baseline(TEN[:1], TEN[:1], content=fault.content),
        baseline(TEN, TEN, content="old"),
    ):
        table = update_qualification(tmp_path, [qualify(baselines, CORRECTED)])
    best, whole = best_row(fault, table), whole_row(fault, table)
    assert best is not None and whole is not None
    assert (best["n"], best["fraction"]) == (10, 0.5)
    assert (whole["n"], whole["fraction"]) == (1, 1.0)
    assert whole_row(registry["D6"], table) is None
