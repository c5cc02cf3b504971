"""A user's script in processes that are all ended, in a folder of its own if that is wished."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.theia import supervisor
from harness.vocabulary import HarnessError

SCRATCH_BYTES = 1 << 28
"""Size of the largest folder that is copied."""
SCRATCH_FILES = 10_000
LEFT_OUT = ("__pycache__", ".git", ".hg", ".svn", "node_modules", ".mypy_cache", ".pytest_cache")
"""Folders that no training script reads. Virtual environments are left out, too."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ended."""

    code: int | None
    """Exit code, negative for a signal; None if it was ended from outside."""
    answer: Any
    """JSON value that it sent; None if it sent none."""
    late: bool
    """Whether its time was up."""
    output: str
    """The last kilobytes of what it printed."""


def run_contained(
    command: Sequence[str],
    settings: Mapping[str, Any],
    *,
    environment: Mapping[str, str],
    folder: Path,
    limit: float,
) -> Ending:
    """Run a command until it ends or answers; then no process that it started is left.

    It is ended as well when this process is interrupted or killed. No sandbox: the command may do
    whatever its user may.

    Args:
        settings: JSON values that the command reads from its standard input, with ``answer``, the
            number of an open file, and ``secret``: a line of JSON with ``secret`` and ``record``,
            written to that file, is the answer.
        limit: Seconds.

    Raises:
        HarnessError: If the process that watches over the command is lost.
    """
    asked = {
        "command": list(command),
        "environment": dict(environment),
        "folder": str(folder),
        "limit": limit,
        "settings": dict(settings),
    }
    watcher = subprocess.Popen(
        [sys.executable, "-I", "-S", str(Path(supervisor.__file__))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert watcher.stdin is not None
    assert watcher.stdout is not None
    with watcher:
        try:
            watcher.stdin.write(json.dumps(asked).encode() + b"\n")
            watcher.stdin.flush()
            found = json.loads(watcher.stdout.read())
        except (OSError, ValueError):
            raise HarnessError(
                "the process that watches over the script was ended from outside, so that nothing "
                "is known of the script; repeat the command"
            ) from None
    return Ending(**found)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A copy of a folder that is removed afterwards.

    Links are copied as what they point to; caches, repositories and environments are left out.

    Raises:
        HarnessError: If the folder is too large or cannot be copied.
    """
    with tempfile.TemporaryDirectory(prefix="scratch-", ignore_cleanup_errors=True) as outer:
        copy = Path(outer) / (folder.name or "folder")
        try:
            _copy(folder, copy)
        except OSError as error:
            raise HarnessError(f"{folder} cannot be copied for --scratch: {error}") from None
        yield copy


def _copy(folder: Path, copy: Path) -> None:
    size = count = 0
    seen: set[str] = set()
    for where, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(where)
        folders[:] = [f for f in folders if _is_copied(os.path.join(where, f), seen | {real})]
        seen.add(real)
        target = copy / os.path.relpath(where, folder)
        target.mkdir(parents=True, exist_ok=True)
        for name in files:
            source = os.path.join(where, name)
            if not os.path.isfile(source):  # a pipe, a socket, a link that leads nowhere
                continue
            size, count = size + os.path.getsize(source), count + 1
            if size > SCRATCH_BYTES or count > SCRATCH_FILES:
                raise HarnessError(
                    f"the script's folder {folder} is too large for --scratch, which copies at "
                    f"most {SCRATCH_BYTES >> 20} MB in {SCRATCH_FILES} files. Put the script into "
                    "a folder with what it needs, or leave --scratch out"
                )
            shutil.copy(source, target / name)


def _is_copied(folder: str, seen: set[str]) -> bool:
    return not (
        os.path.basename(folder) in LEFT_OUT
        or os.path.realpath(folder) in seen
        or os.path.exists(os.path.join(folder, "pyvenv.cfg"))
    )
