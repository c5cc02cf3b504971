from __future__ import annotations

import json
import multiprocessing
import re
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import CELL, header, row, run_record

from harness.records.baseline import read_baseline
from harness.records.cell import Cell
from harness.records.files import read_json, write_record
from harness.records.log import LOG, read_log
from harness.records.outcome import Trial
from harness.records.run import Confirmation, Minimised
from harness.records.run_record import RUN
from harness.records.schema import to_json
from harness.records.store import CONFIRMED, Store
from harness.vocabulary import HarnessError


def write(store: Store, rows: int, finish: bool = True) -> Path:
    with store.log(header()) as log:
        assert log is not None
        for index in range(len(log.trials), rows):
            log.append(row(index))
    if finish:
        store.finish(run_record(CELL, rows))
    return store.folder(CELL)


def test_an_identity_is_the_same_before_and_after(tmp_path: Path) -> None:
    folder = write(Store(tmp_path), 2)
    assert Cell(**json.loads((folder / RUN).read_text())["cell"]).identity == CELL.identity
    assert folder.name == f"b20-s1-r03-{CELL.identity}"


def test_a_log_comes_back_exactly_and_goes_on(tmp_path: Path) -> None:
    store = Store(tmp_path)
    write(store, 2, finish=False)
    with store.log(header(training_time=99.0)) as log:
        assert log is not None
        assert log.trials == [row(0), row(1)]
        assert log.header.training_time == 0.5  # that of the driver which began
        log.append(row(2))
    content = read_log(store.folder(CELL) / LOG)
    assert content is not None
    assert content[1] == [row(0), row(1), row(2)]


@given(cut=st.integers(1, 400))
def test_a_torn_last_line_is_cut_off(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Whatever a killed process leaves of its last line, the lines before it are kept."""
    store = Store(tmp_path_factory.mktemp("torn"))
    folder = write(store, 2, finish=False)
    whole = (folder / LOG).read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    (folder / LOG).write_bytes(whole[: min(last + cut, len(whole) - 1)])
    with store.log(header()) as log:
        assert log is not None
        assert log.trials == [row(0)]
        log.append(row(1))
    assert (folder / LOG).read_bytes() == whole


@settings(max_examples=25)
@given(st.lists(st.one_of(st.just(-1), st.integers(0, 500)), max_size=12))
def test_whatever_is_killed_when_no_row_is_lost_or_doubled(
    tmp_path_factory: pytest.TempPathFactory, events: list[int]
) -> None:
    """-1: a row is recorded. n: killed while the next row has n bytes on disk."""
    store = Store(tmp_path_factory.mktemp("events"))
    path = store.folder(CELL) / LOG
    expected: list[Trial] = []
    with ExitStack() as driver:
        log = driver.enter_context(store.log(header()))
        for event in (*events, 0):
            if event < 0:
                log.append(row(len(expected)))
                expected.append(row(len(expected)))
                continue
            driver.close()
            with path.open("a") as file:
                file.write(json.dumps(to_json(row(len(expected))))[:event])
            log = driver.enter_context(store.log(header()))
            assert log.trials == expected


FULL = """
import resource, signal, sys
sys.path[:0] = {tests!r}
from pathlib import Path
from recorded import header, row
from harness.records.store import Store
from harness.vocabulary import HarnessError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Store(Path({root!r})).log(header()) as log:
    log.append(row(0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, resource.RLIM_INFINITY))
    try:
        for index in range(1, 100):
            log.append(row(index))
    except HarnessError as error:
        print(index, error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    log.append(row(index))
"""


def test_a_row_that_finds_no_room_leaves_the_rows_before_it_whole(tmp_path: Path) -> None:
    code = FULL.format(tests=sys.path, root=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said = re.fullmatch(r"(\d+) .*trials\.jsonl cannot be written: File too large.*\n", done.stdout)
    assert said, done.stdout
    content = read_log(Store(tmp_path).folder(CELL) / LOG)
    assert content is not None
    assert content[1] == [row(index) for index in range(int(said[1]) + 1)]


@pytest.mark.parametrize("left", [b"", b'{"vers'])
def test_a_log_without_a_whole_line_is_begun_again(tmp_path: Path, left: bytes) -> None:
    store = Store(tmp_path)
    folder = store.folder(CELL)
    folder.mkdir(parents=True)
    (folder / LOG).write_bytes(left)
    assert write(store, 1) == folder
    assert len(store.read_run(CELL).trials) == 1


def test_a_damaged_line_is_named_and_nothing_is_changed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = write(store, 3)
    lines = (folder / LOG).read_text().splitlines(keepends=True)
    damaged = "".join([lines[0], "garbage\n", *lines[2:]])
    (folder / LOG).write_text(damaged)
    for read in (lambda: store.read_run(CELL), lambda: write(store, 4)):
        with pytest.raises(HarnessError, match=r"trials\.jsonl:2: this line .* is damaged"):
            read()
    assert (folder / LOG).read_text() == damaged


def test_a_truncated_log_of_a_finished_run_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = write(store, 3)
    lines = (folder / LOG).read_text().splitlines(keepends=True)
    (folder / LOG).write_text("".join(lines[:3]))
    with pytest.raises(HarnessError, match=r"holds 2 trials, but run\.json counted 3"):
        store.read_run(CELL)


@pytest.mark.parametrize("name", [LOG, RUN])
def test_results_of_another_version_are_refused(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path)
    folder = write(store, 1)
    text = (folder / name).read_text()
    (folder / name).write_text(text.replace('"version": 2', '"version": 99', 1))
    with pytest.raises(HarnessError, match="written by results version 99; this harness reads"):
        store.read_run(CELL)


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    store = Store(tmp_path)
    folder = write(store, 1)
    (folder / RUN).write_text(text)
    with pytest.raises(HarnessError, match=r"run\.json"):
        store.read_run(CELL)


def _hold(root: str, ready, done) -> None:
    with Store(Path(root)).log(header()) as log:
        assert log is not None
        ready.set()
        done.wait(30)


def test_a_second_driver_leaves_a_cell_that_is_taken(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(str(tmp_path), ready, done))
    other.start()
    assert ready.wait(30)
    with Store(tmp_path).log(header()) as log:
        assert log is None
    done.set()
    other.join(30)
    with Store(tmp_path).log(header()) as log:
        assert log is not None


def confirmation(seed: int, holdout: float = 0.5) -> Confirmation:
    outcome = replace(row(0).outcome, holdout=holdout)
    return Confirmation(proposal=1, fidelity=1.0, seed=seed, outcome=outcome)


def test_re_trainings_are_kept_beside_the_run_and_none_is_replaced(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = write(store, 2)
    before = (folder / RUN).read_bytes()
    assert store.confirmed(CELL) == []
    store.confirm(CELL, [confirmation(1), confirmation(2)])
    store.confirm(CELL, [confirmation(2, holdout=0.9), confirmation(3)])
    kept = [confirmation(1), confirmation(2), confirmation(3)]
    assert store.confirmed(CELL) == store.read_run(CELL).confirmed == kept
    assert (folder / RUN).read_bytes() == before


def test_damaged_re_trainings_are_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = write(store, 2)
    (folder / CONFIRMED).write_text('{"version": 2, "trainings": [{"seed": 1}]}')
    with pytest.raises(HarnessError, match=r"confirmed\.json is no record of re-trainings"):
        store.read_run(CELL)


def test_the_run_of_the_next_larger_budget_is_found(tmp_path: Path) -> None:
    store = Store(tmp_path)
    large, larger, other = (
        replace(CELL, **change)
        for change in ({"budget": 50.0}, {"budget": 80.0}, {"budget": 90.0, "seed": 2})
    )
    small = replace(CELL, budget=10.0)
    for cell in (large, larger, other):
        with store.log(header(cell)):
            pass
    assert store.longer([small]) == {}  # none is finished
    for cell in (larger, large, other):
        store.finish(run_record(cell, 0))
    assert store.longer([small, larger, large]) == {small: large, large: larger}
    assert store.shorter([small, larger, large]) == {larger: large}
    largest = replace(CELL, budget=100.0)
    assert store.shorter([largest]) == {largest: larger}


def test_missing_is_planned_minus_present(tmp_path: Path) -> None:
    store, other = Store(tmp_path), replace(CELL, repetition=4)
    write(store, 1)
    assert store.missing([CELL, other]) == [other]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError, match="results folder .* cannot be written.*RESULTS="):
        Store(tmp_path / "file").check()


def test_a_damaged_baseline_is_named(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_text('{"version": 2, "fault": "D1"}')
    with pytest.raises(HarnessError, match=r"b\.json is no baseline"):
        read_baseline(path, "D1")


def test_a_foreign_or_damaged_record_stops_no_other_cell(tmp_path: Path) -> None:
    store = Store(tmp_path)
    large, small = replace(CELL, budget=50.0), replace(CELL, budget=10.0)
    store.finish(run_record(large, 0))
    for number, text in enumerate(["", "{", "[]", '{"version": 1}', '{"version": 2, "a": 1}']):
        folder = store.folder(small).parent / f"foreign-{number}"
        folder.mkdir()
        (folder / RUN).write_text(text)
    (store.folder(small).parent / "folder" / RUN).mkdir(parents=True)
    assert store.longer([small]) == {small: large}


def test_the_record_of_another_cell_is_refused(tmp_path: Path) -> None:
    store, other = Store(tmp_path), replace(CELL, repetition=4)
    folder = write(store, 1)
    folder.rename(store.folder(other))
    with pytest.raises(HarnessError, match=r"run\.json is the record of another run"):
        store.read_run(other)


def test_the_log_of_another_cell_is_refused(tmp_path: Path) -> None:
    store, other = Store(tmp_path), replace(CELL, repetition=4)
    folder = write(store, 1)
    store.finish(run_record(other, 1))
    (store.folder(other) / LOG).write_bytes((folder / LOG).read_bytes())
    with pytest.raises(HarnessError, match=r"trials\.jsonl:1: .*cell is not the one asked for"):
        store.read_run(other)


def test_a_configuration_of_another_program_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = write(store, 2)
    text = (folder / LOG).read_text()
    (folder / LOG).write_text(text.replace('"epochs"', '"epoch"'))
    with pytest.raises(HarnessError, match=r"trials\.jsonl:2: .*differs in epoch, epochs"):
        store.read_run(CELL)


def test_re_trainings_out_of_range_are_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    write(store, 2)
    store.confirm(CELL, [confirmation(1), confirmation(2, holdout=99.0)])
    with pytest.raises(HarnessError, match=r"confirmed\.json .*trainings\.1\.outcome\.holdout is"):
        store.read_run(CELL)


MINIMISED_PATCH = Minimised(
    configuration={"epochs": 5},
    trainings=6,
    taken_back=("epochs",),
    margin=0.1,
    alpha=0.05,
    retrainings=3,
    cost=None,
    holdout_before=(0.5, None),
    holdout_after=(0.5, 1.0),
)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, ""),
        ({"trainings": -1}, "trainings is -1, not at least 0"),
        ({"cost": "1"}, "cost is '1', not a number"),
        ({"holdout_after": [True]}, r"holdout_after\.0 is True"),
        ({"holdout_after": [9.5]}, r"a holdout value is 9\.5, but accuracy"),
        ({"configuration": {"lr": 1.0}}, "its configuration is not .* differs in epochs, lr"),
        ({"version": 1}, "written by results version 1"),
    ],
)
def test_a_minimised_patch_comes_back_or_is_refused(
    tmp_path: Path, change: dict, problem: str
) -> None:
    store = Store(tmp_path)
    write(store, 1)
    path = store.minimised_path(CELL)
    write_record(path, MINIMISED_PATCH)
    path.write_text(json.dumps({**read_json(path), **change}))
    if not problem:
        assert store.read_run(CELL).minimised == store.minimised(CELL) == MINIMISED_PATCH
        return
    with pytest.raises(HarnessError, match=rf"minimised\.json .*{problem}"):
        store.read_run(CELL)


def test_runs_of_an_earlier_version_are_pointed_out(tmp_path: Path) -> None:
    store = Store(tmp_path)
    write(store, 1)
    assert store.outdated([CELL]) == ""
    earlier = store.folder(CELL).parent / "b20-earlier" / LOG
    earlier.parent.mkdir()
    earlier.write_text('{"version": 1}\n')
    assert "dnn-repair migrate RESULTS" in store.outdated([CELL])
