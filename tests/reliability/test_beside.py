"""What else happens beside a study: a second driver, a mirror in MLflow that cannot be used."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from drivers import SMALL, Whole, finish, same, start

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_two_drivers_of_one_study_share_its_runs(
    tmp_path: Path, own_faults: Path, whole: Whole
) -> None:
    drivers = [start(SMALL, tmp_path, own_faults) for _ in range(2)]
    said = [driver.communicate(timeout=300)[0] for driver in drivers]
    assert [driver.returncode for driver in drivers] == [0, 0], said
    finish(SMALL, tmp_path, own_faults)
    same(tmp_path, whole.folder)


@pytest.mark.parametrize("trouble", ["locked", "gone", "a folder"])
def test_a_study_ends_well_without_its_mirror(
    trouble: str, tmp_path: Path, own_faults: Path, whole: Whole
) -> None:
    folder = tmp_path / "results"
    shutil.copytree(whole.folder, folder, ignore=shutil.ignore_patterns("run.json", "tables"))
    database = folder / "mlflow.db"
    if trouble == "locked":
        lock = sqlite3.connect(database)
        lock.execute("BEGIN EXCLUSIVE")
        said = finish(SMALL, folder, own_faults)
        lock.close()
    else:
        database.unlink()
        if trouble == "a folder":
            database.mkdir()
        said = finish(SMALL, folder, own_faults)
    assert ("MLflow: 3 runs added" if trouble == "gone" else "MLflow mirror left out") in said
    same(folder, whole.folder)
