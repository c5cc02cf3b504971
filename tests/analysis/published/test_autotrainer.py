from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from harness.analysis.published import Published
from harness.analysis.published.autotrainer import Executions, read_executions
from harness.analysis.published.facts import SHIPPED
from harness.vocabulary import HarnessError


def executions(seconds: float) -> Executions:
    times, reached = np.array([5.0, 3.0, 40.0]), np.array([0.2, 0.6, 0.9])
    return Executions({"X": times}, {"X": reached}, {("X", 10): seconds})


def test_a_draw_stops_before_the_allowance_is_exceeded() -> None:
    seen = set()
    for seed in range(60):
        rows = executions(9.0).draw("X", 10, np.random.default_rng(seed))
        assert rows[-1].spent <= 9.0 and rows[0].configuration is None
        seen.add(tuple(row.holdout for row in rows))
    # The long execution ends a draw wherever it comes, and never begins one.
    assert seen == {(0.2,), (0.6,), (0.2, 0.6), (0.6, 0.2)}


def test_nothing_fits_a_short_allowance() -> None:
    assert executions(2.0).draw("X", 10, np.random.default_rng(0)) == []


def test_statuses_of_the_study(study: Published) -> None:
    cells = {(r.fault, r.budget): r.status for r in study.autotrainer}
    statuses = list(cells.values())
    assert {s: statuses.count(s) for s in set(statuses)} == {
        "ok": 40,
        "timed_out": 11,
        "no_symptom": 12,
        "not_applicable": 27,
    }
    # An execution would fit D6 at 20, but the study's table lists none.
    assert cells["D6", 20.0] == "timed_out"


def test_a_missing_file_is_one_message(tmp_path: object) -> None:
    assert len(read_executions(SHIPPED).times) == 17
    with pytest.raises(HarnessError, match="cannot be read"):
        read_executions(SHIPPED / "nowhere")


def test_a_time_that_cannot_be_is_one_message(tmp_path: Path) -> None:
    for name in ("autotrainer_runs.csv.gz", "autotrainer_budgets.csv"):
        shutil.copy(SHIPPED / name, tmp_path / name)
    path = tmp_path / "autotrainer_budgets.csv"
    path.write_text(path.read_text().replace("14.2", "soon", 1))
    with pytest.raises(HarnessError, match="row 1 has 'soon' as budget_s, which is no number"):
        read_executions(tmp_path)
