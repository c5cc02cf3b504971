"""Drivers that are disturbed: their processes by kind, what they leave, what they did not lose."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from commands import DOOR, ROOT, environment
from drivers import lines

TIMES = max(1, int(os.environ.get("RELIABILITY_TIMES", "1")))
"""Raised for a long soak: how many times as often each scenario is tried."""

MARK = "RELIABILITY_MARK"

KINDS: Mapping[str, str] = {
    "slot": "ray::_Slot",
    "training worker": "ray::_WorkerActor",
    "Tune actor": "ray::ResourceTrainable",
    "raylet": "raylet/raylet",
    "control store": "gcs_server",
}
"""Kind of process -> part of its title, or of its program's path."""

ENDING = 30.0
"""Seconds in which what a driver started is gone after it."""

PATIENCE = 600.0
"""Seconds that a driver may take on a busy machine."""


class Driver:
    """``dnn-repair`` on its way, with folders of its own for temporary files and as its home."""

    def __init__(
        self,
        arguments: Sequence[str],
        faults: Path,
        *,
        before: Sequence[str] = (),
        verb: str = "run",
        **more: str,
    ) -> None:
        """Start it.

        Args:
            before: A command that starts it, such as ``unshare``.
            more: Environment variables.
        """
        self.mark = uuid4().hex
        # Ray's sockets allow no long path.
        self.room = Path(tempfile.mkdtemp(prefix="r-", dir="/tmp"))
        self.temporary, self.home = self.room / "t", self.room / "h"
        self.temporary.mkdir()
        self.home.mkdir()
        own = {MARK: self.mark, "TMPDIR": str(self.temporary), "HOME": str(self.home)}
        self.process = subprocess.Popen(
            [*before, *DOOR, verb, *arguments],
            env={**environment(faults), **own, **more},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said = ""

    def processes(self, kind: str = "") -> list[int]:
        """Those that it started, itself included, and that still live; of a kind, or all."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if self.mark.encode() not in (entry / "environ").read_bytes():
                    continue
                if (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
                    continue
                program = (entry / "cmdline").read_bytes().split(b"\0")[0]
                if KINDS.get(kind, kind).encode() in program:
                    found.append(int(entry.name))
            except OSError:  # it has ended meanwhile
                continue
        return found

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait while it runs; an error if it ends before."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None, f"too late to disturb it: {self.end()[1]}"
            assert time.monotonic() < deadline, "it did not come so far"
            time.sleep(0.02)

    def until_rows(self, folder: Path, rows: int) -> None:
        """Wait for so many recorded trials."""
        self.until(lambda: recorded(folder) >= rows)

    def until_ray(self) -> None:
        """Wait until Ray begins to start."""
        self.until(lambda: any(self.temporary.iterdir()))

    def hit(self, kind: str, number: int) -> int:
        """Send a signal to its processes of a kind; how many there were."""
        there = self.processes(kind)
        for process in there:
            os.kill(process, number)
        return len(there)

    def end(self) -> tuple[int, str]:
        """Its exit code and what it said."""
        try:
            said, _ = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            said, _ = self.process.communicate()
            raise AssertionError(f"it did not end within {PATIENCE:.0f} s: {said}") from None
        self.said += said
        return self.process.returncode, self.said

    def left(self) -> list[str]:
        """Processes and temporary files that are still there some time after its end."""
        deadline = time.monotonic() + ENDING
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        commands = [Path(f"/proc/{p}/cmdline").read_text()[:80] for p in self.processes()]
        return commands + [str(path) for path in self.temporary.iterdir()]

    def clear(self) -> None:
        """End what is left, and remove its folders."""
        for process in self.processes():
            os.kill(process, signal.SIGKILL)
        self.process.communicate()
        shutil.rmtree(self.room, ignore_errors=True)


def recorded(folder: Path) -> int:
    """Trials in all logs of a results folder."""
    return sum(max(0, len(log) - 1) for log in lines(folder).values())


def one_message(said: str, *parts: str) -> None:
    """What a driver said has these parts, once, and no traceback."""
    assert "Traceback" not in said, said
    assert "SIGTERM received" not in said, said
    for part in parts:
        assert said.count(part) == 1, said


def kept(before: Mapping[str, list[str]], folder: Path) -> None:
    """No recorded trial was lost, none is there twice."""
    after = lines(folder)
    for path, log in before.items():
        assert after[path][: len(log)] == log
    for path, log in after.items():
        numbers = [line.partition('"index": ')[2].partition(",")[0] for line in log[1:]]
        assert numbers == [str(n) for n in range(len(numbers))], path
