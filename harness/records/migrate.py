"""Results of version 1, rewritten as version 2; the old files are kept beside the new ones.

The new tree is built and read back below ``.version-2`` first. Then it takes the place of the old
one, which moves to ``version-1``. A migration that is killed goes on with the next call. What
cannot be carried over is listed with its reason, and stays in ``version-1``.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.records.baseline import BaselineRecord, read_baseline_record
from harness.records.cell import Cell
from harness.records.files import (
    RESULTS_VERSION,
    digest,
    is_there,
    make_folder,
    read_bounded,
    read_record,
    write_record,
    writing,
)
from harness.records.log import (
    LOCK,
    LOG,
    MinimisingHeader,
    RunHeader,
    log_version,
    open_lock,
    read_log,
)
from harness.records.outcome import Trial
from harness.records.run import Confirmations, Minimised
from harness.records.run_record import RUN
from harness.records.schema import decode_json, from_json, storable
from harness.records.store import CONFIRMED, MINIMISED, Store
from harness.records.trainings import TrainingsRecord, read_trainings
from harness.records.version_1 import (
    BEFORE,
    Refused,
    baseline_v1,
    json_v1,
    log_lines_v1,
    run_record_v1,
)
from harness.vocabulary import HarnessError

PARTS = ("runs", "baselines", "trainings", "evidence")
"""Folders of a results folder that hold records of a version. Tables are made again from them."""

ASIDE = "version-1"
STAGING = ".version-2"
COMPLETE = "complete.json"
REFUSED = "refused.json"


@dataclass(frozen=True, slots=True)
class Translation:
    """Identities of version 1 -> those of version 2. Each function raises ``Refused``."""

    cell: Callable[[Mapping[str, Any]], tuple[Cell, str]]
    """A cell as version 1 stored it -> the cell, and the metric of its fault."""
    baseline: Callable[[str, BaselineRecord], tuple[str, str]]
    """Name of a baseline file and its record -> the fault's content, and the file's identity."""
    trainings: Callable[[str, TrainingsRecord], str]
    """Name of a file of trainings and its record -> its identity."""


@dataclass(frozen=True, slots=True)
class Migration:
    """What became of a results folder."""

    carried: Sequence[str] = ()
    """Files and runs of version 1 that are there as version 2 now; paths in the results folder."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Files and runs that could not be carried over -> the reason."""
    aside: str = ""
    """Folder, within the results folder, that holds all files as they were; '' if none."""

    def __str__(self) -> str:
        if not self.aside:
            return f"nothing to migrate: no results of version {BEFORE} here"
        lines = [
            f"{len(self.carried)} records are of version {RESULTS_VERSION} now; all files as they "
            f"were are in {self.aside}"
        ]
        if self.refused:
            lines.append(f"{len(self.refused)} could not be carried over and are only there:")
            lines += [f"  {path}: {reason}" for path, reason in self.refused.items()]
        return "\n".join(lines)


def migrate(results: Path, translation: Translation) -> Migration:
    """Bring a results folder to version 2; done twice, the second time changes nothing.

    Args:
        results: The folder. No driver may be working in it.
        translation: New identities, from those who know faults and techniques.

    Returns:
        What was carried over, and what was not and why.

    Raises:
        HarnessError: If a driver works in the folder, nothing at all can be carried over (then
            nothing is changed), or the disk is full.
    """
    if not results.is_dir():
        raise HarnessError(f"there is no results folder {results}: give one, such as results")
    staging = results / STAGING
    with _alone(results), writing(results):
        if not (staging / COMPLETE).exists():
            if staging.exists():
                shutil.rmtree(staging)
            migration = _Builder(results, staging, translation).build()
            if not migration.carried:
                shutil.rmtree(staging, ignore_errors=True)
                if migration.refused:
                    raise HarnessError(
                        f"nothing in {results} can be carried over, and nothing was changed:\n"
                        + "\n".join(f"  {p}: {why}" for p, why in migration.refused.items())
                    )
                return Migration()
            migration = replace(migration, aside=_fresh(results))
            write_record(staging / COMPLETE, migration)
        migration = read_record(staging / COMPLETE, Migration, "record of a migration")
        _swap(results, staging, results / migration.aside)
        write_record(results / migration.aside / REFUSED, migration)
        shutil.rmtree(staging)
    return migration


def _fresh(results: Path) -> str:
    """The first name for the old files that is free."""
    number = 1
    while (results / (name := ASIDE + (f".{number}" if number > 1 else ""))).exists():
        number += 1
    return name


def _swap(results: Path, staging: Path, aside: Path) -> None:
    """Put each new folder in the place of the old one; each step is one renaming."""
    make_folder(aside)
    for part in PARTS:
        if (staging / part).exists():
            if (results / part).exists():
                os.rename(results / part, aside / part)
            os.rename(staging / part, results / part)


@contextmanager
def _alone(results: Path) -> Iterator[None]:
    """Holds the locks of all runs.

    Raises:
        HarnessError: If a driver holds one.
    """
    with ExitStack() as locks:
        for path in sorted((results / "runs").glob(f"*/*/*/**/{LOCK}")):
            lock = locks.enter_context(open_lock(path.parent))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise HarnessError(
                    f"another process is working in {path.parent}. Wait until it has ended, then "
                    "migrate"
                ) from None
        yield


_ODD = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
"""Errors of the reader of version 1, which has no schema, at values of another kind."""


class _Builder:
    """Builds the new tree; the old one is only read."""

    def __init__(self, results: Path, staging: Path, translation: Translation) -> None:
        self._results, self._new, self._translation = results, Store(staging), translation
        self._carried: list[str] = []
        self._refused: dict[str, str] = {}

    def build(self) -> Migration:
        """Build the tree; nothing is built if there is nothing of version 1."""
        items = list(self._items())
        if not any(version == BEFORE for _, version, _ in items):
            return Migration()
        for part in PARTS:
            if (self._results / part).exists():
                make_folder(self._new.root / part)
        for path, version, carry in items:
            self._one(path, version, carry)
        return Migration(self._carried, self._refused)

    def _items(self) -> Iterator[tuple[Path, object, Callable[[Path], None]]]:
        """Every run and file: its path, its version, and what carries it over."""
        for folder in sorted((self._results / "runs").glob("*/*/*")):
            if folder.is_dir():
                yield folder, _version_of_run(folder), self._run
        kinds = (
            ("baselines/*.json", self._baseline),
            ("trainings/*/*.json", self._trainings),
            ("evidence/*.json", self._evidence),
        )
        for pattern, carry in kinds:
            for path in sorted(self._results.glob(pattern)):
                yield path, _version(path), carry

    def _one(self, path: Path, version: object, carry: Callable[[Path], None]) -> None:
        """Carry one run or file over; one of version 2 is taken as it is."""
        name = str(path.relative_to(self._results))
        target = self._new.root / name
        try:
            if version == RESULTS_VERSION:
                if path.is_dir():
                    shutil.copytree(path, target, dirs_exist_ok=False)
                else:
                    make_folder(target.parent)
                    shutil.copy2(path, target)
                return
            if version != BEFORE:
                raise Refused("it does not say which version of the harness wrote it")
            carry(path)
            self._carried.append(name)
        except (Refused, HarnessError, FileExistsError, *_ODD) as reason:
            said = f"it lacks {reason}" if isinstance(reason, KeyError) else str(reason)
            self._refused[name] = said.replace(str(self._new.root), str(self._results))

    def _run(self, folder: Path) -> None:
        lines = log_lines_v1(folder / LOG)
        header = lines[0]
        record = json_v1(folder / RUN) if is_there(folder / RUN) else None
        if record is not None and record["cell"] != header["cell"]:
            raise Refused(f"{RUN} and {LOG} are of two different runs")
        if not folder.name.endswith(f"-{digest(header['cell'])}"):
            raise Refused("its folder is named after another run")
        cell, metric = self._translation.cell(header["cell"])
        target = self._new.folder(cell)
        if target.exists() or self._has(cell):
            raise Refused(f"the run is there in version {RESULTS_VERSION} already")
        try:
            self._write_run(folder, target, cell, metric, lines, record)
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise

    def _has(self, cell: Cell) -> bool:
        """Whether a driver of version 2 has begun the run in the old tree."""
        folder = Store(self._results).folder(cell)
        return folder.exists() and _version_of_run(folder) == RESULTS_VERSION

    def _write_run(
        self,
        folder: Path,
        target: Path,
        cell: Cell,
        metric: str,
        lines: Sequence[dict[str, Any]],
        record: Mapping[str, Any] | None,
    ) -> None:
        header = RunHeader(
            cell=cell,
            metric=metric,
            training_time=lines[0]["training_time"],
            started=lines[0].get("started", ""),
        )
        _write_log(target / LOG, header, lines[1:])
        read_log(target / LOG, RunHeader)
        if record is None:
            return
        statuses = Counter(str(entry["outcome"]["status"]) for entry in lines[1:])
        run_record_v1({"counts": statuses, **record}, cell).write(target)
        if is_there(folder / CONFIRMED):
            write_record(target / CONFIRMED, from_json(Confirmations, json_v1(folder / CONFIRMED)))
        if is_there(folder / MINIMISED / LOG):
            _write_minimised(folder / MINIMISED, target / MINIMISED, cell, metric)
        self._new.read_run(cell)

    def _baseline(self, path: Path) -> None:
        record = baseline_v1(path)
        content, identity = self._translation.baseline(path.stem, record)
        target = self._new.baseline_path(record.fault, identity)
        if target.exists() or Store(self._results).baseline_path(record.fault, identity).exists():
            raise Refused(f"the baseline is there in version {RESULTS_VERSION} already")
        replace(record, content=content).write(target)
        read_baseline_record(target)

    def _trainings(self, path: Path) -> None:
        record = from_json(TrainingsRecord, json_v1(path))
        target = self._new.trainings_path(
            record.subject, self._translation.trainings(path.stem, record)
        )
        if target.exists():
            raise Refused(f"the trainings are there in version {RESULTS_VERSION} already")
        write_record(target, record)
        read_trainings(target)

    def _evidence(self, path: Path) -> None:
        raise Refused(
            f"{path.name} does not name its setting; the evidence is gathered again when it is "
            "asked for"
        )


def _write_minimised(folder: Path, target: Path, cell: Cell, metric: str) -> None:
    lines = log_lines_v1(folder / LOG)
    header = MinimisingHeader(
        cell=cell.identity,
        metric=metric,
        patched=lines[0]["patched"],
        retrainings=lines[0]["retrainings"],
    )
    _write_log(target / LOG, header, lines[1:])
    read_log(target / LOG, MinimisingHeader)
    name = f"{MINIMISED}.json"
    if is_there(folder / name):
        write_record(target / name, from_json(Minimised, json_v1(folder / name)))


def _write_log(
    path: Path, header: RunHeader | MinimisingHeader, entries: Sequence[Mapping[str, Any]]
) -> None:
    """Write a whole log at once; each trial is checked against the schema first."""
    make_folder(path.parent)
    trials = [storable(from_json(Trial, entry)) for entry in entries]
    lines = [{"version": RESULTS_VERSION, **storable(header)}, *trials]
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, allow_nan=False) + "\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())


def _version(path: Path) -> object:
    """The version that a JSON file names; None if it names none."""
    try:
        content = decode_json(read_bounded(path))
    except (OSError, ValueError):
        return None
    return content.get("version") if isinstance(content, dict) else None


def _version_of_run(folder: Path) -> object:
    """The version of a run: that of its log."""
    return log_version(folder / LOG) or _version(folder / RUN)
