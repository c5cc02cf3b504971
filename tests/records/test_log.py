from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import AT, CELL, header, row

from harness.records.cell import Cell
from harness.records.clocks import CLOCKS, charge_of
from harness.records.log import (
    LOCK,
    LOG,
    LONGEST_LINE,
    MinimisingHeader,
    RunHeader,
    TrialLog,
    read_log,
)
from harness.records.outcome import Outcome, Trial
from harness.records.schema import LARGEST, to_json
from harness.vocabulary import Cause, HarnessError, TrialStatus

Entries = list[dict[str, Any]]


def written(folder: Path, count: int = 3, head: RunHeader | None = None) -> Path:
    log = TrialLog(folder, head or header())
    assert log.acquire()
    for index in range(count):
        log.append(row(index))
    log.close()
    return folder / LOG


def rewrite(path: Path, change: Callable[[Entries], object]) -> bytes:
    """Change the lines of a log, and return its bytes."""
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    change(entries)
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return path.read_bytes()


def at(*names: str | int, value: object) -> Callable[[Entries], None]:
    def change(entries: Any) -> None:
        for name in names[:-1]:
            entries = entries[name]
        entries[names[-1]] = value

    return change


def swap(entries: Entries) -> None:
    entries[1], entries[2] = entries[2], entries[1]


CASES = [
    (at(2, "outcome", "holdout", value=99.0), r":3: .*outcome\.holdout is 99\.0, but accuracy"),
    (at(2, "outcome", "search", value=-0.1), r":3: .*outcome\.search is -0\.1, but accuracy"),
    (at(2, "outcome", "search", value=True), r":3: .*outcome\.search is True, not a number"),
    (at(2, "outcome", "search", value="0.5"), r":3: .*outcome\.search is '0\.5', not a number"),
    (at(2, "outcome", "search", value=float("nan")), r":3: .*NaN is no number"),
    (at(2, "outcome", "seconds", value=-1), r":3: .*outcome\.seconds is -1, not at least 0"),
    (at(2, "outcome", "fidelity", value=0), r":3: .*outcome\.fidelity is 0, not in"),
    (at(2, "outcome", "status", value="diverged"), r":3: .*a completed trial has search and"),
    (at(2, "outcome", value=None), r":3: .*outcome is None, not a mapping"),
    (at(2, "configuration", value=None), r":3: .*configuration is missing"),
    (at(2, "configuration", "epochs", value=None), r":3: .*configuration\.epochs is None"),
    (at(2, "charged", value=None), r":3: .*charged is missing"),
    (at(2, "charged", value=-1.0), r":3: .*charged is -1\.0, not at least 0"),
    (at(2, "spent", value="1"), r":3: .*spent is '1', not a number"),
    (at(2, "spent", value=1e9), r":3: .*spent is 1000000000\.0, but 0\.1 were spent before"),
    (at(-1, "spent", value=0.25), r":4: .*spent is 0\.25, but 0\.2 were spent before"),
    (at(-1, "spent", value=0.1), r":4: .*spent is 0\.1, but 0\.2 were spent before"),
    (at(2, "index", value=None), r":3: .*index is None, not 1"),
    (at(2, "note", value={"choice": "x"}), r":3: .*the choice in a note is a proposal"),
    (at(2, "note", value={"history": {}}), r":3: .*a note with a history is a mapping"),
    (at(2, "other", value=1), r":3: .*holds the unknown field 'other'"),
    (at(2, value=[]), r":3: .*is \[\], not a mapping"),
    (swap, r":2: .*index is 1, not 0"),
    (lambda e: e.insert(2, e[1]), r":3: .*index is 0, not 1"),
    (lambda e: e.pop(1), r":2: .*index is 1, not 0"),
    (lambda e: e[0].pop("training_time"), r":1: .*lacks the field 'training_time'"),
    (at(0, "training_time", value=0), r":1: .*training_time is 0, not above 0"),
    (at(0, "metric", value="luck"), r":1: .*metric is 'luck', not one of accuracy"),
    (at(0, "metric", value="mae"), r":1: .*its metric is not the one asked for"),
    (at(0, "cell", value={}), r":1: .*cell lacks the field"),
    (at(0, "cell", "repetition", value=4), r":1: .*its cell is not the one asked for"),
]


@pytest.mark.parametrize(("change", "message"), CASES)
def test_a_contradiction_is_named_with_its_line_and_nothing_is_changed(
    tmp_path: Path, change: Callable[[Entries], object], message: str
) -> None:
    path = written(tmp_path)
    before = rewrite(path, change)
    with pytest.raises(HarnessError, match=r"trials\.jsonl" + message) as raised:
        TrialLog(tmp_path, header()).acquire()
    assert "Nothing was changed; move the folder" in str(raised.value)
    assert path.read_bytes() == before


def test_a_whole_log_is_accepted_on_reading_and_resuming(tmp_path: Path) -> None:
    path = written(tmp_path)
    rewrite(path, lambda entries: None)
    found = read_log(path)
    assert found is not None
    assert (found.header, found.trials) == (header(), [row(0), row(1), row(2)])
    assert found.size == path.stat().st_size
    assert TrialLog(tmp_path, header(training_time=9.0)).acquire()


def test_a_running_clock_may_show_more_than_its_charges_but_never_less(tmp_path: Path) -> None:
    wall = header(replace(CELL, clock="wall"))
    path = written(tmp_path, head=wall)
    rewrite(path, at(-1, "spent", value=0.35))
    found = read_log(path)
    assert found is not None and found.trials[-1].spent == 0.35
    rewrite(path, at(-1, "spent", value=0.15))
    with pytest.raises(HarnessError, match=r":4: .*spent is 0\.15, but 0\.2 were spent before"):
        read_log(path)


@pytest.mark.parametrize(
    ("trial", "message"),
    [
        (replace(row(0), index=None), "its index is None, not 0"),
        (replace(row(0), index=1), "its index is 1, not 0"),
        (replace(row(0), charged=None), "its charged is missing"),
        (replace(row(0), spent=0.3), "its spent is 0.3, but 0.0 were spent before"),
        (replace(row(0), note={"x": {1, 2}}), "note.* is no JSON value"),
        (replace(row(0), note={"x": float("nan")}), "not a finite number"),
        (
            replace(row(0), outcome=replace(row(0).outcome, holdout=42.0)),
            "its outcome.holdout is 42.0, but accuracy",
        ),
    ],
)
def test_a_trial_that_does_not_fit_is_not_written(
    tmp_path: Path, trial: Trial, message: str
) -> None:
    log = TrialLog(tmp_path, header())
    assert log.acquire()
    before = (tmp_path / LOG).read_bytes()
    with pytest.raises(HarnessError, match=f"cannot be stored: .*{message.partition('its ')[2]}"):
        log.append(trial)
    assert (tmp_path / LOG).read_bytes() == before
    log.append(row(0))
    log.close()
    found = read_log(tmp_path / LOG)
    assert found is not None and found.trials == [row(0)]


def test_a_log_that_is_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / LOG).mkdir()
    for read in (lambda: read_log(tmp_path / LOG), TrialLog(tmp_path, header()).acquire):
        with pytest.raises(
            HarnessError, match=r"trials\.jsonl cannot be read as a trial log: Is a"
        ):
            read()


def outside(path: Path) -> Path:
    """A link to a file of somebody else."""
    other = path.parent.parent / "precious"
    other.write_text("my data")
    path.symlink_to(other)
    return other


NOT_LOGS: dict[str, Callable[[Path], object]] = {
    "a loop": lambda path: path.symlink_to(path.name),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "a link to elsewhere": outside,
    "a fifo": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "zeros": lambda path: (path.touch(), os.truncate(path, 3 << 30)),
    "a line without end": lambda path: (
        path.write_bytes(b'{"version": 2'),
        os.truncate(path, 3 << 30),
    ),
    "somebody's notes": lambda path: path.write_bytes(b"do not lose me"),
    "many lines": lambda path: path.write_bytes(b"\n" * 1000),
}


@pytest.mark.parametrize("case", NOT_LOGS)
@pytest.mark.parametrize("name", [LOG, LOCK])
def test_what_is_no_log_is_one_message_and_stays(case: str, name: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    NOT_LOGS[case](folder / name)
    before = (folder / name).lstat()
    log = TrialLog(folder, header())
    if name == LOCK and (folder / name).is_file() and not (folder / name).is_symlink():
        assert log.acquire()  # whatever stands in a lock
    else:
        with pytest.raises(HarnessError, match=str(folder / name)):
            log.acquire()
    log.close()
    after = (folder / name).lstat()
    assert (after.st_mode, after.st_size) == (before.st_mode, before.st_size)
    if case == "a link to elsewhere":
        assert (tmp_path / "precious").read_text() == "my data"


def test_a_log_of_which_only_zeros_were_written_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / LOG).write_bytes(b'{"version": 2, "ce' + b"\0" * 4000)
    log = TrialLog(tmp_path, header())
    assert log.acquire() and log.trials == []
    log.close()


def test_a_trial_that_no_reader_would_take_is_not_written(tmp_path: Path) -> None:
    log = TrialLog(tmp_path, header())
    assert log.acquire()
    deep: Any = []
    for _ in range(40):
        deep = [deep]
    for note in ({"long": "x" * LONGEST_LINE}, {"deep": deep}, {"half": "\ud800"}, {"n": 2**70}):
        with pytest.raises(HarnessError, match="cannot be stored"):
            log.append(replace(row(0), note=note))
    log.append(row(0))
    log.close()


def test_a_log_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert read_log(tmp_path / LOG) is None


def test_the_log_of_another_patch_is_not_continued(tmp_path: Path) -> None:
    head = MinimisingHeader(cell="abc", metric="accuracy", patched={"epochs": 1}, retrainings=3)
    assert TrialLog(tmp_path, head).acquire()
    assert TrialLog(tmp_path, head).acquire()
    with pytest.raises(HarnessError, match=r":1: .*its patched is not the one asked for"):
        TrialLog(tmp_path, replace(head, patched={"epochs": 2})).acquire()


def test_three_hundred_lines_are_read_quickly(tmp_path: Path) -> None:
    path = tmp_path / LOG
    outcome = replace(row(0).outcome, losses=tuple(n / 7 for n in range(30)))
    configuration = {f"units_{n}": n for n in range(20)}
    trials = [replace(row(n), outcome=outcome, configuration=configuration) for n in range(300)]
    lines = [{"version": 2, **to_json(header())}, *map(to_json, trials)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    read_log(path)
    began = time.process_time()
    for _ in range(5):
        read_log(path)
    assert (time.process_time() - began) / 5 < 0.05


numbers = st.floats(0, 1e6)
outcomes = st.one_of(
    st.builds(
        Outcome,
        status=st.sampled_from([s for s in TrialStatus if s is not TrialStatus.COMPLETED]),
        seconds=numbers,
        work=numbers,
        cause=st.sampled_from([None, *Cause]),
        message=st.text(),
        losses=st.lists(st.floats(allow_nan=False, allow_infinity=False)).map(tuple),
    ),
    st.builds(
        Outcome,
        status=st.just(TrialStatus.COMPLETED),
        seconds=numbers,
        steps=st.integers(1, 99),
        search=st.floats(0, 1),
        holdout=st.floats(0, 1),
        fidelity=st.floats(0, 1, exclude_min=True),
    ),
)
whole = st.integers(-LARGEST, LARGEST)
values = st.one_of(st.booleans(), whole, st.floats(-9, 9), st.text())
notes = st.dictionaries(
    st.text(min_size=1).filter(lambda n: n not in ("choice", "history")),
    st.none() | values | st.lists(values, max_size=3),
    max_size=3,
)


@st.composite
def logs(draw: st.DrawFn) -> tuple[RunHeader, list[Trial]]:
    cell: Cell = replace(CELL, clock=draw(st.sampled_from(sorted(CLOCKS))))
    trials: list[Trial] = []
    spent = 0.0
    for index in range(draw(st.integers(0, 4))):
        outcome = draw(outcomes)
        own = charge_of(cell.clock, outcome)
        charged = draw(numbers) if own is None else own
        spent += charged
        trials.append(
            Trial(
                index=index,
                proposal=draw(st.integers(0, 99)),
                configuration=draw(st.dictionaries(st.text(), values, max_size=4)),
                outcome=outcome,
                suggest_seconds=draw(numbers),
                charged=charged,
                spent=spent,
                at=AT,
                note=draw(notes),
            )
        )
    return header(cell), trials


@given(logs())
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, written: tuple[RunHeader, list[Trial]]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    head, trials = written
    log = TrialLog(folder, head)
    assert log.acquire()
    for trial in trials:
        log.append(trial)
    log.close()
    found = read_log(folder / LOG)
    assert found is not None
    assert (found.header, found.trials) == (head, trials)


@settings(max_examples=300)
@given(st.integers(0), st.binary(max_size=3), st.integers(0, 3))
def test_an_edited_log_says_what_it_holds_or_is_refused_with_its_line(
    tmp_path_factory: pytest.TempPathFactory, place: int, put: bytes, drop: int
) -> None:
    """Any bytes in the place of any others: the trials are those of the file, or one message."""
    path = written(tmp_path_factory.mktemp("edited"), count=2)
    whole = path.read_bytes()
    place %= len(whole)
    edited = whole[:place] + put + whole[place + drop :]
    path.write_bytes(edited)
    try:
        found = read_log(path)
    except HarnessError as error:
        refused = str(error)
    else:
        refused = ""
    assert path.read_bytes() == edited
    if refused:
        assert f"{path}:" in refused or f"{path} was written by" in refused
        return
    if found is None:
        assert b"\n" not in edited
        return
    lines = [json.loads(line) for line in edited[: found.size].splitlines()]
    assert len(lines) == 1 + len(found.trials)
    assert {"version": 2, **to_json(found.header)} == lines[0]
    for trial, line in zip(found.trials, lines[1:], strict=True):
        assert {**to_json(trial), **line} == to_json(trial)
