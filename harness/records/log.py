"""The trial log of one run: appended line by line, flushed to disk, locked while open."""

from __future__ import annotations

import copy
import fcntl
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Generic, NamedTuple, Protocol, TypeVar

from harness.records.cell import Cell
from harness.records.clocks import charge_of
from harness.records.files import (
    RESULTS_VERSION,
    check_version,
    make_folder,
    regular_file,
    writing,
)
from harness.records.outcome import Outcome, Trial
from harness.records.schema import Count, Misfit, Positive, decode_json, from_json, storable
from harness.vocabulary import METRICS, Configuration, HarnessError, TrialStatus

LOG = "trials.jsonl"
LOCK = "lock"

LONGEST_LINE = 1 << 24
"""Bytes of the longest line that is read or written; the usual ones have some kilobytes."""
LARGEST_LOG = 1 << 30
"""Bytes of the largest log that is read."""

ROUNDING = 1e-9
"""Relative difference of two sums of the same charges."""


class LogHeader(Protocol):
    """The first line of a trial log: all that its trials are checked against."""

    @property
    def metric(self) -> str: ...

    def charge(self, outcome: Outcome) -> float | None:
        """The charge for a training, of which ``spent`` is the sum; None if the log cannot know."""

    @property
    def owner(self) -> Mapping[str, Any]:
        """What the log belongs to: a driver continues a log only if this is its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHeader:
    """The header of a run's log."""

    cell: Cell
    metric: str
    """Name of the metric of the trials' values."""
    training_time: Positive
    """T, seconds, as it was known when the run began."""
    started: str = ""
    """Time at which the run began, UTC, ISO 8601."""

    def charge(self, outcome: Outcome) -> float | None:
        return charge_of(self.cell.clock, outcome)

    @property
    def owner(self) -> Mapping[str, Any]:
        return {"cell": self.cell.identity}


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimisingHeader:
    """The header of the log in which a run's patch is minimised."""

    cell: str
    """Identity of the run's cell."""
    metric: str
    """Name of the metric of the trials' values."""
    patched: Configuration
    """The configuration that is minimised."""
    retrainings: Count
    """Trainings of each configuration."""

    def charge(self, outcome: Outcome) -> float | None:
        return 0.0

    @property
    def owner(self) -> Mapping[str, Any]:
        return {"cell": self.cell, "patched": dict(self.patched), "retrainings": self.retrainings}


H = TypeVar("H", bound=LogHeader)


class Log(NamedTuple, Generic[H]):
    """The whole lines of a log file."""

    header: H
    trials: list[Trial]
    size: int
    """Bytes of these lines; what follows them is a torn line."""
    course: _Course
    """What the next trial has to follow."""


class TrialLog(Generic[H]):
    """The log of one cell, locked while it is open so that no second driver writes to it."""

    def __init__(self, folder: Path, header: H) -> None:
        self._folder = folder
        self._lock: Any = None
        self._file: Any = None
        self._course = _Course(header)
        self.header: H = header
        """The header in the file: that of the driver which began the run."""
        self.trials: list[Trial] = []
        """What the log held when it was opened."""

    def acquire(self) -> bool:
        """Lock and open; False if another driver has this cell. Cuts off a torn last line.

        Raises:
            HarnessError: If the log is damaged or belongs to another cell; nothing is changed then.
        """
        make_folder(self._folder)
        self._lock = open_lock(self._folder)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            return False
        path = self._folder / LOG
        whole = read_log(path, type(self.header))
        if whole is not None:
            check_owner(path, whole.header, self.header)
            self.header, self.trials, _, self._course = whole
        with writing(path):
            self._file = open(path, "ab", buffering=0, opener=regular_file)  # noqa: SIM115 (see close)
            os.ftruncate(self._file.fileno(), 0 if whole is None else whole.size)
        if whole is None:
            self._write({"version": RESULTS_VERSION, **storable(self.header)})
        return True

    def append(self, trial: Trial) -> None:
        """Write one trial to disk.

        Raises:
            HarnessError: If the trial does not fit the log or cannot be written whole; the file is
                then as before.
        """
        content = storable(trial)
        course = copy.copy(self._course)
        try:
            course.follow(trial)
        except Misfit as misfit:
            raise HarnessError(f"this trial cannot be stored: its {misfit}") from None
        self._write(content)
        self._course = course

    def _write(self, content: Mapping[str, Any]) -> None:
        line = (json.dumps(content, allow_nan=False) + "\n").encode()
        if len(line) > LONGEST_LINE:
            raise HarnessError(
                f"this trial cannot be stored: it has {len(line)} bytes, and a line of the log has "
                f"at most {LONGEST_LINE}"
            )
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


def read_log(path: Path, kind: type[H] = RunHeader) -> Log[H] | None:  # type: ignore[assignment]
    """Header and trials of a log; None if the file holds no whole line.

    A last line without its end is left by a killed run, and is not counted.

    Args:
        kind: Class of the log's header.

    Raises:
        HarnessError: If any other line is damaged or contradicts the lines before it, or if
            another version wrote the file.
    """
    lines = _whole_lines(path)
    first = next(lines, None)
    if first is None:
        return None
    header = _header(path, first, kind)
    size, course = len(first), _Course(header)
    trials: list[Trial] = []
    for number, line in enumerate(lines, start=2):
        try:
            trial = from_json(Trial, decode_json(line))
            course.follow(trial)
        except ValueError as error:
            raise _damaged(path, number, error) from None
        size += len(line)
        trials.append(trial)
    return Log(header, trials, size, course)


def _whole_lines(path: Path) -> Iterator[bytes]:
    """The lines of a log, none of them held longer than needed; a torn last line is left out.

    Raises:
        HarnessError: If the file cannot be read, is too large, or never was a log.
    """
    number = 0
    try:
        with open(path, "rb", opener=regular_file) as file:
            if (size := os.fstat(file.fileno()).st_size) > LARGEST_LOG:
                raise _damaged(
                    path, 1, f"the file has {size} bytes, at most {LARGEST_LOG} are read"
                )
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    raise _damaged(path, number, f"it has more than {LONGEST_LINE} bytes")
                if not line.endswith(b"\n"):
                    break
                if b"\r" in line[:-2]:
                    raise _damaged(path, number, "it holds a carriage return")
                yield line
    except FileNotFoundError as error:
        if path.is_symlink():
            raise _unreadable(path, error) from None
        return
    except OSError as error:
        raise _unreadable(path, error) from None
    if number == 1 and not line.endswith(b"\n") and not _begun(line):
        raise _damaged(path, 1, "it is no beginning of a log")


def _begun(torn: bytes) -> bool:
    """Whether a killed driver may have left this piece of a first line, zeros behind it."""
    piece, lead = torn.rstrip(b"\0"), b'{"version": '
    return piece.startswith(lead) or lead.startswith(piece)


def _unreadable(path: Path, error: OSError) -> HarnessError:
    return HarnessError(
        f"{path} cannot be read as a trial log: {error.strerror}. Nothing was changed; move the "
        f"folder {path.parent} away and repeat the command to run this cell again"
    )


def open_lock(folder: Path) -> IO[bytes]:
    """The lock of a cell's folder, open and not yet held.

    Raises:
        HarnessError: If it is no file, or cannot be written.
    """
    with writing(folder / LOCK):
        return open(folder / LOCK, "ab", opener=regular_file)


def log_version(path: Path) -> int:
    """The results version in the first line of a log; 0 if it has none."""
    try:
        with open(path, "rb", opener=regular_file) as file:
            content = decode_json(file.readline(LONGEST_LINE))
    except (OSError, ValueError):
        return 0
    version = content.get("version") if isinstance(content, dict) else None
    return version if type(version) is int else 0


def check_owner(path: Path, found: LogHeader, wanted: LogHeader) -> None:
    """Raises HarnessError if the log belongs to another cell than the one asked for."""
    differing = [n for n, value in wanted.owner.items() if found.owner.get(n) != value]
    if differing or found.metric != wanted.metric:
        name = (differing or ["metric"])[0]
        raise _damaged(path, 1, f"it belongs to another run: its {name} is not the one asked for")


def check_values(outcome: Outcome, metric: str) -> None:
    """Raises Misfit if a value of a training lies outside the range of its metric."""
    for name, value in (("search", outcome.search), ("holdout", outcome.holdout)):
        if value is not None:
            check_value(value, metric, ("outcome", name))
    for number, mark in enumerate(outcome.marks):
        for name, value in (("search", mark.search), ("holdout", mark.holdout)):
            if value is not None:
                check_value(value, metric, ("outcome", "marks", str(number), name))


def check_value(value: float, metric: str, where: tuple[str, ...]) -> None:
    """Raises Misfit if ``value`` lies outside the range of its metric, rounding apart."""
    row = METRICS[metric]
    low, high = row.bounds
    slack = ROUNDING * max(1.0, abs(value))
    if not low - slack <= value <= high + slack:
        raise Misfit(f"is {value!r}, but {row.name} is a {row.meaning}", where)


def _header(path: Path, line: bytes, kind: type[H]) -> H:
    try:
        content = decode_json(line)
    except ValueError as error:
        raise _damaged(path, 1, error) from None
    check_version(path, content)
    content.pop("version")
    try:
        header = from_json(kind, content)
        if header.metric not in METRICS:
            raise Misfit(f"is {header.metric!r}, not one of {', '.join(METRICS)}", ("metric",))
    except ValueError as error:
        raise _damaged(path, 1, error) from None
    return header


class _Course:
    """The trials of a log so far, as far as the next one has to follow them."""

    def __init__(self, header: LogHeader) -> None:
        self._header = header
        self._count, self._spent = 0, 0.0
        self._trained: set[int] = set()
        self._counted = self._bare = False
        """Whether there are steps, and whether a training completed without any."""

    def follow(self, trial: Trial) -> None:
        """Raises Misfit if a trial does not follow the trials before it."""
        before = self._spent
        if trial.index != self._count:
            raise Misfit(
                f"is {trial.index}, not {self._count}: trials are numbered from 0", ("index",)
            )
        if trial.configuration is None:
            raise Misfit("is missing", ("configuration",))
        if trial.charged is None:
            raise Misfit("is missing", ("charged",))
        check_values(trial.outcome, self._header.metric)
        _check_time(trial.at)
        counted, bare = self._counted or bool(trial.outcome.steps), self._bare or self._lacks(trial)
        if counted and bare:
            raise Misfit("is 0 in one of the trainings that completed, not in all", ("steps",))
        cost = self._header.charge(trial.outcome)
        if cost is not None and not _same(trial.charged, cost):
            raise Misfit(f"is {trial.charged!r}, but the training cost {cost!r}", ("charged",))
        total = before + trial.charged
        if trial.spent < before or (cost is not None and not _same(trial.spent, total)):
            raise Misfit(
                f"is {trial.spent!r}, but {before!r} were spent before and {trial.charged!r} "
                "charged",
                ("spent",),
            )
        self._count, self._spent = self._count + 1, trial.spent
        self._counted, self._bare = counted, bare
        self._trained.add(trial.proposal)

    def _lacks(self, trial: Trial) -> bool:
        """Whether a training completed without a step, and went on from no other."""
        done = trial.status is TrialStatus.COMPLETED and not trial.outcome.steps
        return done and trial.proposal not in self._trained


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=ROUNDING, abs_tol=ROUNDING)


def _check_time(text: str) -> None:
    try:
        if text:
            datetime.fromisoformat(text)
    except ValueError:
        raise Misfit(f"is {text[:60]!r}, not a time in ISO 8601", ("at",)) from None


def _damaged(path: Path, number: int, problem: object) -> HarnessError:
    return HarnessError(
        f"{path}:{number}: this line of the trial log is damaged ({problem}). Nothing was changed; "
        f"move the folder {path.parent} away and repeat the command to run this cell again"
    )
