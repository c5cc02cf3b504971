"""The counts of docs/reliability.md are those of a run, not typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT, environment

from experiments.pages import marked
from experiments.reliability import COUNTS, PAGE, counted, read_counts
from harness.vocabulary import HarnessError

TESTS = """
import pytest

def test_one_thing(record_property):
    record_property("tried", 5)

@pytest.mark.parametrize("n", [1, 2])
def test_another(n):
    assert n == 1

def test_nowhere():
    pytest.skip("no such machine")

@pytest.fixture
def broken():
    raise RuntimeError

def test_without_a_start(broken):
    pass
"""


def test_a_run_is_counted_by_scenario(tmp_path: Path) -> None:
    folder = tmp_path / "reliability"
    folder.mkdir()
    shared = ROOT / "tests" / "reliability" / "conftest.py"
    (folder / "conftest.py").write_text(shared.read_text())
    (folder / "test_some.py").write_text(TESTS)
    path = os.pathsep.join([environment()["PYTHONPATH"], str(ROOT / "tests" / "support")])
    counts = tmp_path / "counts.json"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "reliability"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**environment(), "PYTHONPATH": path, "RELIABILITY_COUNTS": str(counts)},
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    found = json.loads(counts.read_text())
    rows = {
        row["scenario"]: (row["tried"], row["failed"], row["skipped"]) for row in found["scenarios"]
    }
    assert rows == {
        "one thing": (5, 0, 0),
        "another": (2, 1, 0),
        "nowhere": (0, 0, 1),
        "without a start": (1, 1, 0),
    }
    table = counted(found)
    assert "| one thing | 5 | 0 |  | `tests/reliability/test_some.py` |" in table
    assert "no such machine" in table
    assert "| **all** | **8** | **2** | | |" in table


def test_the_page_has_the_counts_that_are_stored() -> None:
    if not COUNTS.exists():
        assert "<!-- counts -->\nNot run yet: `make reliability`.\n" in PAGE.read_text()
        return
    page = PAGE.read_text()
    assert marked(page, "counts", counted(read_counts(COUNTS))) == page, "make reliability"


@pytest.mark.parametrize("content", [None, "", "[]", "{"])
def test_counts_that_are_none_are_named(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "counts.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(HarnessError, match="holds no counts"):
        read_counts(path)
