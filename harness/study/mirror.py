"""Mirrors finished runs into MLflow (SQLite) for browsing. MLflow is never the source of truth.

One process writes, after the runs: plan -> parent run, cell -> child run, trial -> step.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.data.extras import require
from harness.records.cell import Cell
from harness.records.files import read_json
from harness.records.log import LOG, read_log
from harness.records.store import RUN, Store

EXPERIMENT = "dnn-repair"


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
    from mlflow.entities import Metric, Param, RunTag

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
        folder: Path = store.folder(cell)
        if cell.identity in known or not (folder / RUN).exists():
            continue
        record, log = read_json(folder / RUN), read_log(folder / LOG)
        rows = log[1] if log else []
        now = int(time.time() * 1000)
        run = client.create_run(
            number,
            run_name=f"{cell.fault} {cell.technique} {cell.repetition}",
            tags={"mlflow.parentRunId": parent, "harness.cell": cell.identity},
        )
        numbers = {
            "trials": record["trials"],
            "spent_seconds": record["spent"],
            **{f"{name}_seconds": value for name, value in record["seconds"].items()},
        }
        metrics = [Metric(name, float(value), now, 0) for name, value in numbers.items()]
        for row in rows:
            for name in ("search", "holdout"):
                if (value := getattr(row.outcome, name)) is not None:
                    metrics.append(Metric(name, value, now, row.index))
        shown = ("fault", "technique", "budget", "clock", "space", "repetition", "seed", "backend")
        client.log_batch(
            run.info.run_id,
            metrics=metrics[:1000],
            params=[Param(name, str(getattr(cell, name))) for name in shown],
            tags=[RunTag("harness.folder", str(cell.folder))],
        )
        client.set_terminated(run.info.run_id)
        added += 1
    return added


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
