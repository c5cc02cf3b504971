"""The trial log of one run: appended line by line, flushed to disk, locked while open."""

from __future__ import annotations

import fcntl
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from harness.records.cell import Cell
from harness.records.clocks import sums_up
from harness.records.files import RESULTS_VERSION, check_version, make_folder, writing
from harness.records.outcome import Outcome, Trial
from harness.records.schema import Misfit, Positive, decode_json, from_json, storable
from harness.vocabulary import METRICS, Configuration, HarnessError

LOG = "trials.jsonl"
LOCK = "lock"

ROUNDING = 1e-9
"""Relative difference of two sums of the same charges."""


class LogHeader(Protocol):
    """The first line of a trial log: all that its trials are checked against."""

    @property
    def metric(self) -> str: ...

    @property
    def sums_up(self) -> bool:
        """Whether ``spent`` is the sum of the charges."""

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

    @property
    def sums_up(self) -> bool:
        return sums_up(self.cell.clock)

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
    retrainings: int
    """Trainings of each configuration."""

    @property
    def sums_up(self) -> bool:
        return True

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


class TrialLog(Generic[H]):
    """The log of one cell, locked while it is open so that no second driver writes to it."""

    def __init__(self, folder: Path, header: H) -> None:
        self._folder = folder
        self._lock: Any = None
        self._file: Any = None
        self._spent = 0.0
        self._count = 0
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
        with writing(self._folder):
            self._lock = open(self._folder / LOCK, "a")  # noqa: SIM115 (kept: it is the lock)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            return False
        path = self._folder / LOG
        whole = read_log(path, type(self.header))
        if whole is not None:
            check_owner(path, whole.header, self.header)
            self.header, self.trials, size = whole
            self._count = len(self.trials)
            self._spent = self.trials[-1].spent if self.trials else 0.0
            if path.stat().st_size > size:
                os.truncate(path, size)
        with writing(path):
            self._file = open(path, "ab", buffering=0)  # noqa: SIM115 (closed by close)
            if whole is None:
                os.truncate(path, 0)
                self._write({"version": RESULTS_VERSION, **storable(self.header)})
        return True

    def append(self, trial: Trial) -> None:
        """Write one trial to disk.

        Raises:
            HarnessError: If the trial does not fit the log or cannot be written whole; the file is
                then as before.
        """
        content = storable(trial)
        try:
            _check(trial, self._count, self._spent, self.header)
        except Misfit as misfit:
            raise HarnessError(f"this trial cannot be stored: its {misfit}") from None
        self._write(content)
        self._count, self._spent = self._count + 1, trial.spent

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


def read_log(path: Path, kind: type[H] = RunHeader) -> Log[H] | None:  # type: ignore[assignment]
    """Header and trials of a log; None if the file holds no whole line.

    A last line without its end is left by a killed run, and is not counted.

    Args:
        kind: Class of the log's header.

    Raises:
        HarnessError: If any other line is damaged or contradicts the lines before it, or if
            another version wrote the file.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HarnessError(
            f"{path} cannot be read as a trial log: {error.strerror}. Nothing was changed; move "
            f"the folder {path.parent} away and repeat the command to run this cell again"
        ) from None
    size = content.rfind(b"\n") + 1
    lines = content[:size].splitlines()
    if not lines:
        return None
    header = _header(path, lines[0], kind)
    trials: list[Trial] = []
    spent = 0.0
    for number, line in enumerate(lines[1:], start=2):
        try:
            trial = from_json(Trial, decode_json(line))
            _check(trial, number - 2, spent, header)
        except ValueError as error:
            raise _damaged(path, number, error) from None
        spent = trial.spent
        trials.append(trial)
    return Log(header, trials, size)


def log_version(path: Path) -> int:
    """The results version in the first line of a log; 0 if it has none."""
    try:
        with open(path, "rb") as file:
            content = decode_json(file.readline())
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


def _check(trial: Trial, index: int, before: float, header: LogHeader) -> None:
    """Raises Misfit if a trial does not follow the trials before it."""
    if trial.index != index:
        raise Misfit(f"is {trial.index}, not {index}: trials are numbered from 0", ("index",))
    if trial.configuration is None:
        raise Misfit("is missing", ("configuration",))
    if trial.charged is None:
        raise Misfit("is missing", ("charged",))
    check_values(trial.outcome, header.metric)
    total = before + trial.charged
    if trial.spent < before or (
        header.sums_up and not math.isclose(trial.spent, total, rel_tol=ROUNDING, abs_tol=ROUNDING)
    ):
        raise Misfit(
            f"is {trial.spent!r}, but {before!r} were spent before and {trial.charged!r} charged",
            ("spent",),
        )


def _damaged(path: Path, number: int, problem: object) -> HarnessError:
    return HarnessError(
        f"{path}:{number}: this line of the trial log is damaged ({problem}). Nothing was changed; "
        f"move the folder {path.parent} away and repeat the command to run this cell again"
    )
