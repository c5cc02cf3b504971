"""Drivers of studies, in processes of their own that can be killed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from commands import DOOR, ROOT, environment
from pandas.testing import assert_frame_equal

from harness.records.log import LOG

TIMES = re.compile(r'"(\w*seconds|at|started|training_time)": ("[^"]*"|[-+.\de]+)')

SMALL = ["plan=smoke", "plan.faults=[X1]", "plan.repetitions=1", "budget=6", "clock=work"]
"""A study of all three techniques: 35 to 40 s on two idle cores."""

SECONDS = ["training_time", "training_seconds", "search_seconds", "other_seconds"]
"""Columns of the scores that are never twice the same."""


class Whole(NamedTuple):
    """A study that nothing disturbed."""

    folder: Path
    seconds: float
    """From the start of its driver to its end."""


def start(words: list[str], folder: Path, faults: Path) -> subprocess.Popen[str]:
    """``dnn-repair run`` with these settings, on its way."""
    return subprocess.Popen(
        [*DOOR, "run", *words, f"results={folder}"],
        env=environment(faults),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(words: list[str], folder: Path, faults: Path) -> str:
    """The same command to its end; what it printed."""
    driver = start(words, folder, faults)
    said, _ = driver.communicate(timeout=600)
    assert driver.returncode == 0, said
    return said


def untimed(path: Path) -> list[str]:
    """The whole lines of a trial log as written, but for times and moments."""
    return [
        TIMES.sub("", line)
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True)
        if line.endswith("\n")
    ]


def lines(folder: Path) -> dict[str, list[str]]:
    """The same of every trial log in a results folder."""
    return {str(path.relative_to(folder)): untimed(path) for path in sorted(folder.rglob(LOG))}


def scores(folder: Path) -> pd.DataFrame:
    """The stored scores of the only study in a results folder, without times."""
    (path,) = (folder / "tables").glob("*/scores.csv")
    return pd.read_csv(path).drop(columns=SECONDS)


def same(folder: Path, whole: Path) -> None:
    """Two results folders hold the same trials, in the same order, and the same scores."""
    assert lines(folder) == lines(whole)
    assert_frame_equal(scores(folder), scores(whole))
