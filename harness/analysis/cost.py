"""What a study will take: hours, GPU hours and disk, projected from stored runs and baselines.

A run lasts as long as its budget lets it train, and then as long as its trials need beyond that:
to be built, to be decided on, to be passed around and written. The first follows from T; the
second is read off stored runs, per technique. Then the runs are dealt to slots as a pool does.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from statistics import fmean

from harness.store import LOG, RUN, Cell, Store, read_json
from harness.vocabulary import HarnessError

BASELINE_PARTS = 2
"""Programs of a baseline, the faulty and the fixed one; both are taken to need T."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What one stored run took; seconds."""

    fault: str
    technique: str
    budget: float
    training_time: float
    trials: int
    training: float
    building: float
    search: float
    other: float
    bytes: int
    """Of the run's files."""
    began: float
    ended: float
    """As POSIX time."""
    continued: bool
    """Whether it was continued after a kill: its times then hold the break."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What the runs of a technique take on average."""

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
class Part:
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

    parts: Sequence[Part]
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
    return [_past(path) for path in sorted((store.root / "runs").glob(f"*/*/*/{RUN}"))]


def _past(path: Path) -> Past:
    record = read_json(path)
    try:
        cell, seconds = record["cell"], record["seconds"]
        parts = seconds["training"] + seconds["search"] + seconds["building"]
        began, ended = (datetime.fromisoformat(record[word]) for word in ("started", "ended"))
        return Past(
            fault=cell["fault"],
            technique=cell["technique"],
            budget=cell["budget"],
            training_time=record["training_time"],
            trials=record["trials"],
            training=seconds["training"],
            building=seconds["building"],
            search=seconds["search"],
            other=max(0.0, seconds["total"] - parts),
            bytes=sum((path.parent / name).stat().st_size for name in (LOG, RUN)),
            began=began.timestamp(),
            ended=ended.timestamp(),
            continued=record["continued_after"] > 0,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise HarnessError(f"{path} is no record of a run: {error!r}") from None


def rates(past: Iterable[Past]) -> dict[str, Rates]:
    """The rates of each technique. Every run weighs the same, every trial within a technique."""
    made: dict[str, Rates] = {}
    ordered = sorted((run for run in past if run.trials), key=lambda run: run.technique)
    for technique, group in groupby(ordered, key=lambda run: run.technique):
        runs = list(group)
        trials = sum(run.trials for run in runs)
        made[technique] = Rates(
            used=fmean(run.training / (run.budget * run.training_time) for run in runs),
            trials=fmean(run.trials / run.budget for run in runs),
            building=sum(run.building for run in runs) / trials,
            search=sum(run.search for run in runs) / trials,
            other=sum(run.other for run in runs) / trials,
            bytes=sum(run.bytes for run in runs) / trials,
        )
    return made


def packing(past: Sequence[Past]) -> float:
    """Share of the slots' time in which stored runs were under way, in (0, 1].

    The slots are as many as ever had a run at once. Runs that were continued do not count.
    """
    spans = [(run.began, run.ended) for run in past if not run.continued]
    if not spans:
        return 1.0
    moments = sorted([(a, 1) for a, _ in spans] + [(b, -1) for _, b in spans])
    under_way = most = 0
    for _, change in moments:
        under_way += change
        most = max(most, under_way)
    busy = sum(b - a for a, b in spans)
    whole = moments[-1][0] - moments[0][0]
    return min(1.0, busy / (most * whole)) if whole > 0 else 1.0


def project(
    cells: Sequence[Cell],
    training_times: Mapping[str, float],
    past: Sequence[Past],
    *,
    slots: int,
    seeds: int,
    confirmations: int,
) -> Projection:
    """What these runs will take from nothing, baselines and re-trainings included.

    Args:
        cells: Runs to be made, in the order in which they are dealt out.
        training_times: T of each fault, seconds, on the device that will be used.
        past: Stored runs. A technique without any is taken to be like all of them together.
        slots: Runs side by side.
        seeds: Trainings of each program in a baseline.
        confirmations: Re-trainings of each winner; each is taken to cost an average trial.
    """
    known = rates(past)
    if not known:
        raise HarnessError(
            "no stored run to learn from: what a trial costs beyond its training is read off "
            "finished runs. Make some first: make experiment PLAN=smoke"
        )
    average = Rates(**{n: fmean(getattr(r, n) for r in known.values()) for n in Rates.__slots__})
    of_cell = [_part(cell, training_times[cell.fault], known, average) for cell in cells]
    each = {fault: BASELINE_PARTS * seeds * training_times[fault] for fault in training_times}
    again = [
        confirmations * (part.training + part.building) / max(trials, 1.0)
        for part, trials, _ in of_cell
    ]
    share = packing(past)
    wall = sum(
        makespan(durations, slots) / share
        for durations in (list(each.values()), [part.total for part, _, _ in of_cell], again)
    )
    ordered = sorted((part for part, _, _ in of_cell), key=lambda part: part.technique)
    return Projection(
        parts=[
            _sum(technique, list(group))
            for technique, group in groupby(ordered, key=lambda part: part.technique)
        ],
        baselines=sum(each.values()),
        confirmations=sum(again),
        wall=wall,
        bytes=sum(size for _, _, size in of_cell),
        slots=slots,
    )


def _part(
    cell: Cell, training_time: float, known: Mapping[str, Rates], average: Rates
) -> tuple[Part, float, float]:
    """One run, its trials and its bytes."""
    rate = known.get(cell.technique, average)
    trials = rate.trials * cell.budget
    part = Part(
        technique=cell.technique,
        runs=1,
        training=rate.used * cell.budget * training_time,
        building=rate.building * trials,
        search=rate.search * trials,
        other=rate.other * trials,
    )
    return part, trials, rate.bytes * trials


def _sum(technique: str, parts: Sequence[Part]) -> Part:
    names = ("runs", "training", "building", "search", "other")
    return Part(technique=technique, **{n: sum(getattr(p, n) for p in parts) for n in names})


def makespan(durations: Iterable[float], slots: int) -> float:
    """When the last job ends if each slot takes the next one as soon as it is free.

    >>> makespan([3, 1, 1, 1], slots=2)
    3.0
    """
    free = [0.0] * slots
    for duration in durations:
        heapq.heappush(free, heapq.heappop(free) + duration)
    return max(free)
