"""Results as version 1 of the harness wrote them: one run of Random on D6 and all it needs."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from recorded import run_record

import harness.records.migrate as records_migrate
from harness.records.baseline import read_baseline_record
from harness.records.cell import Cell
from harness.records.files import read_json
from harness.records.log import LOG
from harness.records.migrate import ASIDE, REFUSED, STAGING, Migration
from harness.records.run import Minimised
from harness.records.run_record import RUN, read_run_record
from harness.records.store import Store
from harness.records.trainings import read_trainings
from harness.study.migration import migrate_results
from harness.subjects.fault import Fault
from harness.subjects.registry import FAULTS, Registry, load_registry
from harness.vocabulary import HarnessError

VERSION_1 = Path(__file__).parents[1] / "data" / "version_1"
RUN_FOLDER = "runs/D6/random/b10-s1-r01-42134c5eb589"
BASELINE = "baselines/D6-82312ad4d554.json"
TRAININGS = "trainings/two_squares/e3303ba4581b.json"


@pytest.fixture(scope="module")
def faults() -> Registry:
    return load_registry([FAULTS])


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return shutil.copytree(VERSION_1, tmp_path / "results")


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "lock"
    }


def the_cell(results: Path) -> Cell:
    (folder,) = (path.parent for path in results.glob(f"runs/D6/random/*/{RUN}"))
    return read_run_record(folder).cell


def edit(path: Path, change: Callable[[dict], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_everything_is_carried_over_and_nothing_is_lost(results: Path, faults: Registry) -> None:
    before = files(results)
    done = migrate_results(results, faults)
    assert set(done.carried) == {RUN_FOLDER, BASELINE, TRAININGS}
    assert done.refused == {}
    assert "3 records are of version 2 now" in str(done)
    kept = files(results / done.aside)
    kept.pop(REFUSED)
    assert kept == before
    assert not (results / STAGING).exists()


def test_a_migrated_run_has_its_trials_and_todays_identity(results: Path, faults: Registry) -> None:
    old = json.loads((results / RUN_FOLDER / RUN).read_text())
    lines = (results / RUN_FOLDER / LOG).read_text().splitlines()
    again = json.loads((results / RUN_FOLDER / "confirmed.json").read_text())["trainings"]
    migrate_results(results, faults)
    store, cell = Store(results), the_cell(results)
    assert cell.fault_content == faults["D6"].content != old["cell"]["fault_content"]
    assert "class" not in cell.settings
    assert cell.run_seed == old["run_seed"]
    run, record = store.read_run(cell), store.read_record(cell)
    assert [t.configuration for t in run.trials] == [
        json.loads(line)["configuration"] for line in lines[1:]
    ]
    assert run.trials[-1].spent == json.loads(lines[-1])["spent"]
    assert (run.choice, run.allowed) == (old["choice"], old["allowed"])
    assert [c.outcome.holdout for c in run.confirmed] == [a["outcome"]["holdout"] for a in again]
    assert record.environment.results_version == 1
    assert record.counts == old["counts"]


def test_baselines_and_trainings_are_found_by_their_new_names(
    results: Path, faults: Registry
) -> None:
    migrate_results(results, faults)
    (baseline,) = (results / "baselines").iterdir()
    record = read_baseline_record(baseline)
    assert record.content == faults["D6"].content
    assert len(record.faulty) == 10
    (trainings,) = (results / "trainings" / "two_squares").iterdir()
    assert len(read_trainings(trainings).trainings) == 10


NOT_FILES: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a loop": lambda path: path.symlink_to(path.name),
    "a fifo": os.mkfifo,
    "zeros": lambda path: (path.touch(), os.truncate(path, 3 << 30)),
    "a list": lambda path: path.write_text("[1, 2]"),
    "deep": lambda path: path.write_text('{"version": 1, "a": ' + "[" * 9999 + "]" * 9999 + "}"),
    "odd": lambda path: path.write_text('{"version": 1, "cell": 3, "fault": [], "counts": "x"}'),
}


@pytest.mark.parametrize("case", NOT_FILES)
@pytest.mark.parametrize("name", [f"{RUN_FOLDER}/{RUN}", f"{RUN_FOLDER}/{LOG}", BASELINE])
def test_what_is_no_file_is_refused_with_its_reason(
    case: str, name: str, results: Path, faults: Registry
) -> None:
    (results / name).unlink()
    NOT_FILES[case](results / name)
    before = (results / name).lstat()
    done = migrate_results(results, faults)
    refused = name if name == BASELINE else RUN_FOLDER
    assert list(done.refused) == [refused] and TRAININGS in done.carried
    after = (results / done.aside / name).lstat()
    assert (after.st_mode, after.st_size) == (before.st_mode, before.st_size)


def test_a_lock_that_is_no_file_is_one_message(results: Path, faults: Registry) -> None:
    os.mkfifo(results / RUN_FOLDER / "lock")
    with pytest.raises(HarnessError, match="lock cannot be written"):
        migrate_results(results, faults)


def test_a_second_time_there_is_nothing_to_do(results: Path, faults: Registry) -> None:
    migrate_results(results, faults)
    before = files(results)
    assert migrate_results(results, faults) == Migration()
    assert files(results) == before


def test_an_unfinished_run_is_carried_over_and_can_be_continued(
    results: Path, faults: Registry
) -> None:
    (results / RUN_FOLDER / RUN).unlink()
    path = results / RUN_FOLDER / LOG
    count = len(path.read_bytes().splitlines()) - 1
    path.write_bytes(path.read_bytes() + b'{"index": 99, "torn')
    migrate_results(results, faults)
    (log,) = results.glob(f"runs/D6/random/*/{LOG}")
    header = json.loads(log.read_text().splitlines()[0])
    cell = Cell(**header["cell"])
    with Store(results).log(records_migrate.read_log(log).header) as opened:  # type: ignore[union-attr]
        assert opened is not None
        assert (len(opened.trials), opened.header.cell) == (count, cell)


def test_a_minimised_patch_is_carried_over(results: Path, faults: Registry) -> None:
    folder = results / RUN_FOLDER / "minimised"
    folder.mkdir()
    entries = [json.loads(x) for x in (results / RUN_FOLDER / LOG).read_text().splitlines()]
    patched = entries[1]["configuration"]
    head = {"version": 1, "cell": "42134c5eb589", "patched": patched, "retrainings": 3}
    trial = {**entries[1], "charged": 0.0, "spent": 0.0, "at": ""}
    (folder / LOG).write_text(f"{json.dumps(head)}\n{json.dumps(trial)}\n")
    minimised = Minimised(patched, 6, ["loss"], 0.1, 0.05, 3, 2.5, [0.5, None], [1.0])
    content = {name: getattr(minimised, name) for name in Minimised.__dataclass_fields__}
    (folder / "minimised.json").write_text(json.dumps({"version": 1, **content}))
    done = migrate_results(results, faults)
    assert done.refused == {}
    found = Store(results).read_run(the_cell(results)).minimised
    assert found == replace(
        minimised, taken_back=("loss",), holdout_before=(0.5, None), holdout_after=(1.0,)
    )


class Changed(dict):  # type: ignore[type-arg]
    """A registry in which a fault has other values."""

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.subjects = registry.subjects
        found: Fault = registry["D6"]
        self["D6"] = replace(found, values={**found.values, "epochs": 7})

    def subject(self, name: str) -> object:
        return self.subjects[name]


def test_runs_of_a_fault_that_is_another_today_are_refused_with_the_reason(
    results: Path, faults: Registry
) -> None:
    """The trainings of its subject are still good."""
    done = migrate_results(results, Changed(faults))  # type: ignore[arg-type]
    assert list(done.carried) == [TRAININGS]
    assert "fault D6 is another program today" in done.refused[RUN_FOLDER]
    assert "fault D6 is another program today" in done.refused[BASELINE]
    assert (results / ASIDE / RUN_FOLDER / RUN).exists()
    assert read_json(results / ASIDE / REFUSED)["refused"] == dict(done.refused)
    assert "2 could not be carried over" in str(done)


def rename(results: Path) -> None:
    (results / RUN_FOLDER).rename(results / "runs/D6/random/b10-s1-r01-000000000000")


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda r: (r / RUN_FOLDER / LOG).unlink(), "trials.jsonl is missing"),
        (lambda r: (r / RUN_FOLDER / LOG).write_text('{"version": 1}\nx\n'), "trials.jsonl:2 is"),
        (lambda r: (r / RUN_FOLDER / LOG).write_text("x"), "trials.jsonl holds no whole line"),
        (lambda r: (r / RUN_FOLDER / RUN).write_text("{"), "run.json cannot be read"),
        (lambda r: edit(r / RUN_FOLDER / RUN, lambda c: c.update(trials=1)), "counts add up to"),
        (lambda r: edit(r / RUN_FOLDER / RUN, lambda c: c.pop("seconds")), "it lacks 'seconds'"),
        (
            lambda r: edit(r / RUN_FOLDER / RUN, lambda c: c["cell"].update(seed=2)),
            "are of two different runs",
        ),
        (rename, "its folder is named after another run"),
    ],
)
def test_a_damaged_run_is_refused_and_kept(
    results: Path, faults: Registry, harm: Callable[[Path], object], reason: str
) -> None:
    harm(results)
    before = files(results)
    done = migrate_results(results, faults)
    (problem,) = done.refused.values()
    assert reason in problem
    assert not list(results.glob(f"runs/*/*/*/{LOG}"))
    kept = files(results / ASIDE)
    kept.pop(REFUSED)
    assert kept == before


def test_where_nothing_can_be_carried_over_nothing_is_changed(
    results: Path, faults: Registry
) -> None:
    shutil.rmtree(results / "runs")
    shutil.rmtree(results / "trainings")
    (results / BASELINE).rename(results / "baselines" / "D6-000000000000.json")
    before = files(results)
    with pytest.raises(HarnessError, match=r"nothing in .* can be carried over.*\n.*D6-0000"):
        migrate_results(results, faults)
    assert files(results) == before
    assert sorted(p.name for p in results.iterdir()) == ["baselines"]


def test_runs_of_version_2_stay_as_they_are(results: Path, faults: Registry) -> None:
    fresh = shutil.copytree(VERSION_1, results.parent / "fresh")
    migrate_results(fresh, faults)
    other = replace(the_cell(fresh), repetition=9)
    Store(results).finish(run_record(other, 0))
    path = Store(results).folder(other) / RUN
    before = path.read_bytes()
    done = migrate_results(results, faults)
    assert len(done.carried) == 3
    assert path.read_bytes() == before


def test_a_driver_at_work_is_not_disturbed(results: Path, faults: Registry) -> None:
    before = files(results)
    with open(results / RUN_FOLDER / "lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(HarnessError, match="another process is working in"):
            migrate_results(results, faults)
    assert files(results) == before


@pytest.mark.parametrize("steps", range(8))
def test_a_killed_migration_goes_on(
    results: Path, faults: Registry, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """Killed before any of its renamings: the next call ends as if nothing had happened."""
    whole = shutil.copytree(VERSION_1, results.parent / "whole")
    migrate_results(whole, faults)
    rename, left = records_migrate.os.rename, [steps]

    def killed(*paths: Path) -> None:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        rename(*paths)

    monkeypatch.setattr(records_migrate.os, "rename", killed)
    if steps < 6:
        with pytest.raises(KeyboardInterrupt):
            migrate_results(results, faults)
    monkeypatch.setattr(records_migrate.os, "rename", rename)
    migrate_results(results, faults)
    assert files(results) == files(whole)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, faults: Registry) -> None:
    with pytest.raises(HarnessError, match="there is no results folder"):
        migrate_results(tmp_path / "nowhere", faults)
