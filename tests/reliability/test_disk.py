"""Disks that are full or may only be read, on a real disk of a few kilobytes; damaged files."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from drivers import SMALL, Whole, finish, lines, same, start

from harness.records.log import LOG

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def _mount(options: str, where: Path) -> bool:
    words = ["mount", "-t", "tmpfs", "-o", options, "results", str(where)]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """24 kilobytes, in memory."""
    where = tmp_path / "disk"
    where.mkdir()
    if not _mount("size=24k", where):
        pytest.skip("no permission to mount a disk (root has it)")
    yield where
    subprocess.run(["umount", "--lazy", str(where)], check=True)


def _refused(words: list[str], folder: Path, faults: Path) -> str:
    driver = start(words, folder, faults)
    said, _ = driver.communicate(timeout=300)
    assert driver.returncode == 2, said
    assert "Traceback" not in said
    return said


def test_a_full_disk_ends_a_study_that_goes_on_when_there_is_room(
    disk: Path, own_faults: Path, whole: Whole
) -> None:
    shutil.copytree(whole.folder / "baselines", disk / "baselines")
    said = _refused(SMALL, disk, own_faults)
    assert "cannot be written: No space left on device" in said
    recorded = lines(disk)
    for path in disk.rglob(LOG):
        content = path.read_bytes()
        assert not content or content.endswith(b"\n")
    assert any(len(told) > 1 for told in recorded.values()), "no trial was recorded before"
    assert _mount("remount,size=4m", disk)
    finish(SMALL, disk, own_faults)
    same(disk, whole.folder)
    assert all(lines(disk)[path][: len(told)] == told for path, told in recorded.items())


def test_a_disk_that_may_only_be_read_is_named(disk: Path, own_faults: Path) -> None:
    assert _mount("remount,ro", disk)
    assert "cannot be written: [Errno 30] Read-only file system" in _refused(
        SMALL, disk, own_faults
    )


@pytest.mark.parametrize("left", ["torn last line", "zero length", "header only"])
def test_a_damaged_end_of_a_log_is_made_again(
    left: str, tmp_path: Path, own_faults: Path, whole: Whole
) -> None:
    folder = tmp_path / "results"
    shutil.copytree(whole.folder, folder, ignore=shutil.ignore_patterns("run.json", "tables"))
    for path in folder.rglob(LOG):
        content = path.read_bytes()
        header = content.index(b"\n") + 1
        sizes = {"torn last line": len(content) - 40, "zero length": 0, "header only": header}
        path.write_bytes(content[: sizes[left]])
    assert lines(folder) != lines(whole.folder)
    finish(SMALL, folder, own_faults)
    same(folder, whole.folder)
