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
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from harness.records.agreement import check_again, check_minimised, check_trials
from harness.records.baseline import Baseline, read_baseline_record
from harness.records.cell import Cell, without_budget
from harness.records.files import (
    RESULTS_VERSION,
    is_there,
    make_folder,
    plain,
    read_record,
    write_record,
)
from harness.records.log import LOG, RunHeader, TrialLog, log_version, open_lock, read_log
from harness.records.outcome import Trial
from harness.records.run import Confirmation, Confirmations, Minimised, Run
from harness.records.run_record import RUN, RunRecord, read_run_record
from harness.vocabulary import HarnessError

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
        return is_there(self.folder(cell) / RUN)

    def missing(self, cells: Sequence[Cell]) -> list[Cell]:
        """Planned minus present."""
        return [cell for cell in cells if not self.finished(cell)]

    def longer(self, cells: Sequence[Cell]) -> dict[Cell, Cell]:
        """Cell -> the finished run that differs from it in a larger budget only, the next one.

        Cells without such a run are left out. A record that cannot be read is no such run.
        """
        found = self._but_for_budget(cells)
        larger = {c: [o for o in found[c] if o.budget > c.budget] for c in cells}
        return {c: min(others, key=_budget) for c, others in larger.items() if others}

    def shorter(self, cells: Sequence[Cell]) -> dict[Cell, Cell]:
        """The same with a smaller budget, the largest of them."""
        found = self._but_for_budget(cells)
        smaller = {c: [o for o in found[c] if o.budget < c.budget] for c in cells}
        return {c: max(others, key=_budget) for c, others in smaller.items() if others}

    def _but_for_budget(self, cells: Sequence[Cell]) -> dict[Cell, list[Cell]]:
        """Cell -> the finished runs that differ from it in the budget at most."""
        found: dict[str, list[Cell]] = {}
        for folder in {self.folder(cell).parent for cell in cells}:
            for path in sorted(folder.glob(f"*/{RUN}")):
                try:
                    other = read_run_record(path.parent).cell
                except HarnessError:
                    continue
                if path.parent != self.folder(other):
                    continue
                found.setdefault(without_budget(other), []).append(other)
        return {cell: found.get(without_budget(cell), []) for cell in cells}

    def records(self) -> list[RunRecord]:
        """The records of all finished runs, in the order of their folders; foreign ones left out.

        Raises:
            HarnessError: If the record of a run whose log lies beside it is damaged.
        """
        return [record for path in self._found() if (record := self._own(path)) is not None]

    def foreign(self, cells: Iterable[Cell] = ()) -> str:
        """A note for people if something lies among the runs that is no record of a run there.

        Empty if there is nothing. The folders of ``cells`` are left to whoever reads these runs.
        """
        found = []
        own = {self.folder(cell) / RUN for cell in cells}
        for path in (path for path in self._found() if path not in own):
            with suppress(HarnessError):  # damaged, but a run's own: whoever reads the run says so
                if self._own(path) is None:
                    found.append(path)
        if not found:
            return ""
        more = f" and {len(found) - 1} more files" if len(found) > 1 else ""
        return f"{found[0]}{more}: no record of a run in its own folder, passed by"

    def _found(self) -> list[Path]:
        """Every file or folder below the runs that is called as a record is."""
        found = []
        for folder, folders, files in os.walk(self.root / "runs"):
            if RUN in files or RUN in folders:
                found.append(Path(folder, RUN))
        return sorted(found)

    def _own(self, path: Path) -> RunRecord | None:
        """The record at ``path``; None if it is none, or lies in another folder than its run's."""
        try:
            record = read_run_record(path.parent)
        except HarnessError:
            if log_version(path.with_name(LOG)) == RESULTS_VERSION:
                raise
            return None
        return record if path.parent == self.folder(record.cell) else None

    def outdated(self, cells: Iterable[Cell]) -> str:
        """A hint for people if runs of an earlier results version lie beside those of the cells.

        Empty if there are none.
        """
        for folder in {self.folder(cell).parent for cell in cells}:
            for path in folder.glob(f"*/{LOG}"):
                if 0 < log_version(path) < RESULTS_VERSION:
                    return (
                        f"runs of an earlier results version are in {self.root} and do not count. "
                        "Bring them up to date with: dnn-repair migrate RESULTS"
                    )
        return ""

    @contextmanager
    def log(self, header: RunHeader) -> Iterator[TrialLog[RunHeader] | None]:
        """The log of the header's cell, locked; None if another driver has it."""
        log = TrialLog(self.folder(header.cell), header)
        try:
            yield log if log.acquire() else None
        finally:
            log.close()

    def finish(self, record: RunRecord) -> None:
        """Write ``run.json``: from now on the run is finished."""
        record.write(self.folder(record.cell))

    def read_record(self, cell: Cell) -> RunRecord:
        """The record of a finished run.

        Raises:
            HarnessError: If it is damaged, or that of another cell.
        """
        folder = self.folder(cell)
        record = read_run_record(folder)
        if record.cell.identity != cell.identity:
            raise HarnessError(
                f"{folder / RUN} is the record of another run ({record.cell.folder}). Nothing was "
                f"changed; move the folder {folder} away and repeat the command to run this cell "
                "again"
            )
        return record

    def read_run(self, cell: Cell) -> Run:
        """A finished run, as the analysis reads it."""
        record = self.read_record(cell)
        run = run_of(record, self.trials(record))
        return replace(
            run,
            confirmed=self._confirmed(cell, run),
            minimised=self.minimised(cell, run),
        )

    def trials(self, record: RunRecord) -> list[Trial]:
        """The trials of a finished run.

        Raises:
            HarnessError: If the log is damaged, or does not belong to the record.
        """
        path = self._path(record.cell, LOG)
        log = read_log(path, RunHeader)
        if log is None or len(log.trials) != record.trials:
            raise HarnessError(
                f"{path} holds {0 if log is None else len(log.trials)} trials, but {RUN} counted "
                f"{record.trials}: the log is truncated. Move the folder away and repeat the "
                "command to run this cell again"
            )
        check_trials(path, log, record)
        return log.trials

    def minimised(self, cell: Cell, run: Run | None = None) -> Minimised | None:
        """The minimised patch of a run; None if it was not minimised.

        Args:
            run: Names the program and the metric that the file is checked against.
        """
        path = self.minimised_path(cell)
        if not is_there(path):
            return None
        found = read_record(path, Minimised, "record of a minimised patch")
        if run is not None:
            check_minimised(path, found, run)
        return found

    def minimised_path(self, cell: Cell) -> Path:
        return self._path(cell, MINIMISED) / f"{MINIMISED}.json"

    def confirmed(self, cell: Cell) -> list[Confirmation]:
        """The re-trainings of a run's winners, so far."""
        path = self._path(cell, CONFIRMED)
        if not is_there(path):
            return []
        return list(read_record(path, Confirmations, "record of re-trainings").trainings)

    def _confirmed(self, cell: Cell, run: Run) -> list[Confirmation]:
        again = self.confirmed(cell)
        check_again(self._path(cell, CONFIRMED), again, run)
        return again

    def confirm(self, cell: Cell, trainings: Iterable[Confirmation]) -> None:
        """Add re-trainings to those of a run; one that is there already stays as it is."""
        with open_lock(self.folder(cell)) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            kept = {(c.proposal, c.fidelity, c.seed): c for c in self.confirmed(cell)}
            for training in trainings:
                kept.setdefault((training.proposal, training.fidelity, training.seed), training)
            write_record(self._path(cell, CONFIRMED), Confirmations([*kept.values()]))

    def _path(self, cell: Cell, name: str) -> Path:
        return self.folder(cell) / name

    def baseline_path(self, fault: str, identity: str) -> Path:
        return self.root / "baselines" / f"{plain(fault)}-{identity}.json"

    def trainings_path(self, subject: str, identity: str) -> Path:
        return self.root / "trainings" / plain(subject) / f"{identity}.json"

    def baselines(self, fault: str) -> list[Baseline]:
        """All that were measured of a fault, in whatever setting, the oldest first."""
        found = sorted((self.root / "baselines").glob(f"{plain(fault)}-*.json"), key=_written)
        records = map(read_baseline_record, found)
        return [record.baseline for record in records if record.fault == fault]


def _budget(cell: Cell) -> float:
    return cell.budget


def run_of(record: RunRecord, trials: Sequence[Trial]) -> Run:
    """A recorded run as the analysis reads it, without what was done after it."""
    cell = record.cell
    return Run(
        fault=cell.fault,
        technique=cell.technique,
        budget=cell.budget,
        clock=cell.clock,
        space=cell.space,
        data=cell.data,
        fraction=cell.fraction,
        repetition=cell.repetition,
        metric=record.fault.metric,
        faulty=record.fault.faulty,
        fixed=record.fault.fixed,
        trials=trials,
        status=record.status,
        choice=record.choice,
        training_seconds=record.seconds.training,
        search_seconds=record.seconds.search,
        total_seconds=record.seconds.total,
        allowed=record.allowed,
    )


def _written(path: Path) -> int:
    return path.stat().st_mtime_ns
