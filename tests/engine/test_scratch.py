"""Temporary folders: locked while their process lives, removed with it or by the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from commands import environment

from harness.engine import scratch
from harness.vocabulary import HarnessError

MAKE = """
import sys, time
from pathlib import Path
from harness.engine.scratch import make_scratch
folder = make_scratch(Path(sys.argv[1]))
(folder / "log").write_text("x")
print(folder, flush=True)
time.sleep(600)
"""


def test_a_folder_is_removed_with_what_it_holds(tmp_path: Path) -> None:
    folder = scratch.make_scratch(tmp_path)
    (folder / "deep" / "er").mkdir(parents=True)
    assert list(tmp_path.iterdir()) == [folder]
    scratch.remove_scratch(folder)
    assert list(tmp_path.iterdir()) == []


def test_only_folders_of_processes_that_are_gone_are_swept(tmp_path: Path) -> None:
    (tmp_path / "somebody-s").mkdir()
    (tmp_path / f"{scratch.PREFIX}file").write_text("no folder")
    (tmp_path / f"{scratch.PREFIX}link").symlink_to(tmp_path / "somebody-s")
    owner = subprocess.Popen(
        [sys.executable, "-c", MAKE, str(tmp_path)],
        env=environment(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert owner.stdout is not None
    left = Path(owner.stdout.readline().strip())
    first = scratch.make_scratch(tmp_path)
    assert left.is_dir()
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    second = scratch.make_scratch(tmp_path)
    assert not left.exists()
    assert first.is_dir() and second.is_dir()
    for folder in (first, second):
        scratch.remove_scratch(folder)
    assert len(list(tmp_path.iterdir())) == 3


def test_no_place_for_temporary_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError, match="no folder .*file: Not a directory"):
        scratch.make_scratch(tmp_path / "file")


def test_a_path_too_long_for_sockets_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path / ("x" * scratch.ROOM)))
    folder = scratch.make_scratch()
    assert folder.parent == Path("/tmp")
    scratch.remove_scratch(folder)


def test_children_keep_their_temporary_files_there_and_the_process_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    with scratch.temporary_files_in(tmp_path):
        where = [sys.executable, "-c", "import tempfile; print(tempfile.gettempdir())"]
        said = subprocess.run(where, capture_output=True, text=True, check=True).stdout
    assert said.strip() == str(tmp_path)
    assert "TMPDIR" not in os.environ


@pytest.mark.parametrize("how", ["removed", "swept"])
def test_processes_that_use_a_folder_go_with_it(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "LINGERING", 0.5)
    folder = scratch.make_scratch(tmp_path)
    sleep = [sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"]

    def started() -> subprocess.Popen[str]:
        process = subprocess.Popen(sleep, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert process.stdout is not None and process.stdout.readline() == "\n"
        return process

    other = started()
    with scratch.temporary_files_in(folder):
        users = [started(), started()]
    if how == "removed":
        scratch.remove_scratch(folder)
    else:
        os.close(scratch._locks.pop(folder))  # as if this process were gone
        scratch.remove_scratch(scratch.make_scratch(tmp_path))
    assert [user.wait(timeout=10) for user in users] == [-signal.SIGKILL] * 2
    assert not folder.exists()
    assert other.poll() is None
    other.kill()
    other.wait()
