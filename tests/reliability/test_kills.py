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


class Killer:
    """Kills drivers at moments drawn at random, and keeps count."""

    def __init__(self, seconds: float) -> None:
        self.kills = self.trials = self.under_way = 0
        self._rng = np.random.default_rng()
        self._span = seconds

    def hit(self, words: list[str], folder: Path, faults: Path) -> bool:
        """Start a driver and kill it after up to ``_span`` seconds; False if it ended before.

        A kill that came before any trial makes the next ones come later, and one that came too
        late sooner: a study must get somewhere however busy the machine is, but not to its end.
        """
        before = lines(folder)
        driver = start(words, folder, faults)
        try:
            said, _ = driver.communicate(timeout=self._rng.uniform(0, self._span))
        except subprocess.TimeoutExpired:
            driver.kill()
            driver.wait()
        else:
            assert driver.returncode == 0, said
            self._span *= 0.9
            return False
        after = lines(folder)
        for path, recorded in before.items():
            assert after[path][: len(recorded)] == recorded
        new = sum(map(len, after.values())) - sum(map(len, before.values()))
        self.kills += 1
        self.trials += new
        self.under_way += new > 0
        if not new:
            self._span *= 1.1
        return True

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.under_way} of them while trials were being recorded; "
            f"{self.trials} lines of trial logs written before one"
        )


def test_a_study_killed_thirty_times_ends_as_an_undisturbed_one(
    tmp_path: Path, own_faults: Path
) -> None:
    whole, folder = tmp_path / "whole", tmp_path / "killed"
    began = time.monotonic()
    finish(LONG, whole, own_faults)
    takes = time.monotonic() - began
    killer, studies = Killer(0.7 * takes), 0
    while killer.kills < 30:
        shutil.rmtree(folder, ignore_errors=True)
        studies += 1
        while killer.hit(LONG, folder, own_faults):
            pass
        same(folder, whole)
        print(f"\n{studies} studies of {takes:.0f} s: {killer}", flush=True)
    assert killer.under_way >= 10


def test_twenty_runs_in_a_row_each_killed_end_in_equal_tables(
    tmp_path: Path, own_faults: Path, whole: Whole
) -> None:
    killer = Killer(whole.seconds)
    for number in range(20):
        folder = tmp_path / str(number)
        while not killer.hit(SMALL, folder, own_faults):
            shutil.rmtree(folder)
        finish(SMALL, folder, own_faults)
        same(folder, whole.folder)
    assert killer.kills == 20
    print(f"\n20 studies of {whole.seconds:.0f} s: {killer}")
