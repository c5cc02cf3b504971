"""How much a cell's patches change, and how like the fix they are."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from cells import FAULTY, GOOD, baseline, reaching, score

from harness.analysis.patches import patch_figures
from harness.analysis.protocols import CORRECTED, ICST23
from harness.analysis.winners import run_result


def test_a_fix_out_of_reach() -> None:
    runs = [replace(r, fixed={**FAULTY, "dropout_1": 0.5}) for r in reaching(GOOD)]
    row = score(runs)
    assert row["fix_complexity"] == 0 and math.isnan(row["aj_as_defined_mean"])
    row = score(runs, protocol=ICST23)
    assert row["fix_complexity"] == 1 / 4 and row["aj_as_published_mean"] == 0
    assert row["aj_as_defined_mean"] == 0


def test_patches_and_fix_by_hand() -> None:
    cell = reaching([0.8, 0.9, None])
    results = [run_result(r, baseline(), CORRECTED) for r in cell]
    assert patch_figures(cell, results, CORRECTED) == {
        "patches": 2,
        # Loss and units of three hyperparameters, twice; a run without a patch changes nothing.
        "complexity_mean": pytest.approx(2 * (2 / 3) / 3),
        "fix_complexity": pytest.approx(1 / 3),
        "aj_as_defined_mean": pytest.approx(2 / 3),
        "aj_as_published_mean": 1.0,
    }
    assert patch_figures(cell[2:], results[2:], CORRECTED)["complexity_mean"] == 0
    fallen = [run_result(r, baseline(), ICST23) for r in cell]
    found = patch_figures(cell, fallen, ICST23)
    assert found["complexity_mean"] == pytest.approx(2 / 4) and found["aj_as_defined_mean"] == 1
    assert patch_figures(cell[2:], fallen[2:], ICST23)["complexity_mean"] is None
