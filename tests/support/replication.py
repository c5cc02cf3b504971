"""Writes runs of the published study in the layout of its replication package."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from harness.analysis.published.trials import HYPERPARAMETERS

PRINTED = {
    "RandomNormal": "<tensorflow.python.keras.initializers.initializers_v2.RandomNormal object "
    "at 0x7f3a5c0b1d90>",
    "initialiser_normal": "<keras.initializers.RandomNormal object at 0x7f3a5c0b1d91>",
    "initialiser_const": "<keras.initializers.Constant object at 0x7f3a5c0b1d92>",
    "initialiser_xavier": "<keras.initializers.GlorotNormal object at 0x7f3a5c0b1d93>",
    "angle_loss_fn": "<function angle_loss_fn at 0x7f3a5c0b1d94>",
}
"""How Python printed the values that are objects."""


def write_package(root: Path, trials: pd.DataFrame, subjects: Mapping[str, str]) -> Path:
    """One file per run of ``trials``, a row per trial, and two trials that never started.

    Args:
        trials: Rows of the table of trials, with ``timestamp``.
        subjects: The package's name of each fault.
    """
    for (fault, technique, budget, repeat), run in trials.groupby(
        ["fault", "technique", "budget", "repeat"], observed=True
    ):
        folder = root / "results" / ("DFD" if str(fault).startswith("D") else "DC")
        folder.mkdir(parents=True, exist_ok=True)
        name = (
            f"2022-09-11|{subjects[str(fault)]}|_{technique}_iter_-1_time_{budget}_repeat_{repeat}"
        )
        _write(folder / f"{name}_top10_1.csv", run.sort_values("trial"), str(fault))
    return root


def _write(path: Path, run: pd.DataFrame, fault: str) -> None:
    lower = fault.startswith("U") or fault == "D7"
    metrics = ("mean_loss", "holdout_loss") if lower else ("mean_accuracy", "holdout_acc")
    names = [name for name in HYPERPARAMETERS if run[name].notna().any()]
    header = [*("trial_id", *metrics, "time_this_iter_s", "done", "training_iteration", "date")]
    header += ["timestamp", "time_total_s", "pid", *(f"config.{name}" for name in names)]
    rows = [[_fields(row, names, metrics).get(name, "") for name in header] for row in _rows(run)]
    rows += [[f"never_{n}", *[""] * (len(header) - 1)] for n in range(2)]
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *rows])


def _rows(run: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in run.to_dict("records")]


def _fields(row: Mapping[str, Any], names: list[str], metrics: tuple[str, str]) -> dict[str, Any]:
    finished = not math.isnan(row["train_s"])
    ended: dict[str, Any] = {}
    if finished:
        values = (row["search_metric"], row["holdout_metric"])
        ended = {m: "" if math.isnan(v) else repr(v) for m, v in zip(metrics, values, strict=True)}
        ended |= {"time_total_s": repr(row["train_s"]), "done": True, "training_iteration": 1}
    configuration = {}
    for name in names:
        value = PRINTED.get(str(row[name]), row[name])
        blank = finished and name.startswith("act") and value == "None"
        configuration[f"config.{name}"] = "" if blank else value
    return {"trial_id": f"t{row['trial']}", "timestamp": row["timestamp"], **ended, **configuration}
