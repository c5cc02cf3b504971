"""``kill -9`` for the driver, at moments drawn at random: nothing is lost, nothing is there twice.

What Ray started for a killed driver ends by itself, within seconds; the next driver does not wait
for that.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drivers import SMALL, Whole, finish, lines, same, start
from upsets import TIMES, Driver, kept, one_message, recorded

from harness.records.log import LOG

pytestmark = [pytest.mark.slow, pytest.mark.timeout(14400)]

Starting = Callable[..., Driver]

KILLS, ROW, RUNGS = 6 * TIMES, 4 * TIMES, 4 * TIMES
"""Kills of a long study; studies in a row; kills between the rungs of BOHB."""

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
        kept(before, folder)
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


def test_a_driver_killed_again_and_again(
    tmp_path: Path, own_faults: Path, record_property: Callable[[str, object], None]
) -> None:
    whole, folder = tmp_path / "whole", tmp_path / "killed"
    began = time.monotonic()
    finish(LONG, whole, own_faults)
    takes = time.monotonic() - began
    killer, studies = Killer(0.7 * takes), 0
    while killer.kills < KILLS:
        shutil.rmtree(folder, ignore_errors=True)
        studies += 1
        while killer.hit(LONG, folder, own_faults):
            pass
        same(folder, whole)
        print(f"\n{studies} studies of {takes:.0f} s: {killer}", flush=True)
    record_property("tried", killer.kills)
    assert killer.under_way >= KILLS // 3


def test_studies_in_a_row_each_killed_once(
    tmp_path: Path,
    own_faults: Path,
    whole: Whole,
    record_property: Callable[[str, object], None],
) -> None:
    killer = Killer(whole.seconds)
    for number in range(ROW):
        folder = tmp_path / str(number)
        while not killer.hit(SMALL, folder, own_faults):
            shutil.rmtree(folder)
        finish(SMALL, folder, own_faults)
        same(folder, whole.folder)
    record_property("tried", killer.kills)
    assert killer.kills == ROW
    print(f"\n{ROW} studies of {whole.seconds:.0f} s: {killer}")


@pytest.mark.parametrize("rows", [0, 4])
@pytest.mark.parametrize("kind", ["slot", "training worker", "Tune actor"])
def test_a_killed_process_of_a_study(
    kind: str, rows: int, tmp_path: Path, drivers: Starting, whole: Whole, again: int
) -> None:
    """Its trial is trained again in a new process; the study ends as if nothing had been."""
    folder = tmp_path / "results"
    driver = drivers(*SMALL, f"results={folder}")
    driver.until_rows(folder, rows)
    driver.until(lambda: bool(driver.hit(kind, signal.SIGKILL)))
    code, said = driver.end()
    assert code == 0, said
    one_message(said)
    same(folder, whole.folder)
    assert driver.left() == []


@pytest.mark.parametrize("kind", ["raylet", "control store"])
def test_a_killed_process_of_ray(
    kind: str, tmp_path: Path, drivers: Starting, whole: Whole, again: int
) -> None:
    """The study ends with one message, and the next one goes on."""
    folder = tmp_path / "results"
    driver = drivers(*SMALL, f"results={folder}")
    driver.until_rows(folder, 1)
    assert driver.hit(kind, signal.SIGKILL)
    code, said = driver.end()
    assert code == 2, said
    one_message(said, "error: ", "of Ray ended unexpectedly")
    assert driver.left() == []
    before = lines(folder)
    after = drivers(*SMALL, f"results={folder}")
    code, said = after.end()
    assert code == 0, said
    kept(before, folder)
    same(folder, whole.folder)


def test_a_killed_driver_leaves_nothing_to_the_next_one(
    tmp_path: Path, drivers: Starting, whole: Whole, again: int
) -> None:
    """Processes end by themselves; temporary files are removed by the next driver that starts."""
    folder = tmp_path / "results"
    driver = drivers(*SMALL, f"results={folder}")
    driver.until_rows(folder, 3)
    driver.process.kill()
    driver.end()
    assert [what for what in driver.left() if not what.startswith(str(driver.temporary))] == []
    before = lines(folder)
    after = drivers(*SMALL, f"results={folder}", TMPDIR=str(driver.temporary))
    code, said = after.end()
    assert code == 0, said
    kept(before, folder)
    same(folder, whole.folder)
    assert after.left() == [] and driver.left() == []


BRACKETS = ["plan=smoke", "plan.faults=[X1]", "plan.techniques=[bohb]", "plan.repetitions=1"]


def test_bohb_killed_between_rungs(
    tmp_path: Path,
    drivers: Starting,
    own_faults: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """Each driver is killed when the next rung begins; the same configurations are promoted."""
    words = [*BRACKETS, "budget=40", "clock=work"]
    whole, folder = tmp_path / "whole", tmp_path / "killed"
    finish(words, whole, own_faults)
    (log,) = whole.rglob(LOG)
    trials = [json.loads(line) for line in log.read_text("utf-8").splitlines()[1:]]
    reached = [trial["outcome"]["fidelity"] for trial in trials]
    rungs = [n for n in range(1, len(reached)) if reached[n] != reached[n - 1]]
    assert len(rungs) >= 3
    kills = 0
    while kills < RUNGS:
        shutil.rmtree(folder, ignore_errors=True)
        for rung in rungs[: RUNGS - kills]:
            driver = drivers(*words, f"results={folder}")
            driver.until_rows(folder, rung)
            driver.process.kill()
            driver.end()
            assert recorded(folder) >= rung
            kills += 1
        finish(words, folder, own_faults)
        same(folder, whole)
    record_property("tried", kills)
