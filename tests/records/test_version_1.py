"""Files of version 1, read into the records of today."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from recorded import CELL

from harness.records.schema import Misfit
from harness.records.version_1 import (
    Refused,
    baseline_v1,
    json_v1,
    log_lines_v1,
    run_record_v1,
)

VERSION_1 = Path(__file__).parents[1] / "data" / "version_1"
(RUN_FOLDER,) = (VERSION_1 / "runs" / "D6" / "random").iterdir()


def old_record() -> dict[str, Any]:
    return json_v1(RUN_FOLDER / "run.json")


def test_a_run_record_keeps_its_numbers_and_gets_the_cell_of_today() -> None:
    old = old_record()
    record = run_record_v1(old, CELL)
    assert record.cell == CELL
    assert (record.trials, record.spent) == (old["trials"], old["spent"])
    assert record.run_seed == old["run_seed"]
    assert record.environment.results_version == 1


def test_early_records_lack_fields_that_get_their_defaults() -> None:
    old = old_record()
    for name in ("choice", "health", "continued_after", "run_seed", "environment"):
        old.pop(name, None)
    old["budget_seconds"] = old.pop("allowed")
    record = run_record_v1(old, CELL)
    assert record.allowed == old["budget_seconds"]
    assert record.run_seed == CELL.run_seed
    assert (record.choice, record.health, record.continued_after) == (None, {}, 0)
    assert record.environment.packages == {}


def test_a_damaged_run_record_is_a_misfit() -> None:
    with pytest.raises(Misfit, match="trials"):
        run_record_v1({**old_record(), "trials": "many"}, CELL)


def test_a_baseline_keeps_its_trainings() -> None:
    (path,) = (VERSION_1 / "baselines").iterdir()
    old = json.loads(path.read_text())
    record = baseline_v1(path)
    assert [outcome.holdout for outcome in record.faulty] == [o["holdout"] for o in old["faulty"]]
    assert record.training_time == old["training_time"]


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    path.write_text('{"a": 1}\n{"b": 2}\n{"c":')
    assert log_lines_v1(path) == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "trials.jsonl is missing"),
        ('{"a":', "trials.jsonl holds no whole line"),
        ('{"a": 1}\nx\n', "trials.jsonl:2 is damaged: "),
        ("[1]\n", "trials.jsonl:1 is damaged: it is no mapping"),
    ],
)
def test_a_damaged_log_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "trials.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Refused, match=message):
        log_lines_v1(path)


@pytest.mark.parametrize("content", ["[]", "{}", '{"version": 2}', '{"version": "1"}'])
def test_a_file_of_another_version_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(content)
    with pytest.raises(Refused, match=r"run\.json is not of version 1"):
        json_v1(path)
    path.write_text('{"version": 1, "a": [2]}')
    assert json_v1(path) == {"a": [2]}
