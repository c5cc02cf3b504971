"""Temporary folders that go with the process that made them.

Ray keeps the logs of each start, Tune the state of each experiment; neither removes them. All of
it lies in the folder of the driver, which removes it when it ends. The folder of a driver that was
killed is removed by the next one that starts: a folder is locked as long as its process lives.
The processes that were started to use a folder are ended before it goes.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.vocabulary import HarnessError

PREFIX = "dnn-repair-"

ROOM = 22
"""Characters of the path of a folder in which Ray can open its sockets: a socket's path has 107 at
most, Ray adds up to 65, and the folder's own name has 20."""

LINGERING = 5.0
"""Seconds in which a process that is ending may still write into the folder."""

_locks: dict[Path, int] = {}


def make_scratch(*bases: Path) -> Path:
    """A new folder, locked; those of processes that are gone are removed.

    Args:
        bases: Folders to make it in, the first in which that is possible; by default those for
            temporary files in which Ray can open its sockets.

    Raises:
        HarnessError: If it can be made in none.
    """
    reasons = []
    for base in bases or _places():
        _sweep(base)
        try:
            # It gets its name, by which others find it, when it is locked.
            hidden = Path(tempfile.mkdtemp(prefix="." + PREFIX, dir=base))
            lock = os.open(hidden, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            folder = hidden.rename(base / hidden.name[1:])
        except OSError as error:
            reasons.append(f"{base}: {error.strerror}")
            continue
        _locks[folder] = lock
        return folder
    raise HarnessError(
        "no folder for temporary files can be written "
        f"({'; '.join(reasons) or 'none was found'}). Name one of at most {ROOM} characters, with "
        "some 100 MB of room: TMPDIR=folder"
    )


def remove_scratch(folder: Path) -> None:
    """Remove a folder of this process, after the processes that keep their files in it.

    They have some seconds to end by themselves. What cannot be removed is left to the next sweep.
    """
    if (lock := _locks.pop(folder, None)) is None:
        return
    until = time.monotonic() + LINGERING
    while _users(folder) and time.monotonic() < until:
        time.sleep(0.1)
    _end(folder)
    until = time.monotonic() + LINGERING
    while folder.exists() and time.monotonic() < until:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            time.sleep(0.1)
    os.close(lock)


@contextmanager
def temporary_files_in(folder: Path) -> Iterator[None]:
    """Processes that are started inside the block keep their temporary files in ``folder``."""
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before


def _places() -> list[Path]:
    """Folders for temporary files whose path is short enough, the wanted one first."""
    try:
        wanted = Path(os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()).absolute()
    except OSError:  # tempfile's own search found none, full disks included
        return []
    return [base for base in dict.fromkeys((wanted, Path("/tmp"))) if len(str(base)) <= ROOM]


def _sweep(base: Path) -> None:
    """Remove the folders whose process is gone."""
    for folder in base.glob(f"{PREFIX}*"):
        if folder in _locks:
            continue
        with suppress(OSError):
            lock = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
            try:
                if os.fstat(lock).st_uid == os.getuid():
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    _end(folder)
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _users(folder: Path) -> list[int]:
    """Other processes of this user that were started to keep temporary files in ``folder``.

    Where the system has no ``/proc``, none is seen.
    """
    setting, found = b"TMPDIR=" + os.fsencode(folder), []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is another user's
            started = setting in (entry / "environ").read_bytes().split(b"\0")
            if started and entry.stat().st_uid == os.getuid():
                found.append(int(entry.name))
    return [process for process in found if process != os.getpid()]


def _end(folder: Path) -> None:
    for process in _users(folder):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
