"""What a machine may do to a study: no network, busy ports, full disks, time that goes back."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from commands import environment
from drivers import SMALL, Whole, lines, same
from upsets import Driver, kept, one_message

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

Starting = Callable[..., Driver]


def _or_skip(*command: str) -> list[str]:
    """A command that starts others, if it may be used here."""
    for way in (command, ("unshare", "--user", "--map-root-user", *command[1:])):
        try:
            done = subprocess.run([*way, "true"], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip(f"{command[0]} is not installed")
        if done.returncode == 0:
            return list(way)
    pytest.skip(f"{' '.join(command)} is not permitted: {done.stderr.strip()}")


@pytest.mark.parametrize("interface", ["none", "loopback"])
def test_a_machine_without_a_network(
    interface: str, tmp_path: Path, drivers: Starting, whole: Whole, again: int
) -> None:
    """Loopback is enough; without any interface the first message says what is missing."""
    alone = _or_skip("unshare", "--net")
    if interface == "loopback":
        if not shutil.which("ip"):
            pytest.skip("ip, which brings the loopback interface up, is not installed")
        alone += ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    folder = tmp_path / "results"
    driver = drivers(*SMALL, f"results={folder}", before=alone)
    code, said = driver.end()
    one_message(said)
    if interface == "loopback":
        assert code == 0, said
        same(folder, whole.folder)
    else:
        assert code == 2, said
        one_message(said, "error: ", "loopback")
    assert driver.left() == []


PORTS = (6379, 8076, 8077, 8078, 8265, 10001, 44217, 44227, 52365, *range(10002, 10502))
"""Those that Ray prefers for its parts, and many that it gives to workers."""


@pytest.fixture
def busy_ports() -> Iterator[int]:
    """How many of the ports are taken, by this process or by others."""
    with ExitStack() as stack:
        taken = 0
        for port in PORTS:
            ear = stack.enter_context(socket.socket())
            try:
                ear.bind(("0.0.0.0", port))
                ear.listen(1)
            except OSError:
                pass
            taken += 1
        yield taken


def test_ports_that_ray_prefers_are_busy(
    tmp_path: Path, drivers: Starting, whole: Whole, busy_ports: int, again: int
) -> None:
    folder = tmp_path / "results"
    assert busy_ports == len(PORTS)
    driver = drivers(*SMALL, f"results={folder}")
    code, said = driver.end()
    assert code == 0, said
    same(folder, whole.folder)
    assert driver.left() == []


SET_BACK = """
import time
_time, _nanoseconds, _steady, _began = time.time, time.time_ns, time.monotonic, time.monotonic()

def _hours():
    return int((_steady() - _began) / 4)

time.time = lambda: _time() - 3600 * _hours()
time.time_ns = lambda: _nanoseconds() - 3600 * 10**9 * _hours()
"""
"""Every four seconds the time of a process goes back by an hour."""


@pytest.mark.parametrize("clock", ["work", "training"])
def test_the_machine_s_time_is_set_back(
    clock: str, tmp_path: Path, drivers: Starting, own_faults: Path, whole: Whole, again: int
) -> None:
    """In every process of the study, also while a run is killed and continued."""
    (tmp_path / "sitecustomize.py").write_text(SET_BACK)
    path = os.pathsep.join([str(tmp_path), environment(own_faults)["PYTHONPATH"]])
    folder = tmp_path / "results"
    words = [*SMALL, f"clock={clock}", f"results={folder}"]
    driver = drivers(*words, PYTHONPATH=path)
    driver.until_rows(folder, 3)
    driver.process.kill()
    driver.end()
    before = lines(folder)
    driver = drivers(*words, PYTHONPATH=path)
    code, said = driver.end()
    assert code == 0, said
    one_message(said)
    kept(before, folder)
    if clock == "work":
        same(folder, whole.folder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a disk in memory with these options."""
    mounted: list[Path] = []

    def mount(options: str) -> Path:
        # Ray's sockets allow no long path.
        where = Path("/tmp") / f"d-{os.getpid()}-{len(mounted)}"
        where.mkdir()
        mounted.append(where)
        words = ["mount", "-t", "tmpfs", "-o", options, "small", str(where)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no permission to mount a disk (root has it): {done.stderr.strip()}")
        return where

    yield mount
    for where in mounted:
        subprocess.run(["umount", "--lazy", str(where)], capture_output=True, check=False)
        where.rmdir()


def goes_on(folder: Path, before: Any, drivers: Starting, whole: Whole) -> None:
    """Where nothing is short any more, the study ends as usual; what was recorded is kept."""
    code, said = drivers(*SMALL, f"results={folder}").end()
    assert code == 0, said
    kept(before, folder)
    same(folder, whole.folder)


@pytest.mark.parametrize("inodes", [12, 18])
def test_a_disk_without_inodes(
    inodes: int, tmp_path: Path, drivers: Starting, small_disk: Callable[[str], Path], whole: Whole
) -> None:
    disk = small_disk(f"size=8m,nr_inodes={inodes}")
    shutil.copytree(whole.folder / "baselines", disk / "baselines")
    driver = drivers(*SMALL, f"results={disk}")
    code, said = driver.end()
    assert code == 2, said
    one_message(said, "error: ", "No space left on device")
    assert driver.left() == []
    before = lines(disk)
    subprocess.run(["mount", "-o", "remount,nr_inodes=4000", str(disk)], check=True)
    goes_on(disk, before, drivers, whole)


@pytest.mark.parametrize("options", ["size=16k", "size=1m", "size=64m,nr_inodes=20"])
def test_a_full_folder_for_temporary_files(
    options: str, tmp_path: Path, drivers: Starting, small_disk: Callable[[str], Path], whole: Whole
) -> None:
    """The study ends well or with one message, and loses nothing."""
    disk, folder = small_disk(options), tmp_path / "results"
    driver = drivers(*SMALL, f"results={folder}", TMPDIR=str(disk))
    code, said = driver.end()
    assert code in (0, 2), said
    one_message(said, *(["error: "] if code else []))
    goes_on(folder, lines(folder), drivers, whole)


@pytest.mark.parametrize("home", ["missing", "a file", "full"])
def test_a_home_that_cannot_be_used(
    home: str, tmp_path: Path, drivers: Starting, small_disk: Callable[[str], Path], whole: Whole
) -> None:
    where, folder = tmp_path / "home", tmp_path / "results"
    if home == "a file":
        where.write_text("")
    elif home == "full":
        where = small_disk("size=4k,nr_inodes=2")
    driver = drivers(*SMALL, f"results={folder}", HOME=str(where))
    code, said = driver.end()
    assert code == 0, said
    one_message(said)
    same(folder, whole.folder)
