"""Stored files that no driver has written: one message with the file, nothing changed, exit code 2.

Each case edits one file of a small stored study; every command that reads the study is tried.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stored import write_study

from harness.api import load
from harness.cli import main
from harness.study.plan import Plan
from harness.study.spec import make_techniques
from harness.subjects.registry import Registry

STORED = ["plan=smoke", "plan.faults=[D3]", "plan.techniques=[random,hebo]", "budget=6"]
READERS = ("tables", "missing")

RUN = "runs/D3/random/b6-s1-r01-*/run.json"
LOG = "runs/D3/random/b6-s1-r01-*/trials.jsonl"
BASELINE = "baselines/D3-*.json"
CONFIRMED = "runs/D3/random/b6-s1-r01-*/confirmed.json"
MINIMISED = "runs/D3/random/b6-s1-r01-*/minimised/minimised.json"

Change = Callable[[Path], object]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Path:
    chosen = make_techniques(["random", "hebo"])
    plan = Plan(name="smoke", faults=["D3"], techniques=chosen, repetitions=3, budget=6)
    root = tmp_path_factory.mktemp("stored") / "results"
    write_study(plan, registry, root)
    folder = next(root.glob(RUN)).parent
    trial = json.loads((folder / "trials.jsonl").read_text().splitlines()[1])
    again = {name: trial[name] for name in ("proposal", "outcome")}
    trainings = [{**again, "fidelity": 1.0, "seed": seed} for seed in (1, 2)]
    (folder / "confirmed.json").write_text(json.dumps({"version": 2, "trainings": trainings}))
    (folder / "minimised").mkdir()
    least = {
        "version": 2, "configuration": trial["configuration"], "trainings": 6, "retrainings": 1,
        "holdout_before": [0.5], "holdout_after": [0.5],
    }  # fmt: skip
    (folder / "minimised" / "minimised.json").write_text(json.dumps(least))
    return root


def put(*names: str | int, value: Any) -> Change:
    """Set one value of a JSON file; the names lead to it."""

    def change(path: Path) -> None:
        content = json.loads(path.read_text())
        place = content
        for name in names[:-1]:
            place = place[name]
        place[names[-1]] = value
        path.write_text(json.dumps(content))

    return change


def lines(edit: Callable[[list[Any]], object]) -> Change:
    """Edit the lines of a log as values."""

    def change(path: Path) -> None:
        entries = [json.loads(line) for line in path.read_text().splitlines()]
        edit(entries)
        path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))

    return change


def line(number: int, *names: str, value: Any) -> Change:
    """Set one value of a line of a log, the header being line 0."""

    def edit(entries: list[Any]) -> None:
        place = entries[number]
        for name in names[:-1]:
            place = place[name]
        place[names[-1]] = value

    return lines(edit)


def text(old: str, new: str) -> Change:
    """Replace one piece of the text itself."""

    def change(path: Path) -> None:
        content = path.read_text()
        assert old in content
        path.write_text(content.replace(old, new, 1))

    return change


def content(data: bytes) -> Change:
    return lambda path: path.write_bytes(data)


def instead(make: Callable[[Path], object]) -> Change:
    """Put something that is no file in its place."""

    def change(path: Path) -> None:
        path.unlink()
        make(path)

    return change


def grown(lead: bytes, size: int) -> Change:
    """A file of ``size`` bytes that takes no room on disk: all zero but for its beginning."""

    def change(path: Path) -> None:
        path.write_bytes(lead)
        os.truncate(path, size)

    return change


def swap(entries: list[Any]) -> None:
    entries[1], entries[2] = entries[2], entries[1]


def renumbered_copy(entries: list[Any]) -> None:
    entries[2] = {**entries[1], "index": entries[2]["index"]}


def other_values(path: Path) -> None:
    """Everything of the last trial raised together, as a careful forger would."""
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    last = entries[-1]
    last["spent"] += 1e9
    last["charged"] += 1e9
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))


NOT_FILES: dict[str, Change] = {
    "a folder": instead(Path.mkdir),
    "a loop": instead(lambda path: path.symlink_to(path.name)),
    "a fifo": instead(os.mkfifo),
    "a device": instead(lambda path: path.symlink_to("/dev/zero")),
    "empty": content(b""),
    "zeros": grown(b"", 3 << 30),
    "one long line": grown(b'{"version": 2, "a": "', 3 << 30),
    "words": content(b"hello\n"),
    "latin-1": content('{"version": 2, "größe": 1}\n'.encode("latin-1")),
    "utf-16": content('{"version": 2}\n'.encode("utf-16")),
    "deep": content(b'{"version": 2, "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"),
    "less deep": content(b'{"version": 2, "a": ' + b"[" * 700 + b"]" * 700 + b"}\n"),
    "another version": text('"version": 2', '"version": 77'),
    "no version": text('"version": 2', '"versio": 2'),
    "version as text": text('"version": 2', '"version": "2"'),
    "two versions": text('"version": 2', '"version": 1, "version": 2'),
}
"""What can stand in the place of any stored file."""

CASES: dict[str, tuple[str, Change]] = {
    **{f"log: {name}": (LOG, change) for name, change in NOT_FILES.items()},
    **{f"run: {name}": (RUN, change) for name, change in NOT_FILES.items()},
    **{f"baseline: {name}": (BASELINE, change) for name, change in NOT_FILES.items()},
    **{f"confirmed: {name}": (CONFIRMED, change) for name, change in NOT_FILES.items()},
    **{f"minimised: {name}": (MINIMISED, change) for name, change in NOT_FILES.items()},
    "log: swapped": (LOG, lines(swap)),
    "log: copied": (LOG, lines(lambda e: e.insert(2, e[1]))),
    "log: copied and numbered": (LOG, lines(renumbered_copy)),
    "log: a line is missing": (LOG, lines(lambda e: e.pop(2))),
    "log: the last line is missing": (LOG, lines(lambda e: e.pop())),
    "log: no header": (LOG, lines(lambda e: e.pop(0))),
    "log: two headers": (LOG, lines(lambda e: e.insert(0, e[0]))),
    "log: accuracy 99": (LOG, line(2, "outcome", "holdout", value=99)),
    "log: accuracy -1": (LOG, line(2, "outcome", "search", value=-1.0)),
    "log: accuracy as text": (LOG, line(2, "outcome", "search", value="0.5")),
    "log: accuracy true": (LOG, line(2, "outcome", "search", value=True)),
    "log: no accuracy": (LOG, line(2, "outcome", "search", value=None)),
    "log: spent nan": (LOG, line(2, "spent", value=float("nan"))),
    "log: spent infinite": (LOG, line(2, "spent", value=float("inf"))),
    "log: spent 1e999": (LOG, text('"spent": 4.0', '"spent": 1e999')),
    "log: spent as text": (LOG, line(2, "spent", value="4")),
    "log: spent 1e9": (LOG, line(-1, "spent", value=1e9)),
    "log: spent negative": (LOG, line(2, "spent", value=-4.0)),
    "log: spent lowered": (LOG, line(-1, "spent", value=8.1)),
    "log: spent 10**400": (LOG, line(2, "spent", value=10**400)),
    "log: charged and spent 1e9": (LOG, other_values),
    "log: charged with another clock": (LOG, line(2, "outcome", "seconds", value=0.5)),
    "log: proposal 10**400": (LOG, line(2, "proposal", value=10**400)),
    "log: proposal 10**30": (LOG, line(2, "proposal", value=10**30)),
    "log: proposal 1.0": (LOG, line(2, "proposal", value=1.0)),
    "log: index gap": (LOG, line(2, "index", value=7)),
    "log: surrogate": (LOG, text('"message": ""', '"message": "\\ud800"')),
    "log: repeated key": (LOG, text('"proposal": 0', '"proposal": 3, "proposal": 0')),
    "log: unknown key": (LOG, line(2, "holdout", value=1.0)),
    "log: header of another cell": (LOG, line(0, "cell", "repetition", value=2)),
    "log: header of another metric": (LOG, line(0, "metric", value="mae")),
    "log: header without training time": (LOG, lines(lambda e: e[0].pop("training_time"))),
    "log: header with another training time": (LOG, line(0, "training_time", value=3.0)),
    "log: training time 0": (LOG, line(0, "training_time", value=0)),
    "log: a value is gone": (LOG, lines(lambda e: e[2]["configuration"].popitem())),
    "log: a value more": (LOG, line(2, "configuration", "extra", value=1)),
    "log: a value of another kind": (LOG, line(2, "configuration", "epochs", value="many")),
    "log: a value is nothing": (LOG, line(2, "configuration", "epochs", value=None)),
    "log: completed without steps": (LOG, line(2, "outcome", "steps", value=0)),
    "log: fidelity 0": (LOG, line(2, "outcome", "fidelity", value=0)),
    "log: fidelity 2": (LOG, line(2, "outcome", "fidelity", value=2)),
    "log: seconds negative": (LOG, line(2, "outcome", "seconds", value=-2.0)),
    "log: unknown status": (LOG, line(2, "outcome", "status", value="great")),
    "log: status diverged": (LOG, line(2, "outcome", "status", value="diverged")),
    "log: time that is none": (LOG, line(2, "at", value="yesterday")),
    "run: of another cell": (RUN, put("cell", "repetition", value=2)),
    "run: more trials": (RUN, put("trials", value=6)),
    "run: other counts": (RUN, put("counts", value={"completed": 4, "diverged": 1})),
    "run: unknown counts": (RUN, put("counts", value={"great": 5})),
    "run: spent": (RUN, put("spent", value=1e9)),
    "run: spent less": (RUN, put("spent", value=1.0)),
    "run: allowed": (RUN, put("allowed", value=1e9)),
    "run: training time": (RUN, put("training_time", value=4.0)),
    "run: choice": (RUN, put("choice", value=999)),
    "run: status": (RUN, put("status", value="great")),
    "run: seconds": (RUN, put("seconds", "training", value=1e6)),
    "run: search seconds": (RUN, put("seconds", "search", value=1e6)),
    "run: another metric": (RUN, put("fault", "metric", value="mae")),
    "run: another faulty program": (RUN, put("fault", "faulty", "epochs", value=77)),
    "run: another fixed program": (RUN, put("fault", "fixed", "epochs", value=77)),
    "run: a name more": (RUN, put("extra", value=1)),
    "baseline: T 0": (BASELINE, put("training_time", value=0)),
    "baseline: T of nobody": (BASELINE, put("training_time", value=20.0)),
    "baseline: work of nobody": (BASELINE, put("work", value=20.0)),
    "baseline: of another fault": (BASELINE, put("fault", value="D6")),
    "baseline: of another content": (BASELINE, put("content", value="abc")),
    "baseline: of another metric": (BASELINE, put("metric", value="mae")),
    "baseline: of other data": (BASELINE, put("data", value="package")),
    "baseline: of another fraction": (BASELINE, put("fraction", value=0.5)),
    "baseline: accuracy 99": (BASELINE, put("faulty", 0, "holdout", value=99.0)),
    "baseline: no trainings": (BASELINE, put("faulty", value=[])),
    "baseline: one training": (BASELINE, lambda path: few(path)),
    "baseline: fixed program never judged": (BASELINE, put("fixed", value=[])),
    "confirmed: accuracy 99": (CONFIRMED, put("trainings", 0, "outcome", "holdout", value=99.0)),
    "confirmed: of no trial": (CONFIRMED, put("trainings", 0, "proposal", value=77)),
    "confirmed: fidelity": (CONFIRMED, put("trainings", 0, "fidelity", value=0.5)),
    "confirmed: twice": (CONFIRMED, put("trainings", 0, "seed", value=2)),
    "minimised: other names": (MINIMISED, put("configuration", "x", value=2)),
    "minimised: value of another kind": (MINIMISED, put("configuration", "epochs", value="x")),
    "minimised: accuracy 99": (MINIMISED, put("holdout_after", value=[99.0])),
    "minimised: unknown name": (MINIMISED, put("taken_back", value=["x"])),
}  # fmt: skip


def few(path: Path) -> None:
    record = json.loads(path.read_text())
    record["faulty"], record["fixed"] = record["faulty"][:1], record["fixed"][:1]
    path.write_text(json.dumps(record))


def state(root: Path) -> dict[str, object]:
    """All that lies in a folder: kind, size, time of change and beginning of each."""
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        at = path.lstat()
        known = path.is_file() and not path.is_symlink()
        lead = path.open("rb").read(1 << 16) if known else b""
        if path.name != "lock" and not (path.is_dir() and not path.is_symlink()):
            found[str(path)] = (at.st_mode, at.st_size, lead)
    return found


@pytest.mark.parametrize("case", CASES)
def test_one_message_names_the_file_and_nothing_is_changed(
    case: str, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pattern, change = CASES[case]
    root = shutil.copytree(study, tmp_path / "r")
    (path,) = root.glob(pattern)
    change(path)
    before = state(root)
    for reader in READERS:
        if reader == "missing" and pattern == BASELINE:
            continue
        code = main([reader, *STORED, f"results={root}"])
        said = capsys.readouterr()
        assert code == 2, f"{reader}: {said.out}"
        assert len(said.err.splitlines()) == 1 and len(said.err) < 1500, said.err
        assert said.err.startswith("error: ") and str(path.parent) in said.err, said.err
        assert state(root) == before


READ_BY_ALL = ("log: accuracy 99", "run: spent", "baseline: T of nobody", "confirmed: twice")


@pytest.mark.parametrize("reader", ["compare", "report", "cost", "run"])
@pytest.mark.parametrize("case", READ_BY_ALL)
def test_every_command_refuses(
    case: str, reader: str, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pattern, change = CASES[case]
    if reader in ("cost", "run") and pattern != BASELINE:
        return
    root = shutil.copytree(study, tmp_path / "r")
    (path,) = root.glob(pattern)
    change(path)
    before = state(root)
    assert main([reader, *STORED, f"results={root}"]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and str(path.parent) in err
    assert state(root) == before


def test_the_study_itself_is_read(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = shutil.copytree(study, tmp_path / "r")
    for reader in (*READERS, "cost"):
        assert main([reader, *STORED, f"results={root}"]) == 0
    assert capsys.readouterr().err == ""


FOREIGN = {
    "of another tool": ("D3/random/other/run.json", b'{"name": "sweep"}'),
    "no JSON": ("D3/random/other/run.json", b"\0\1"),
    "not as deep": ("D3/run.json", b"{}"),
    "deeper": ("D3/random/b6/more/run.json", b"[]"),
    "another version": ("D3/random/other/run.json", b'{"version": 99}'),
    "beside all": ("run.json", b""),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_a_foreign_record_is_passed_by_with_one_note(
    case: str, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where, data = FOREIGN[case]
    root = shutil.copytree(study, tmp_path / "r")
    path = root / "runs" / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    for reader in (*READERS, "cost"):
        assert main([reader, *STORED, f"results={root}"]) == 0
        err = capsys.readouterr().err
        noted = f"note: {path}: no record of a run in its own folder, passed by\n"
        assert err == ("" if reader == "cost" else noted)
    assert len(load(root).runset.runs) == 6


@pytest.mark.parametrize("case", [case for case in CASES if case.startswith(("run", "log"))])
def test_a_run_is_not_explained_from_damaged_files(
    case: str, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pattern, change = CASES[case]
    root = shutil.copytree(study, tmp_path / "r")
    (path,) = root.glob(pattern)
    change(path)
    code = main(["explain", str(path.parent)])
    err = capsys.readouterr().err
    if case in ("run: another faulty program", "run: another fixed program"):
        assert code == 0  # the run's own word, which a reading of the study checks
        return
    assert code == 2 and len(err.splitlines()) == 1 and str(path.parent) in err


@pytest.mark.parametrize("where", ["/", "runs", "copy"])
def test_a_run_that_does_not_lie_where_it_belongs_is_not_explained(
    where: str, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = next(study.glob(RUN)).parent
    copy = tmp_path / where if where == "copy" else study / where
    if where == "copy":
        shutil.copytree(folder, copy)
    assert main(["explain", str(copy)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("note", [{"phase": "train", "edits": {"epochs": 1}}, {"phase": 7}])
def test_notes_of_another_technique_are_no_traceback(
    note: dict, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = shutil.copytree(study, tmp_path / "r")
    (path,) = root.glob(LOG)

    def edit(entries: list[Any]) -> None:
        for entry in entries[1:]:
            edits = {name: value for name, value in entry["configuration"].items()}
            entry["note"] = {**note, "edits": edits} if "edits" in note else note

    lines(edit)(path)
    code = main(["explain", str(path.parent)])
    err = capsys.readouterr().err
    assert (code, len(err.splitlines())) in ((0, 0), (2, 1))
