"""Guided repair beside the others, from runs that are stored."""

from __future__ import annotations

from pathlib import Path

from stored import small_study

from experiments import guided
from harness.analysis.protocols import CORRECTED
from harness.analysis.schemas import SCORES, SUMMARY
from harness.records.files import read_json, write_json
from harness.study.plan import baseline_paths
from harness.study.reading import read_study
from harness.subjects.registry import Registry


def test_faults_of_a_single_operator_have_a_row_per_technique(
    tmp_path: Path, registry: Registry
) -> None:
    plan, store = small_study(tmp_path, registry, ["D1", "D3"], ["guided", "random"], budget=10)
    table = guided.single(read_study(plan, registry, store, CORRECTED), registry)
    told = [[field.text for field in row] for row in table.rows]
    assert [row[:2] for row in told] == [["guided", "1"], ["random", "1"]]
    assert "D1" in table.notes[0] and "D3" not in table.notes[0]
    assert all(row[-1].endswith("%") for row in told)


def test_a_fault_that_does_not_show_is_no_fault_to_repair(
    tmp_path: Path, registry: Registry
) -> None:
    plan, store = small_study(tmp_path, registry, ["D1", "G1"], ["guided"], budget=10)
    path = baseline_paths(plan, registry, store)["D1"]
    record = read_json(path)
    write_json(path, {**record, "fixed": record["faulty"]})
    table = guided.single(read_study(plan, registry, store, CORRECTED), registry)
    assert "G1" in table.notes[0] and "D1" not in table.notes[0]


def test_the_glance_shows_guided_repair_beside_the_best_of_the_others(
    tmp_path: Path, registry: Registry
) -> None:
    techniques = ["guided", "random", "hebo"]
    plan, store = small_study(tmp_path, registry, ["D1", "D3"], techniques, budget=10)
    study = read_study(plan, registry, store, CORRECTED)
    summary = study.summary.set_index("technique")
    summary.loc[techniques, "ir_median"] = [0.25, 0.5, 0.75]
    summary.loc[techniques, "complexity_median"] = [0.125, 0.875, 0.625]
    summary.loc[techniques, "significant"] = [1, 2, 0]
    for part in guided.COMPARED:
        for budget in guided.BUDGETS:
            folder = tmp_path / "tables" / f"guided-{part}-b{budget}"
            SCORES.write(study.scores, folder / "scores.csv")
            SUMMARY.write(summary.reset_index(), folder / "summary.csv")
    table = guided.glance(tmp_path / "tables", registry)
    rows = {row[0].text: [field.text for field in row[1:]] for row in table.rows}
    columns = len(guided.COMPARED)
    assert rows["median improvement rate"] == ["0.25 / 0.75"] * columns
    assert rows["median complexity"] == ["0.12 / 0.62"] * columns
    assert rows["faults significantly improved"] == ["1 of 2 / 2 of 2"] * columns
