"""Where results live: one directory per cell, readable for years, never overwritten.

::

    results/runs/D1/hebo/b20-s1-r03-5f0c9a7be1d2/
        trials.jsonl    a header, then one line per trial, flushed as it ends
        run.json        written last and atomically: its presence means 'finished'
        confirmed.json  re-trainings of its winners, outside the budget; added to afterwards

A directory's name is made of values for people to read; programs read the files only.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

from harness import RESULTS_VERSION
from harness.tables import Baseline, Confirmation, Minimised, Outcome, Run, RunRow
from harness.vocabulary import Cause, HarnessError, TrialStatus

LOG, RUN, LOCK, CONFIRMED = "trials.jsonl", "run.json", "lock", "confirmed.json"
MINIMISED = "minimised"
"""Folder beside a run whose patch was minimised, and the file in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One run to be made: its identity, the same before it is made and after."""

    fault: str
    fault_content: str
    """Hash of the fault and its subject."""
    technique: str
    settings: Mapping[str, Any]
    """The technique's class and settings, as plain JSON values."""
    space: str
    clock: str
    budget: float
    """As a multiple of T."""
    data: str
    fraction: float
    backend: str
    repetition: int
    seed: int
    """The study's seed; the run's own is derived from it."""

    @property
    def identity(self) -> str:
        """Twelve hexadecimal digits over all fields."""
        return digest(asdict(self))

    def __hash__(self) -> int:
        return hash(self.identity)

    @property
    def folder(self) -> Path:
        """Relative to ``results/runs``."""
        name = f"b{self.budget:g}-s{self.seed}-r{self.repetition:02}-{self.identity}"
        return Path(plain(self.fault)) / plain(self.technique) / name

    @property
    def run_seed(self) -> int:
        """Differs between faults, techniques and repetitions, and with the study's seed."""
        words = [self.fault, self.technique, self.seed, self.repetition]
        return int(digest(words)[:8], 16)


def _without_budget(cell: Cell) -> str:
    return changed(cell, budget=0.0).identity


def digest(content: Any) -> str:
    """Twelve hexadecimal digits of the canonical JSON of ``content``."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def plain(name: str) -> str:
    """A name that can be one folder, whatever it contains."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name).lstrip(".") or "-"


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
        _make(self._folder)
        with _writing(self._folder):
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
        with _writing(path):
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
        with _writing(self._folder / LOG):
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
            _check_version(path, header)
    return header, rows, size


def _check_version(path: Path, content: Any) -> None:
    found = content.get("version") if isinstance(content, dict) else None
    if found != RESULTS_VERSION:
        raise HarnessError(
            f"{path} was written by results version {found}; this harness reads version "
            f"{RESULTS_VERSION}. Use another results folder (RESULTS=...), or the release that "
            "wrote it"
        )


def _row(entry: dict[str, Any]) -> Row:
    return Row(**{**entry, "outcome": parse_outcome(entry["outcome"])})


def parse_outcome(entry: Mapping[str, Any]) -> Outcome:
    """An outcome from its JSON; unknown fields are an error."""
    known = {f.name for f in fields(Outcome)}
    if odd := set(entry) - known:
        raise ValueError(f"unknown fields {sorted(odd)}")
    cause = entry.get("cause")
    return Outcome(
        **{
            **entry,
            "status": TrialStatus(entry["status"]),
            "cause": None if cause is None else Cause(cause),
            "losses": tuple(entry["losses"]),
        }
    )


def write_json(path: Path, content: Mapping[str, Any], *, replace: bool = True) -> None:
    """Atomically: readers see the old file or the new one, never a part.

    With ``replace=False``, a file that is there stays: of several writers, the first is heard.
    """
    _make(path.parent)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    text = json.dumps({"version": RESULTS_VERSION, **content}, indent=1, allow_nan=False) + "\n"
    try:
        with _writing(path):
            with open(part, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if replace:
                os.replace(part, path)
            else:
                with suppress(FileExistsError):
                    os.link(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_json(path: Path) -> dict[str, Any]:
    """Raises HarnessError if the file is damaged or another version wrote it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError(f"expected a mapping, found {type(content).__name__}")
    except (OSError, ValueError) as error:
        raise HarnessError(
            f"{path} cannot be read: {error}. Move it away and repeat the command to make it again"
        ) from None
    _check_version(path, content)
    return content


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Raises HarnessError in the place of the system's errors (no space, no permission ...)."""
    try:
        yield
    except OSError as error:
        raise HarnessError(
            f"{path} cannot be written: {error.strerror}. What was recorded before is safe; mend "
            "that and repeat the command, which goes on from there"
        ) from None


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HarnessError(
            f"the results folder {folder} cannot be written: {error}. Choose another with "
            "RESULTS=folder"
        ) from None


@dataclass(frozen=True, slots=True)
class Store:
    """A results folder."""

    root: Path

    def check(self) -> None:
        """Raises HarnessError if nothing can be written here."""
        _make(self.root)
        probe = self.root / f".probe-{os.getpid()}"
        try:
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise HarnessError(
                f"the results folder {self.root} cannot be written: {error}. Choose another with "
                "RESULTS=folder"
            ) from None

    def folder(self, cell: Cell) -> Path:
        return self.root / "runs" / cell.folder

    def finished(self, cell: Cell) -> bool:
        return (self.folder(cell) / RUN).exists()

    def missing(self, cells: Sequence[Cell]) -> list[Cell]:
        """Planned minus present."""
        return [cell for cell in cells if not self.finished(cell)]

    def longer(self, cells: Sequence[Cell]) -> dict[Cell, Cell]:
        """Cell -> the finished run that differs from it in a larger budget only, the next one.

        Cells without such a run are left out.
        """
        found: dict[str, list[Cell]] = {}
        for folder in {self.folder(cell).parent for cell in cells}:
            for path in folder.glob(f"*/{RUN}"):
                other = _cell(path, read_json(path))
                found.setdefault(_without_budget(other), []).append(other)
        nearest = {}
        for cell in cells:
            larger = [o for o in found.get(_without_budget(cell), []) if o.budget > cell.budget]
            if larger:
                nearest[cell] = min(larger, key=lambda other: other.budget)
        return nearest

    @contextmanager
    def log(self, cell: Cell, header: Mapping[str, Any]) -> Iterator[TrialLog | None]:
        """The cell's log, locked; None if another driver has it."""
        log = TrialLog(self.folder(cell), {"cell": asdict(cell), **header})
        try:
            yield log if log.acquire() else None
        finally:
            log.close()

    def finish(self, cell: Cell, record: Mapping[str, Any]) -> None:
        write_json(self.folder(cell) / RUN, {"cell": asdict(cell), **record})

    def read_run(self, cell: Cell) -> Run:
        """A finished run, as the analysis reads it."""
        folder = self.folder(cell)
        record, log = read_json(folder / RUN), read_log(folder / LOG)
        if log is None or len(log[1]) != record.get("trials"):
            raise HarnessError(
                f"{folder / LOG} holds {0 if log is None else len(log[1])} trials, but {RUN} "
                f"counted {record.get('trials')}: the log is truncated. Move the folder away and "
                "repeat the command to run this cell again"
            )
        try:
            run = _run(record, log[1], self.confirmed(cell))
            return changed(run, minimised=self._minimised(folder))
        except (KeyError, TypeError) as error:
            raise HarnessError(f"{folder / RUN} is no record of a run: {error!r}") from None

    def _minimised(self, folder: Path) -> Minimised | None:
        path = folder / MINIMISED / f"{MINIMISED}.json"
        if not path.exists():
            return None
        content = read_json(path)
        return Minimised(content["configuration"], content["trainings"], content["taken_back"])

    def confirmed(self, cell: Cell) -> list[Confirmation]:
        """The re-trainings of a run's winners, so far."""
        path = self.folder(cell) / CONFIRMED
        if not path.exists():
            return []
        try:
            return [
                Confirmation(**{**entry, "outcome": parse_outcome(entry["outcome"])})
                for entry in read_json(path)["trainings"]
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise HarnessError(f"{path} is no record of re-trainings: {error!r}") from None

    def confirm(self, cell: Cell, trainings: Iterable[Confirmation]) -> None:
        """Add re-trainings to those of a run; one that is there already stays as it is."""
        with open(self.folder(cell) / LOCK, "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            kept = {(c.proposal, c.fidelity, c.seed): c for c in self.confirmed(cell)}
            for training in trainings:
                kept.setdefault((training.proposal, training.fidelity, training.seed), training)
            entries = [asdict(training) for training in kept.values()]
            write_json(self.folder(cell) / CONFIRMED, {"trainings": entries})

    def baseline_path(self, fault: str, identity: str) -> Path:
        return self.root / "baselines" / f"{plain(fault)}-{identity}.json"

    def trainings_path(self, subject: str, identity: str) -> Path:
        return self.root / "trainings" / plain(subject) / f"{identity}.json"

    def baselines(self, fault: str) -> list[Baseline]:
        """All that were measured of a fault, in whatever setting, the oldest first."""
        found = sorted((self.root / "baselines").glob(f"{plain(fault)}-*.json"), key=_written)
        return [b for b in map(read_baseline, found) if b.fault == fault]


def _written(path: Path) -> int:
    return path.stat().st_mtime_ns


def _cell(path: Path, record: Mapping[str, Any]) -> Cell:
    try:
        return Cell(**record["cell"])
    except (KeyError, TypeError) as error:
        raise HarnessError(f"{path} is no record of a run: {error!r}") from None


def _run(record: Mapping[str, Any], rows: Sequence[Row], confirmed: Sequence[Confirmation]) -> Run:
    cell, times = record["cell"], record["seconds"]
    return Run(
        fault=cell["fault"],
        technique=cell["technique"],
        budget=cell["budget"],
        clock=cell["clock"],
        space=cell["space"],
        data=cell["data"],
        fraction=cell["fraction"],
        repetition=cell["repetition"],
        metric=record["fault"]["metric"],
        faulty=record["fault"]["faulty"],
        fixed=record["fault"]["fixed"],
        trials=[
            RunRow(
                proposal=row.proposal,
                status=row.outcome.status,
                search=row.outcome.search,
                holdout=row.outcome.holdout,
                fidelity=row.outcome.fidelity,
                spent=row.spent,
                configuration=row.configuration,
                structural=_structural(row.note),
                history=row.note.get("history"),
                choice=row.note.get("choice"),
            )
            for row in rows
        ],
        status=record["status"],
        choice=record.get("choice"),
        training_seconds=times["training"],
        search_seconds=times["search"],
        total_seconds=times["total"],
        allowed=record.get("allowed", record.get("budget_seconds")),
        confirmed=confirmed,
    )


def _structural(note: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Of a patch that is a history, as the technique noted it."""
    return tuple(note["structural"].values()) if "history" in note else None


def read_baseline(path: Path) -> Baseline:
    """The judged trainings of faulty and fixed program, from a baseline file."""
    content = read_json(path)
    try:
        trained = {which: [*map(parse_outcome, content[which])] for which in ("faulty", "fixed")}
        judged = {which: [o for o in trained[which] if o.judged] for which in trained}
        return Baseline(
            fault=content["fault"],
            metric=content["metric"],
            faulty_holdout=[o.holdout for o in judged["faulty"] if o.holdout is not None],
            fixed_holdout=[o.holdout for o in judged["fixed"] if o.holdout is not None],
            faulty_search=[o.search for o in judged["faulty"] if o.search is not None],
            fixed_search=[o.search for o in judged["fixed"] if o.search is not None],
            training_time=content["training_time"],
            work=content.get("work", 0.0),
            faulty_unjudged=len(trained["faulty"]) - len(judged["faulty"]),
            fixed_unjudged=len(trained["fixed"]) - len(judged["fixed"]),
            data=content["data"],
            fraction=content["fraction"],
            device=content["device"],
            content=content.get("content", ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise HarnessError(f"{path} is no baseline: {error!r}") from None
