"""Recorded runs as evidence: a study's files, packed for version control, and unpacked again.

A folder of evidence holds five tables as compressed Parquet: ``runs``, ``trials``,
``confirmations``, ``minimised`` and ``baselines``. The first columns are for people and queries;
the last two hold the file and its text, or for trials one line of it, so that unpacking restores
every byte.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from harness.records.cell import Cell
from harness.records.files import is_there, make_folder
from harness.records.log import LOG
from harness.records.run_record import RUN
from harness.records.store import CONFIRMED, Store
from harness.study.plan import Plan, baseline_paths, sources
from harness.subjects.registry import Registry
from harness.vocabulary import HarnessError

TABLES = ("runs", "trials", "confirmations", "minimised", "baselines")

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Packed:
    """What was packed."""

    runs: int
    trials: int
    bytes: int


def pack_study(plan: Plan, registry: Registry, store: Store, folder: Path) -> Packed:
    """Write a plan's finished runs, with their baselines, to a folder of evidence.

    Raises:
        HarnessError: If a run or a baseline is missing: what is left out cannot be evidence.
    """
    cells = plan.cells(registry)
    found = sources(plan, cells, store)
    paths = baseline_paths(plan, registry, store)
    unmeasured = [fault for fault, path in paths.items() if not is_there(path)]
    if lacking := len(cells) - len(found):
        raise HarnessError(
            f"{lacking} of {len(cells)} runs of plan '{plan.name}' are missing in {store.root}, so "
            "that nothing was packed. Make them with: dnn-repair run, with the same settings"
        )
    if unmeasured:
        raise HarnessError(
            f"{store.root} holds no baseline of {', '.join(unmeasured)}, so that nothing was packed"
        )
    own = list(dict.fromkeys(found.values()))
    trials = [entry for cell in own for entry in _trials(cell, store)]
    tables: dict[str, list[Entry]] = {
        "runs": [_entry(cell, store, store.folder(cell) / RUN) for cell in own],
        "trials": trials,
        "confirmations": _entries(own, store, lambda cell: store.folder(cell) / CONFIRMED),
        "minimised": _entries(own, store, store.minimised_path),
        "baselines": [
            {"fault": fault, "file": _inside(path, store), "text": path.read_text("utf-8")}
            for fault, path in paths.items()
        ],
    }
    make_folder(folder)
    size = sum(_write(folder / f"{name}.parquet", rows) for name, rows in tables.items())
    return Packed(len(own), len(trials) - len(own), size)


def unpack_study(folder: Path, store: Store) -> int:
    """Restore the files of a folder of evidence in a results folder; say how many.

    Raises:
        HarnessError: If the folder is no such one, or a file of it would leave the results folder.
    """
    made = 0
    for name in TABLES:
        texts: dict[str, list[str]] = {}
        for entry in _read(folder / f"{name}.parquet"):
            texts.setdefault(entry["file"], []).append(entry["text"])
        for file, parts in texts.items():
            inside = PurePosixPath(file)
            if inside.is_absolute() or ".." in inside.parts:
                raise HarnessError(f"{folder} names the file {file!r}, which lies outside of it")
            path = store.root / inside
            make_folder(path.parent)
            path.write_text("".join(parts), encoding="utf-8")
            made += 1
    return made


def _entries(cells: Iterable[Cell], store: Store, place: Callable[[Cell], Path]) -> list[Entry]:
    """The files of a kind that are there."""
    paths = [(cell, place(cell)) for cell in cells]
    return [_entry(cell, store, path) for cell, path in paths if is_there(path)]


def _entry(cell: Cell, store: Store, path: Path) -> Entry:
    return {**_named(cell), "file": _inside(path, store), "text": path.read_text("utf-8")}


def _trials(cell: Cell, store: Store) -> Iterator[Entry]:
    """The header of a log and its trials, a line each."""
    path = store.folder(cell) / LOG
    for line in path.read_text("utf-8").splitlines(keepends=True):
        trial = json.loads(line)
        outcome = trial.get("outcome", {})
        yield {
            **_named(cell),
            "index": trial.get("index"),
            "proposal": trial.get("proposal"),
            "status": outcome.get("status"),
            "search": outcome.get("search"),
            "holdout": outcome.get("holdout"),
            "charged": trial.get("charged"),
            "spent": trial.get("spent"),
            "seconds": outcome.get("seconds"),
            "file": _inside(path, store),
            "text": line,
        }


def _named(cell: Cell) -> Entry:
    return {
        "fault": cell.fault,
        "technique": cell.technique,
        "budget": cell.budget,
        "repetition": cell.repetition,
        "seed": cell.seed,
    }


def _inside(path: Path, store: Store) -> str:
    return path.relative_to(store.root).as_posix()


def _write(path: Path, rows: Iterable[Entry]) -> int:
    """The table as a file; its size in bytes."""
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(
        pa.Table.from_pylist([dict(row) for row in rows]), path, compression="zstd",
        compression_level=19,
    )  # fmt: skip
    return path.stat().st_size


def _read(path: Path) -> list[Entry]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        found: list[Entry] = parquet.read_table(path).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise HarnessError(
            f"{path} cannot be read as a table of recorded runs: {error}. A folder of evidence "
            f"holds {', '.join(f'{name}.parquet' for name in TABLES)}"
        ) from None
    if any(not isinstance(row.get(name), str) for row in found for name in ("file", "text")):
        raise HarnessError(f"{path} is no table of recorded runs: it lacks the column file or text")
    return found
