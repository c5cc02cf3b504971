from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from recorded import CELL, header, row, run_record

from harness.records.log import LOG
from harness.records.store import Store
from harness.study.mirror import BATCH, EXPERIMENT, database, mirror, mirrored


@pytest.mark.parametrize(
    ("clock", "name"),
    [
        ("training", "spent_seconds"),
        ("wall", "spent_seconds"),
        ("work", "spent_multiply_accumulates"),
        ("pages", "spent_units"),
    ],
)
def test_what_was_spent_is_named_in_the_unit_of_its_clock(clock: str, name: str) -> None:
    found = mirrored(run_record(replace(CELL, clock=clock), 0, spent=7.0), [])
    assert {n: v for n, v, _ in found if n.startswith("spent")} == {name: 7.0}


def test_each_judged_trial_has_two_values_at_its_step() -> None:
    found = list(mirrored(run_record(CELL, 2), [row(0), row(1)]))
    assert [(n, s) for n, _, s in found if n in ("search", "holdout")] == [
        ("search", 0),
        ("holdout", 0),
        ("search", 1),
        ("holdout", 1),
    ]


@pytest.mark.slow
def test_no_value_of_a_long_run_is_dropped(tmp_path: Path) -> None:
    from mlflow import MlflowClient

    store, count, cell = Store(tmp_path), BATCH, replace(CELL, budget=1e4)
    with store.log(header(cell)) as log:
        assert log is not None
        for index in range(count):
            log.append(row(index))
    store.finish(run_record(cell, count))
    assert mirror(store, "a study", [cell]) == 1
    assert mirror(store, "a study", [cell]) == 0
    client: Any = MlflowClient(tracking_uri=database(store))
    experiment = client.get_experiment_by_name(EXPERIMENT)
    runs = client.search_runs([experiment.experiment_id])
    (run,) = (r for r in runs if "harness.cell" in r.data.tags)
    history = client.get_metric_history(run.info.run_id, "holdout")
    assert sorted(value.step for value in history) == list(range(count))
    assert run.data.params["fault"] == cell.fault
    assert (store.folder(cell) / LOG).exists()
