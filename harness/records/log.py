"""The trial log of one run: appended line by line, flushed to disk, locked while open."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.records.files import RESULTS_VERSION, check_version, make_folder, writing
from harness.records.outcome import Outcome, parse_outcome
from harness.vocabulary import HarnessError

LOG = "trials.jsonl"
LOCK = "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a trial log."""

    index: int
    proposal: int
    configuration: Mapping[str, Any]
    outcome: Outcome
    suggest_seconds: float
    charged: float
    """What the run's clock was charged for this trial, in its unit."""
    spent: float
    """Charged so far, this trial included."""
    at: str
    """When the trial ended, UTC, ISO 8601."""
    note: Mapping[str, Any]


class TrialLog:
    """The log of one cell, locked while it is open so that no second driver writes to it."""

    def __init__(self, folder: Path, header: Mapping[str, Any]) -> None:
        self._folder = folder
        self._lock: Any = None
        self._file: Any = None
        self._header = {"version": RESULTS_VERSION, **header}
        self.rows: list[Row] = []
        """What the log held when it was opened."""
        self.header: dict[str, Any] = {}
        """The header in the file: that of the driver which began the run."""

    def acquire(self) -> bool:
        """Lock and open; False if another driver has this cell. Cuts off a torn last line."""
        make_folder(self._folder)
        with writing(self._folder):
            self._lock = open(self._folder / LOCK, "a")  # noqa: SIM115 (kept: it is the lock)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            return False
        path = self._folder / LOG
        whole = read_log(path)
        if whole is not None:
            self.header, self.rows, size = whole
            if path.stat().st_size > size:
                os.truncate(path, size)
        with writing(path):
            self._file = open(path, "ab", buffering=0)  # noqa: SIM115 (closed by close)
            if whole is None:
                os.truncate(path, 0)
                self.header = dict(self._header)
                self._write(self._header)
        return True

    def append(self, row: Row) -> None:
        """Raises HarnessError if the row cannot be written whole; the file is then as before."""
        self._write(asdict(row))

    def _write(self, content: Mapping[str, Any]) -> None:
        line = (json.dumps(content, allow_nan=False) + "\n").encode()
        size = os.fstat(self._file.fileno()).st_size
        with writing(self._folder / LOG):
            try:
                while line:
                    line = line[self._file.write(line) :]
                os.fsync(self._file.fileno())
            except OSError:
                os.ftruncate(self._file.fileno(), size)
                raise

    def close(self) -> None:
        for file in (self._file, self._lock):
            if file is not None:
                file.close()


def read_log(path: Path) -> tuple[dict[str, Any], list[Row], int] | None:
    """Header, rows and the bytes they take; None if the file holds no whole line.

    A last line without its end is what a killed run leaves, and is not counted.

    Raises:
        HarnessError: If any other line is damaged, or another version wrote the file.
    """
    if not path.exists():
        return None
    content = path.read_bytes()
    size = content.rfind(b"\n") + 1
    lines = content[:size].splitlines()
    if not lines:
        return None
    header: dict[str, Any] = {}
    rows: list[Row] = []
    for number, line in enumerate(lines, start=1):
        try:
            if number == 1:
                header = json.loads(line)
            else:
                rows.append(_row(json.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise HarnessError(
                f"{path}:{number}: this line of the trial log is damaged ({error}). Nothing was "
                f"changed; move the folder {path.parent} away and repeat the command to run this "
                "cell again"
            ) from None
        if number == 1:
            check_version(path, header)
    return header, rows, size


def _row(entry: dict[str, Any]) -> Row:
    return Row(**{**entry, "outcome": parse_outcome(entry["outcome"])})
