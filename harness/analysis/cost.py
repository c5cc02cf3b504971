"""What a study will take: hours, GPU hours and disk, projected from stored runs and baselines.

A run lasts as long as its budget lets it train, and then as long as its trials need beyond that:
to be built, to be decided on, to be passed around and written. The first follows from T; the
second is read off stored runs. Then the runs are dealt to slots as a pool does. What runs side by
side cost each other is in the times of stored runs, if these were made side by side, too.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from statistics import fmean

from harness.records.cell import Cell
from harness.records.log import LOG
from harness.records.run_record import RUN, RunRecord
from harness.records.store import Store
from harness.vocabulary import HarnessError

BASELINE_PARTS = 2
"""Programs of a baseline, the faulty and the fixed one; both are taken to need T."""

START = 25.0
"""Seconds from a command to its first training (docs/performance.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What one stored run took; seconds."""

    fault: str
    technique: str
    repetition: int
    budget: float
    training_time: float
    trials: int
    training: float
    building: float
    search: float
    other: float
    bytes: int
    """Of the run's files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What runs take on average."""

    used: float
    """Seconds trained, as a share of budget times T."""
    trials: float
    """Per T of budget."""
    building: float
    """Seconds per trial, as are the next two."""
    search: float
    other: float
    bytes: float
    """Per trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPart:
    """The runs of one technique, all faults together; seconds of one slot."""

    technique: str
    runs: int
    training: float
    building: float
    search: float
    other: float

    @property
    def total(self) -> float:
        return self.training + self.building + self.search + self.other


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """What a plan will take."""

    parts: Sequence[CostPart]
    baselines: float
    """Seconds of one slot."""
    confirmations: float
    """Likewise."""
    wall: float
    """Seconds from beginning to end on all slots."""
    bytes: float
    slots: int


def past_runs(store: Store) -> list[Past]:
    """What the stored runs took, in no fixed order."""
    return [_past(record, store.folder(record.cell)) for record in store.records()]


def _past(record: RunRecord, folder: Path) -> Past:
    cell, seconds = record.cell, record.seconds
    parts = seconds.training + seconds.search + seconds.building
    return Past(
        fault=cell.fault,
        technique=cell.technique,
        repetition=cell.repetition,
        budget=cell.budget,
        training_time=record.training_time,
        trials=record.trials,
        training=seconds.training,
        building=seconds.building,
        search=seconds.search,
        other=max(0.0, seconds.total - parts),
        bytes=sum(
            (folder / name).stat().st_size for name in (LOG, RUN) if (folder / name).exists()
        ),
    )


def rates(runs: Sequence[Past]) -> Rates:
    """What these runs, at least one with a trial among them, took on average."""
    trials = sum(run.trials for run in runs)
    return Rates(
        used=fmean(run.training / (run.budget * run.training_time) for run in runs),
        trials=fmean(run.trials / run.budget for run in runs),
        building=sum(run.building for run in runs) / trials,
        search=sum(run.search for run in runs) / trials,
        other=sum(run.other for run in runs) / trials,
        bytes=sum(run.bytes for run in runs) / trials,
    )


def nearest(fault: str, technique: str, past: Sequence[Past]) -> Sequence[Past]:
    """The runs to learn from: of this fault and technique, else of the technique, else all.

    What a trial needs to be built depends on the program, what it takes to decide on it on the
    technique: a fault with runs of its own is projected far better than one without.
    """
    of_technique = [run for run in past if run.technique == technique]
    return [run for run in of_technique if run.fault == fault] or of_technique or past


def project(
    cells: Sequence[Cell],
    training_times: Mapping[str, float],
    past: Sequence[Past],
    *,
    slots: int,
    seeds: Mapping[str, int],
    confirmations: int,
) -> Projection:
    """What these runs will take from nothing: starting, baselines and re-trainings included.

    Args:
        cells: Runs to be made, in the order in which they are dealt out.
        training_times: T of each fault, seconds, on the device that will be used.
        past: Stored runs; those without a trial say nothing. See :func:`nearest`.
        slots: Runs side by side.
        seeds: Trainings of each program in the baseline of each fault.
        confirmations: Re-trainings of each winner; each is taken to cost an average trial.
    """
    finished = [run for run in past if run.trials]
    if not finished:
        raise HarnessError(
            "no stored run to learn from: what a trial costs beyond its training is read off "
            "finished runs. Make some first, best of the same plan: make experiment REPEATS=1"
        )
    rate = cache(lambda fault, technique: rates(nearest(fault, technique, finished)))
    of_cell = [
        _part(cell, training_times[cell.fault], rate(cell.fault, cell.technique)) for cell in cells
    ]
    each = [BASELINE_PARTS * seeds[fault] * training_times[fault] for fault in training_times]
    again = [
        confirmations * (part.training + part.building) / max(trials, 1.0)
        for part, trials, _ in of_cell
    ]
    jobs = (each, [part.total for part, _, _ in of_cell], again)
    wall = START + sum(makespan(durations, slots) for durations in jobs)
    ordered = sorted((part for part, _, _ in of_cell), key=lambda part: part.technique)
    return Projection(
        parts=[
            _sum(technique, list(group))
            for technique, group in groupby(ordered, key=lambda part: part.technique)
        ],
        baselines=sum(each),
        confirmations=sum(again),
        wall=wall,
        bytes=sum(size for _, _, size in of_cell),
        slots=slots,
    )


def _part(cell: Cell, training_time: float, rate: Rates) -> tuple[CostPart, float, float]:
    """One run, its trials and its bytes."""
    trials = rate.trials * cell.budget
    part = CostPart(
        technique=cell.technique,
        runs=1,
        training=rate.used * cell.budget * training_time,
        building=rate.building * trials,
        search=rate.search * trials,
        other=rate.other * trials,
    )
    return part, trials, rate.bytes * trials


def _sum(technique: str, parts: Sequence[CostPart]) -> CostPart:
    names = ("runs", "training", "building", "search", "other")
    return CostPart(technique=technique, **{n: sum(getattr(p, n) for p in parts) for n in names})


def makespan(durations: Iterable[float], slots: int) -> float:
    """When the last job ends if each slot takes the next one as soon as it is free.

    >>> makespan([3, 1, 1, 1], slots=2)
    3.0
    """
    free = [0.0] * slots
    for duration in durations:
        heapq.heappush(free, heapq.heappop(free) + duration)
    return max(free)
