"""Mirrors finished runs into MLflow (SQLite) for browsing. MLflow is never the source of truth.

One process writes, after the runs: plan -> parent run, cell -> child run, trial -> step.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from harness.data.extras import require
from harness.records.cell import Cell
from harness.records.clocks import clock_unit
from harness.records.outcome import Trial
from harness.records.run_record import RunRecord
from harness.records.store import Store

EXPERIMENT = "dnn-repair"

BATCH = 1000
"""Entries that MLflow takes in one call."""

SHOWN = ("fault", "technique", "budget", "clock", "space", "repetition", "seed", "backend")
"""Fields of a cell that are logged as parameters."""


def database(store: Store) -> str:
    """MLflow's address of the mirror."""
    return f"sqlite:///{store.root / 'mlflow.db'}"


def mirror(store: Store, label: str, cells: Sequence[Cell]) -> int:
    """Add the finished cells that the mirror lacks; return how many were added.

    Raises:
        HarnessError: If MLflow is not installed.
        Exception: Whatever MLflow raises; the caller decides that a study goes on without it.
    """
    require("mlflow")
    from mlflow import MlflowClient

    for name in ("alembic", "mlflow"):
        logging.getLogger(name).setLevel(logging.ERROR)

    client = MlflowClient(tracking_uri=database(store))
    experiment = client.get_experiment_by_name(EXPERIMENT)
    number = (
        experiment.experiment_id
        if experiment
        else client.create_experiment(
            EXPERIMENT, artifact_location=(store.root / "mlartifacts").as_uri()
        )
    )
    parent = _parent(client, number, label)
    known = _mirrored(client, number, parent)
    added = 0
    for cell in cells:
        if cell.identity in known or not store.finished(cell):
            continue
        record = store.read_record(cell)
        _add(client, number, parent, record, store.trials(record))
        added += 1
    return added


def _add(
    client: Any, experiment: str, parent: str, record: RunRecord, trials: Sequence[Trial]
) -> None:
    """Add one run: its parameters once, its values in as many calls as they need."""
    from mlflow.entities import Metric, Param, RunTag

    cell, now = record.cell, int(time.time() * 1000)
    run = client.create_run(
        experiment,
        run_name=f"{cell.fault} {cell.technique} {cell.repetition}",
        tags={"mlflow.parentRunId": parent, "harness.cell": cell.identity},
    )
    client.log_batch(
        run.info.run_id,
        params=[Param(name, str(getattr(cell, name))) for name in SHOWN],
        tags=[RunTag("harness.folder", str(cell.folder))],
    )
    values = [Metric(name, value, now, step) for name, value, step in mirrored(record, trials)]
    for start in range(0, len(values), BATCH):
        client.log_batch(run.info.run_id, metrics=values[start : start + BATCH])
    client.set_terminated(run.info.run_id)


def mirrored(record: RunRecord, trials: Sequence[Trial]) -> Iterator[tuple[str, float, int]]:
    """All values of a run: name with its unit, value, step."""
    yield "trials", float(record.trials), 0
    yield f"spent_{clock_unit(record.cell.clock)}", record.spent, 0
    for name, value in asdict(record.seconds).items():
        yield f"{name}_seconds", value, 0
    for step, trial in enumerate(trials):
        for name, found in (("search", trial.search), ("holdout", trial.holdout)):
            if found is not None:
                yield name, found, step


def _parent(client: Any, experiment: str, label: str) -> str:
    found = client.search_runs(
        [experiment], f"tags.`harness.study.plan` = '{label}'", max_results=1
    )
    if found:
        return str(found[0].info.run_id)
    run = client.create_run(experiment, run_name=label, tags={"harness.study.plan": label})
    client.set_terminated(run.info.run_id)
    return str(run.info.run_id)


def _mirrored(client: Any, experiment: str, parent: str) -> set[str]:
    known: set[str] = set()
    token = None
    while True:
        page = client.search_runs(
            [experiment],
            f"tags.`mlflow.parentRunId` = '{parent}'",
            max_results=1000,
            page_token=token,
        )
        known |= {run.data.tags.get("harness.cell", "") for run in page}
        token = page.token
        if not token:
            return known
