"""Recorded runs: packed and unpacked again, to the byte."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyarrow import parquet
from stored import write_study

from harness.records.store import Store
from harness.study.evidence import pack_study, unpack_study
from harness.study.plan import Plan
from harness.study.reading import read_study
from harness.study.spec import StudySpec, make_techniques
from harness.subjects.registry import load_registry
from harness.vocabulary import HarnessError


def made(root: Path, leave_out: int = 0) -> tuple[Plan, Store]:
    plan = Plan(
        name="small",
        faults=["G1", "G2"],
        techniques=make_techniques(["random", "hebo"]),
        repetitions=2,
        budget=10,
    )
    return plan, write_study(plan, load_registry(), root, leave_out)


def files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def test_every_byte_comes_back(tmp_path: Path) -> None:
    plan, store = made(tmp_path / "results")
    folder = tmp_path / "recorded"
    packed = pack_study(plan, load_registry(), store, folder)
    again = Store(tmp_path / "again")
    assert unpack_study(folder, again) == len(files(again.root))
    assert files(again.root) == files(store.root)
    trials = parquet.read_table(folder / "trials.parquet").to_pylist()
    assert packed.trials == sum(row["index"] is not None for row in trials) > 0
    assert packed.runs == len(plan.cells(load_registry()))
    assert {row["fault"] for row in trials} == set(plan.faults)


def test_what_is_restored_gives_the_same_tables(tmp_path: Path) -> None:
    plan, store = made(tmp_path / "results")
    pack_study(plan, load_registry(), store, tmp_path / "recorded")
    again = Store(tmp_path / "again")
    unpack_study(tmp_path / "recorded", again)
    judged = StudySpec.compose([]).protocol
    first, second = (read_study(plan, load_registry(), s, judged) for s in (store, again))
    assert first.scores.equals(second.scores)


def test_an_incomplete_study_is_no_evidence(tmp_path: Path) -> None:
    plan, store = made(tmp_path / "results", leave_out=1)
    with pytest.raises(HarnessError, match=r"1 of \d+ runs of plan .* nothing was packed"):
        pack_study(plan, load_registry(), store, tmp_path / "recorded")
    assert not (tmp_path / "recorded").exists()


def test_a_folder_that_is_none_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"runs\.parquet cannot be read as a table"):
        unpack_study(tmp_path, Store(tmp_path / "again"))
    (tmp_path / "runs.parquet").write_bytes(b"junk")
    with pytest.raises(HarnessError, match="cannot be read"):
        unpack_study(tmp_path, Store(tmp_path / "again"))


@pytest.mark.parametrize("file", ["/etc/passwd", "../outside", "a/../../outside"])
def test_nothing_leaves_the_results_folder(tmp_path: Path, file: str) -> None:
    import pyarrow as pa

    plan, store = made(tmp_path / "results")
    folder = tmp_path / "recorded"
    pack_study(plan, load_registry(), store, folder)
    parquet.write_table(
        pa.Table.from_pylist([{"file": file, "text": "x"}]), folder / "runs.parquet"
    )
    with pytest.raises(HarnessError, match=re.escape(repr(file))):
        unpack_study(folder, Store(tmp_path / "again"))
