"""``kill -9`` for the driver, at moments drawn at random: nothing is lost, nothing is there twice.

What Ray started for a killed driver ends by itself, within seconds; the next driver does not wait
for that.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from drivers import SMALL, Whole, finish, lines, same, start

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]

LONG = [*SMALL, "plan.techniques=[random,bohb]", "plan.repetitions=4", "budget=20"]


class Sum:
    """What the kills of a test hit."""

    def __init__(self) -> None:
        self.kills = self.trials = self.under_way = 0

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.under_way} of them while trials were being recorded; "
            f"{self.trials} trials recorded before one"
        )


def hit(words: list[str], folder: Path, faults: Path, wait: float, told: Sum) -> bool:
    """Start a driver and kill it after so many seconds; False if it had ended before."""
    before = lines(folder)
    driver = start(words, folder, faults)
    try:
        said, _ = driver.communicate(timeout=wait)
    except subprocess.TimeoutExpired:
        driver.kill()
        driver.wait()
    else:
        assert driver.returncode == 0, said
        return False
    after = lines(folder)
    for path, recorded in before.items():
        assert after[path][: len(recorded)] == recorded
    new = sum(map(len, after.values())) - sum(map(len, before.values()))
    told.kills += 1
    told.trials += new
    told.under_way += new > 0
    return True


def test_a_study_killed_thirty_times_ends_as_an_undisturbed_one(
    tmp_path: Path, own_faults: Path
) -> None:
    whole, folder, told = tmp_path / "whole", tmp_path / "killed", Sum()
    began = time.monotonic()
    finish(LONG, whole, own_faults)
    takes = time.monotonic() - began
    rng = np.random.default_rng()
    studies = 0
    while told.kills < 30:
        shutil.rmtree(folder, ignore_errors=True)
        studies += 1
        while hit(LONG, folder, own_faults, rng.uniform(0.1, 0.6) * takes, told):
            pass
        same(folder, whole)
    print(f"\n{studies} studies of {takes:.0f} s: {told}")
    assert told.under_way >= 10


def test_twenty_runs_in_a_row_each_killed_end_in_equal_tables(
    tmp_path: Path, own_faults: Path, whole: Whole
) -> None:
    told = Sum()
    rng = np.random.default_rng()
    for number in range(20):
        folder = tmp_path / str(number)
        while not hit(SMALL, folder, own_faults, rng.uniform(0.1, 0.9) * whole.seconds, told):
            shutil.rmtree(folder)
        finish(SMALL, folder, own_faults)
        same(folder, whole.folder)
    print(f"\n20 studies of {whole.seconds:.0f} s: {told}")
