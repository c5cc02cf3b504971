"""What else happens beside a study: a second driver, a mirror in MLflow that cannot be used."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from drivers import SMALL, Whole, finish, same, start
from upsets import Driver, one_message

from harness.records.run_record import RUN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

Starting = Callable[..., Driver]

MANY = 8


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
    runs = len([*whole.folder.rglob(RUN)])
    told = f"MLflow: {runs} runs added" if trouble == "gone" else "MLflow mirror left out"
    assert told in said
    same(folder, whole.folder)


@pytest.mark.parametrize("folders", ["one folder", "folders of their own"])
def test_many_studies_started_in_one_second(
    folders: str,
    tmp_path: Path,
    drivers: Starting,
    own_faults: Path,
    whole: Whole,
    again: int,
) -> None:
    """Each ends well; in one folder they share the runs, and leave to others what those have."""
    own = folders == "folders of their own"
    where = [tmp_path / (str(number) if own else "results") for number in range(MANY)]
    started = [drivers(*SMALL, "workers=1", f"results={folder}") for folder in where]
    for driver in started:
        code, said = driver.end()
        assert code == 0, said
        one_message(said)
    assert [driver.left() for driver in started] == [[]] * MANY
    if not own:
        finish(SMALL, where[0], own_faults)  # tables of all runs, whoever made them
    for folder in set(where):
        same(folder, whole.folder)
