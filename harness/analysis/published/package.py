"""The study's trials from a clone of its replication package, in the files that Ray Tune wrote.

One CSV file per run below ``results/``, with a row per trial in the order of creation. What cannot
be read is left out with one message per file; the rest still counts.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

from harness.analysis.published.facts import BUDGETS, REPETITIONS, TECHNIQUES
from harness.analysis.published.trials import HYPERPARAMETERS, RECORDED, checked
from harness.vocabulary import HarnessError

NAME = re.compile(
    r".*\|(?P<subject>[^|]+)\|_(?P<technique>[a-z]+)_iter_-?\d+_time_(?P<budget>\d+)"
    r"_repeat_(?P<repeat>\d+)_top10_\d+\.csv",
    re.IGNORECASE,
)
"""``<anything>|<subject>|_<technique>_iter_-1_time_<budget>_repeat_<n>_top10_1.csv``."""

PACKAGE_METRICS = (("mean_accuracy", "holdout_acc"), ("mean_loss", "holdout_loss"))
"""Columns of the search and the holdout metric: accuracy, or something to minimise."""
CONFIG = re.compile(r"^config[./]")
"""How the columns of the hyperparameters begin."""

OBJECT = re.compile(r"<(?:function )?(?:\w+\.)*(?P<name>\w+)(?: object)?(?: at 0x[0-9a-fA-F]+)?>")
"""How Python prints a function, or an object that Ray was given as a value."""
UNITYEYES = "U"
UNITYEYES_NAMES = {
    "RandomNormal": "initialiser_normal",
    "Constant": "initialiser_const",
    "GlorotNormal": "initialiser_xavier",
}
"""What the UnityEyes programs call the initialisers that they define."""

NO_ACTIVATION = "None"
"""Ray leaves it blank in the row of a trial that finished."""


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    fault: str
    technique: str
    budget: int
    repeat: int

    @property
    def cell(self) -> tuple[str, str, int]:
        return self.fault, self.technique, self.budget


def read_package(root: Path, subjects: Mapping[str, str]) -> tuple[pd.DataFrame, list[str]]:
    """The trials of the study's faults, one row each, and what was wrong with the files.

    Args:
        root: A clone of the replication package.
        subjects: The package's names of the faults' subjects, each with the id of the fault.

    Returns:
        A frame as ``harness.analysis.published.trials`` describes it, and one message for each
        file that was left out and each cell with fewer than ten runs.

    Raises:
        HarnessError: If ``root`` is no such clone, or no result file in it can be read.
    """
    files = _files(root, subjects)
    rows: list[dict[str, Any]] = []
    notes = []
    for file, repeat in _numbered(files):
        try:
            rows += [row | {"repeat": repeat} for row in _rows(file)]
        except (OSError, ValueError, csv.Error) as error:
            notes.append(f"left out {file.path.relative_to(root)}: {error}")
    if not rows:
        raise HarnessError(
            f"none of the {len(files)} result files in {root} can be read. First: {notes[0]}"
        )
    columns = {name: [row.get(name) for row in rows] for name in (*RECORDED, *HYPERPARAMETERS)}
    numbers = ("search_metric", "holdout_metric", "train_s", "start_s")
    frame = pd.DataFrame(
        {
            name: pd.Series(values, dtype="float64" if name in numbers else "object")
            for name, values in columns.items()
        }
    )
    return checked(frame, str(root)), [*notes, *_incomplete(frame, subjects.values())]


def _files(root: Path, subjects: Mapping[str, str]) -> list[_File]:
    """The result files of the study's faults, sorted; those of other subjects are passed over."""
    results = root / "results"
    if not results.is_dir():
        found = sorted(p.name for p in root.iterdir())[:8] if root.is_dir() else []
        raise HarnessError(
            f"{root} is no clone of the replication package: it has no folder 'results'. "
            f"Found: {', '.join(found) or 'nothing'}"
        )
    matches = [(path, NAME.fullmatch(path.name)) for path in sorted(results.rglob("*.csv"))]
    files = [
        _File(path, fault, name["technique"].lower(), int(name["budget"]), int(name["repeat"]))
        for path, name in matches
        if name and (fault := _fault(name["subject"], subjects))
    ]
    files = [f for f in files if f.technique in TECHNIQUES and f.budget in BUDGETS]
    if not files:
        raise HarnessError(
            f"{root} is no clone of the replication package: {results} holds no result of the "
            "study's 30 faults, which are called "
            "'...|<subject>|_<technique>_iter_-1_time_<budget>_repeat_<n>_top10_1.csv'. "
            f"Found: {len(matches)} other CSV files"
        )
    return files


def _fault(subject: str, subjects: Mapping[str, str]) -> str | None:
    return subjects.get(subject) or subjects.get(f"{subject}.py")


def _numbered(files: Iterable[_File]) -> Iterator[tuple[_File, int]]:
    """The files, each with the number of its repetition.

    That is the number in its name; where two files of a cell share one (two invocations that both
    count from 0), the files of the cell are numbered in the order of their names.
    """
    ordered = sorted(files, key=lambda file: (file.cell, file.path.name))
    for _, group in groupby(ordered, key=lambda file: file.cell):
        own = list(group)
        distinct = len({file.repeat for file in own}) == len(own)
        yield from ((file, file.repeat if distinct else n) for n, file in enumerate(own))


def _rows(file: _File) -> list[dict[str, Any]]:
    """The trials that were started, as rows of the table of trials.

    Raises:
        ValueError: If the file holds no trial, lacks a column, or a number in it is none.
    """
    with file.path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        header = list(reader.fieldnames or [])
        if not header:
            raise ValueError("it is empty")
        search, holdout = next(
            (p for p in PACKAGE_METRICS if set(p) <= set(header)), PACKAGE_METRICS[0]
        )
        lacking = {search, holdout, "timestamp", "time_total_s"} - set(header)
        settings = {column: CONFIG.sub("", column) for column in header if CONFIG.match(column)}
        if lacking or "loss" not in settings.values():
            raise ValueError(f"it lacks the columns {', '.join(sorted(lacking)) or 'config.*'}")
        records = list(reader)
    if torn := [n for n, row in enumerate(records) if None in row or None in row.values()]:
        raise ValueError(f"row {torn[0] + 1} has not as many fields as the header")
    started = [row for row in records if row["timestamp"]]
    if not started:
        raise ValueError("no trial in it was started")
    rows: list[dict[str, Any]] = []
    origin = _start(started[0])
    for number, record in enumerate(started):
        seconds = _number(record["time_total_s"])
        metrics = _number(record[search]), _number(record[holdout])
        finished = not math.isnan(seconds)
        if not finished:
            status = "cut_or_crashed" if record is started[-1] else "crashed"
        else:
            status = "nan_metric" if any(map(math.isnan, metrics)) else "ok"
        rows.append(
            {
                "fault": file.fault,
                "technique": file.technique,
                "budget": file.budget,
                "trial": number,
                "search_metric": metrics[0],
                "holdout_metric": metrics[1],
                "train_s": seconds,
                "start_s": _start(record) - origin,
                "status": status,
                **{
                    name: _value(name, record[column], file.fault)
                    for column, name in settings.items()
                },
            }
        )
    return rows


def _start(record: Mapping[str, str]) -> float:
    """Unix seconds at which a trial started; its time stamp is its end if it finished."""
    seconds = _number(record["time_total_s"])
    return _number(record["timestamp"]) - (0.0 if math.isnan(seconds) else seconds)


def _number(text: str) -> float:
    return float(text) if text else math.nan


def _value(name: str, text: str, fault: str) -> str | int | float:
    """A hyperparameter's value from what Ray wrote."""
    if name.startswith(("batch_size", "epochs", "unit", "layer")):
        return int(float(text))
    if name.startswith(("lr", "dropout")):
        return float(text)
    if not text and name.startswith("act"):
        return NO_ACTIVATION
    if printed := OBJECT.fullmatch(text):
        names = UNITYEYES_NAMES if fault.startswith(UNITYEYES) else {}
        return names.get(printed["name"], printed["name"])
    return text


def _incomplete(frame: pd.DataFrame, faults: Iterable[str]) -> Iterator[str]:
    """What the study has and these trials lack."""
    key = ["fault", "technique", "budget"]
    runs = frame[[*key, "repeat"]].drop_duplicates()
    counts = Counter(runs[key].itertuples(index=False, name=None))
    present = set(frame["fault"])
    for fault in faults:
        if fault not in present:
            yield f"no result of fault {fault}"
            continue
        for technique in TECHNIQUES:
            for budget in BUDGETS:
                if (n := counts[fault, technique, budget]) < REPETITIONS:
                    yield f"{technique} on {fault} at budget {budget}: {n} of {REPETITIONS} runs"
