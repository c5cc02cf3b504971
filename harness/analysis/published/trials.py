"""The study's trials as one tidy table, from the file that is shipped with this project."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from harness.analysis.published.facts import BUDGETS, TECHNIQUES
from harness.vocabulary import HarnessError

TRIALS_FILE = "trials.parquet"

RECORDED = (
    "fault",
    "technique",
    "budget",
    "repeat",
    "trial",
    "search_metric",
    "holdout_metric",
    "train_s",
    "start_s",
    "status",
)
"""What every row says, besides the hyperparameters that its fault has."""
STATUSES = ("ok", "nan_metric", "crashed", "cut_or_crashed")


class NumberRule(NamedTuple):
    """What the numbers of a column can be; all are finite."""

    least: float = 0.0
    optional: bool = False
    """Whether a row may lack it."""
    whole: bool = False


NUMBER_COLUMNS: Mapping[str, NumberRule] = {
    "repeat": NumberRule(whole=True),
    "trial": NumberRule(whole=True),
    "search_metric": NumberRule(-math.inf, optional=True),
    "holdout_metric": NumberRule(-math.inf, optional=True),
    "train_s": NumberRule(optional=True),
    "start_s": NumberRule(optional=True),
}

HYPERPARAMETERS = (
    *("loss", "batch_size", "optimizer", "lr", "epochs"),
    *(f"{kind}{n}" for kind in ("act", "ki", "bi") for n in range(1, 7)),
    *(f"{kind}{n}" for kind in ("unit", "layer") for n in range(1, 4)),
    *("dropout1", "dropout2"),
)
"""Columns of the hyperparameters, in the package's words; missing where a fault has none such."""


def read_trials(path: Path) -> pd.DataFrame:
    """One row per started trial.

    Args:
        path: A parquet file with the columns ``RECORDED`` and ``HYPERPARAMETERS``.

    Raises:
        HarnessError: If the file cannot be read, or is no such table.
    """
    columns = [*RECORDED, *HYPERPARAMETERS]
    try:
        present = pq.read_schema(path).names
        if lacking := [name for name in columns if name not in present]:
            raise HarnessError(
                f"{path} is no table of published trials: it lacks the columns "
                f"{', '.join(lacking)}. Found: {', '.join(present)}"
            )
        frame = pq.read_table(path, columns=columns).to_pandas()
    except (OSError, ValueError, TypeError, pa.ArrowException) as error:
        raise HarnessError(f"{path} cannot be read as a table of trials: {error}") from None
    return checked(frame, str(path))


def checked(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """``frame``, sorted; its words are known and no trial occurs twice.

    Raises:
        HarnessError: Otherwise.
    """
    if frame.empty:
        raise HarnessError(f"{where} holds no trials")
    known = {"technique": TECHNIQUES, "budget": BUDGETS, "status": STATUSES}
    for column, values in known.items():
        if odd := sorted(set(frame[column].unique()) - set(values), key=str):
            raise HarnessError(
                f"{where}: column {column} says {', '.join(map(str, odd))}. "
                f"Known: {', '.join(map(str, values))}"
            )
    check_numbers(frame, where, NUMBER_COLUMNS)
    key = ["fault", "technique", "budget", "repeat", "trial"]
    begun = set(frame.loc[frame["trial"] == 0, "fault"])
    if without := sorted(set(frame["fault"].unique()) - begun):
        raise HarnessError(
            f"{where}: no run of {', '.join(without)} has its first trial, the faulty configuration"
        )
    frame = frame.assign(fault=frame["fault"].astype(str), technique=frame["technique"].astype(str))
    if (twice := frame.duplicated(key)).any():
        first = frame.loc[twice, key].iloc[0].to_dict()
        raise HarnessError(f"{where}: {int(twice.sum())} trials occur twice, the first is {first}")
    return frame.sort_values(key, kind="stable", ignore_index=True)


def check_numbers(frame: pd.DataFrame, where: str, columns: Mapping[str, NumberRule]) -> None:
    """Columns hold the numbers that they can hold.

    Raises:
        HarnessError: Otherwise; names column, row and value.
    """
    for name, rule in columns.items():
        numbers = pd.to_numeric(frame[name], errors="coerce").astype(float)
        odd = frame[name].notna() & numbers.isna() if rule.optional else numbers.isna()
        odd |= np.isinf(numbers) | (numbers < rule.least)
        if rule.whole:
            odd |= numbers % 1 != 0
        if odd.any():
            row = int(odd.to_numpy().argmax())
            kind = "whole number" if rule.whole else "number"
            bound = "" if math.isinf(rule.least) else f" from {rule.least:g} on"
            raise HarnessError(
                f"{where}: row {row + 1} has {frame[name].iloc[row]!r} as {name}, which is no "
                f"{kind}{bound}"
            )
        if any(isinstance(value, str) for value in frame[name].unique()):
            raise HarnessError(f"{where}: the column {name} holds numbers as text")
