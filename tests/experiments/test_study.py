"""Our study beside the published one, from runs that are stored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stored import small_study

from experiments import study as ours
from harness.analysis.protocols import CORRECTED
from harness.study.reading import read_study
from harness.subjects.registry import Registry


def test_our_runs_stand_beside_the_published_ones(tmp_path: Path, registry: Registry) -> None:
    plan, store = small_study(tmp_path, registry, ["D3", "D6"], ["random", "hebo"], budget=20)
    found = {
        budget: read_study(replace(plan, budget=budget), registry, store, CORRECTED)
        for budget in ours.BUDGETS
    }
    table = ours.beside(found, {b: ours.published_runs(b, found[b].faults) for b in ours.BUDGETS})
    told = [[field.text for field in row] for row in table.rows]
    assert [row[:3] for row in told[:4]] == [
        ["published", "bohb", "10"],
        ["published", "hebo", "10"],
        ["published", "random", "10"],
        ["ours", "hebo", "10"],
    ]
    assert len(told) == 2 * (3 + 2)
    text = ours.pairs(found).markdown()
    assert "| hebo > random | 20 |" in text and "of 2" in text
