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
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

from harness.records.baseline import Baseline, read_baseline
from harness.records.cell import Cell, without_budget
from harness.records.files import make_folder, plain, read_json, write_json
from harness.records.log import LOCK, LOG, Row, TrialLog, read_log
from harness.records.outcome import parse_outcome
from harness.records.run import Confirmation, Minimised, Run, RunRow
from harness.vocabulary import HarnessError

RUN = "run.json"
CONFIRMED = "confirmed.json"
MINIMISED = "minimised"
"""Folder beside a run whose patch was minimised, and the file in it."""


@dataclass(frozen=True, slots=True)
class Store:
    """A results folder."""

    root: Path

    def check(self) -> None:
        """Raises HarnessError if nothing can be written here."""
        make_folder(self.root)
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
                found.setdefault(without_budget(other), []).append(other)
        nearest = {}
        for cell in cells:
            larger = [o for o in found.get(without_budget(cell), []) if o.budget > cell.budget]
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
