"""One row per technique."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cells import GOOD, baseline, reaching, run

from harness.analysis.protocols import CORRECTED
from harness.analysis.schemas import SUMMARY
from harness.analysis.scores import scores
from harness.analysis.summary import summarise


def test_summary_by_hand() -> None:
    base, hidden = baseline(), baseline(fixed=baseline().faulty_holdout)
    runs = [
        *reaching(GOOD, fault="M1"),
        *reaching([0.15, 0.1, 0.2, 0.15, 0.1], fault="M2"),
        *reaching(GOOD, fault="M3"),
        *(run(i, fault="M4", status="not_applicable") for i in range(5)),
    ]
    bases = {(f, "default", 1.0): base for f in ("M1", "M2", "M4")} | {
        ("M3", "default", 1.0): hidden
    }
    frame = scores(runs, bases, CORRECTED)
    table = summarise(frame, CORRECTED)
    assert [*table.columns] == SUMMARY.names and len(table) == 1
    row = table.iloc[0]
    assert (row["faults"], row["exposed"], row["significant"], row["repaired"]) == (4, 3, 2, 2)
    assert row["ir_median"] == pytest.approx(frame["ir"].iloc[:2].mean())
    assert row["std_mean"] == pytest.approx(frame["std"].iloc[:3].mean())
    # Of M2, one run of five beats the faulty program; the others return no patch.
    assert frame["no_patch"].tolist() == [0, 4, 0, 0]
    found = frame["complexity_mean"].iloc[:3].tolist()
    assert found == pytest.approx([2 / 3, 2 / 15, 2 / 3])
    assert row["complexity_median"] == pytest.approx(2 / 3)
    assert row["aj_mean"] == pytest.approx((1 + 1 / 5 + 1) / 3)
    assert row["trials_per_run"] == 1.5
    assert row["training_seconds"] == 2000 and row["other_seconds"] == 300
    only = summarise(frame, replace(CORRECTED, summarise_significant_only=True)).iloc[0]
    assert only["std_mean"] == pytest.approx(frame["std"].iloc[[0, 2]].mean())


def test_summary_keeps_settings_apart() -> None:
    runs = reaching(GOOD) + reaching(GOOD, clock="work") + reaching(GOOD, budget=50.0)
    table = summarise(scores(runs, {("M1", "default", 1.0): baseline()}, CORRECTED), CORRECTED)
    assert table[["budget", "clock"]].to_numpy().tolist() == [
        [20.0, "training"],
        [20.0, "work"],
        [50.0, "training"],
    ]
