"""Stored runs are read by their plan, or all of a folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from stored import small_study, write_study

from harness.analysis.protocols import CORRECTED
from harness.study.reading import read_folder, read_study, stored_cells
from harness.study.spec import make_techniques
from harness.subjects.registry import Registry
from harness.vocabulary import HarnessError


def test_a_folder_has_the_runs_of_its_plan(tmp_path: Path, registry: Registry) -> None:
    plan, store = small_study(tmp_path, registry, ["D3", "D6"], ["hebo", "random"], budget=4)
    planned = read_study(plan, registry, store, CORRECTED)
    found = read_folder(store, registry, CORRECTED)
    assert found.scores.equals(planned.scores) and found.summary.equals(planned.summary)
    assert set(stored_cells(store)) == set(plan.cells(registry))
    assert read_folder(store, registry, CORRECTED, fault=["D3"]).faults == ["D3"]


def test_what_is_shown_of_a_plan_changes_no_star(tmp_path: Path, registry: Registry) -> None:
    plan, store = small_study(tmp_path, registry, ["D3", "D6"], ["hebo", "random"], budget=4)
    bohb = make_techniques(["bohb"])
    wider = {**plan.techniques, **bohb}
    write_study(replace(plan, techniques=bohb), registry, tmp_path)
    whole = read_study(plan, registry, store, CORRECTED)
    assert set(whole.scores["tests"]) == {4} and not whole.context
    shown = replace(plan, faults=["D6"], techniques={"hebo": plan.techniques["hebo"]})
    narrow = read_study(replace(shown, family=plan), registry, store, CORRECTED)
    assert len(narrow.context) == 3 * 3 and len(narrow.scores) == 1
    both = narrow.scores.merge(whole.scores, on=["fault", "technique"])
    assert both["p_holm_x"].tolist() == both["p_holm_y"].tolist()
    # A technique that the plan does not declare has a family of its own: six cells.
    beyond = read_study(replace(plan, techniques=wider, family=plan), registry, store, CORRECTED)
    assert dict(zip(beyond.scores["technique"], beyond.scores["tests"], strict=True)) == {
        "hebo": 4,
        "random": 4,
        "bohb": 6,
    }
    some = read_folder(store, registry, CORRECTED, technique=["hebo"])
    every = read_folder(store, registry, CORRECTED)
    both = some.scores.merge(every.scores, on=["fault", "technique"])
    assert both["p_holm_x"].tolist() == both["p_holm_y"].tolist() and len(both) == 2


def test_missing_runs_of_the_family_count(tmp_path: Path, registry: Registry) -> None:
    plan, store = small_study(tmp_path, registry, ["D6"], ["random"], budget=4)
    declared = replace(plan, faults=["D1", "D3", "D6"], budget=99)
    found = read_study(replace(plan, family=declared), registry, store, CORRECTED)
    row = found.scores.iloc[0]
    assert row["tests"] == 3 and row["p_holm"] == pytest.approx(min(1, 3 * row["p_mannwhitney"]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"budget": 5}, "several values of budget: 4.0, 5.0. Choose one: budget=5.0"),
        ({"clock": "work"}, "several values of clock: training, work"),
        ({"seed": 2}, "several values of seed: 1, 2"),
        ({"fraction": 0.5}, "runs of fault D3 in several settings .fault_content, data, fraction"),
    ],
)
def test_a_folder_with_several_settings_is_one_message(
    change: dict[str, object], message: str, tmp_path: Path, registry: Registry
) -> None:
    plan, store = small_study(tmp_path, registry, ["D3"], ["random"], budget=4)
    write_study(replace(plan, **change), registry, tmp_path)  # type: ignore[arg-type]
    with pytest.raises(HarnessError, match=message):
        read_folder(store, registry, CORRECTED)


def test_nothing_stored_is_said(tmp_path: Path, registry: Registry) -> None:
    plan, store = small_study(tmp_path / "a", registry, ["D3"], ["random"], budget=4)
    with pytest.raises(HarnessError, match="no finished run with fault D6 is in"):
        read_folder(store, registry, CORRECTED, fault="D6")
    other = replace(plan, budget=9)
    with pytest.raises(HarnessError, match="Run it first: dnn-repair run plan=small budget=9"):
        read_study(other, registry, store, CORRECTED)
