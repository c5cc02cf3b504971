"""The verdict on each cell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cells import baseline, reaching, score

from harness.analysis.protocols import CORRECTED, ICST23
from harness.analysis.significance import verdicts


def test_rounding_can_make_the_studys_test_significant() -> None:
    faulty = [0.19] * 4 + [0.18] * 6
    base = baseline(faulty=faulty, fixed=[0.04] * 10, metric="mae")
    unchanged = reaching([0.184] * 10, metric="mae")
    assert score(unchanged, base, ICST23)["significant"]
    assert not score(unchanged, base, CORRECTED)["significant"]


def figures(p: float | None, **changes: Any) -> dict[str, Any]:
    """A row of the scores before its verdict."""
    setting = {
        "fault": "M1",
        "technique": "random",
        "budget": 20.0,
        "clock": "work",
        "protocol": "corrected",
        "space": "corrected",
    }
    values = {"metric": "accuracy", "mean": 0.5, "faulty_mean": 0.2, "a12": 0.8, "ir": 0.5}
    return {**setting, **values, "p_mannwhitney": p, "p_wilcoxon": p, **changes}


def test_holm_counts_the_cells_of_one_setting() -> None:
    rows = [figures(0.02), figures(0.04), figures(0.02, budget=50.0), figures(None)]
    judged = verdicts(rows, CORRECTED)
    assert [row["p_holm"] for row in judged] == [0.04, 0.04, 0.02, None]
    assert [row["significant"] for row in judged] == [True, True, True, False]
    assert "p_holm" not in rows[0]


@pytest.mark.parametrize(
    ("changes", "significant", "repaired"),
    [
        ({}, True, True),
        ({"a12": 0.7}, True, False),  # below the protocol's 0.71
        ({"a12": 0.5}, False, False),
        ({"mean": 0.1}, False, False),
        ({"mean": 0.1, "metric": "mae"}, True, True),
    ],
)
def test_better_means_mean_and_ranks(
    changes: dict[str, Any], significant: bool, repaired: bool
) -> None:
    (row,) = verdicts([figures(0.01, **changes)], CORRECTED)
    assert (row["significant"], row["repaired"]) == (significant, repaired)


def test_a_protocol_may_ask_for_a_positive_rate_instead() -> None:
    protocol = replace(CORRECTED, require_ir_positive=True)
    assert verdicts([figures(0.01, a12=0.4)], protocol)[0]["significant"]
    assert not verdicts([figures(0.01, ir=None)], protocol)[0]["significant"]
