"""What a technique has reached at every budget, read off its recorded runs.

A run at the largest budget answers all smaller ones: at budget b counts what the trials amount to
that had ended when b times T were spent. A training under way at that moment counts for nothing,
though a run of budget b would have judged it with the epochs it reached: the curve is a lower
bound between the ends of two trials.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.analysis.across import across_faults, drawn_runs, ends
from harness.analysis.protocols import Protocol
from harness.analysis.runset import RunSet
from harness.analysis.schemas import ANYTIME, AREAS, PROGRESS, TARGETS
from harness.analysis.statistics import Floats
from harness.analysis.winners import counted, may_win
from harness.records.baseline import Baseline
from harness.records.run import Run
from harness.vocabulary import METRICS

IR_TARGETS = (0.25, 0.5, 0.75, 1.0)
"""Improvement rates whose cost is reported: shares of the way from the fault to the fix."""


class CurveStep(NamedTuple):
    """From a moment on, a run has this value."""

    at: float
    """Budget spent, as a multiple of T."""
    value: float | None
    """Holdout metric that counts; None where the protocol ranks a run worst that judged nothing."""


def trajectory(run: Run, baseline: Baseline, protocol: Protocol) -> list[CurveStep]:
    """The best so far by the search metric, as the holdout metric sees it.

    Of a technique that says which proposal it would return, that one.

    Returns:
        The start at 0, where nothing is judged, then one step for every trial that took over. The
        last value is that of the
        whole run, as its winner was trained there: re-trainings do not count, since few steps have
        any. Values need not improve: a technique does not see the holdout part.
    """
    protocol = replace(protocol, confirmed_counts=False)
    unit = run.unit or baseline.training_time
    metric = METRICS[baseline.metric]
    steps = [CurveStep(0.0, counted(None, run, baseline, protocol).value)]
    best = math.inf
    eligible = {row.proposal: row for row in run.trials if may_win(row, run, protocol)}
    after = [*(row.choice for row in run.trials[1:]), run.choice]
    chosen: int | None = None
    for row, choice in zip(run.trials, after, strict=False):
        at = min(row.spent / unit, run.budget)
        if run.choice is not None:
            if choice != chosen and choice in eligible:
                chosen = choice
                steps.append(
                    CurveStep(at, counted(eligible[choice], run, baseline, protocol).value)
                )
        elif (
            row.search is not None
            and may_win(row, run, protocol)
            and metric.loss(row.search) < best
        ):
            best = metric.loss(row.search)
            steps.append(CurveStep(at, counted(row, run, baseline, protocol).value))
    return steps


def budgets(study: RunSet) -> Floats:
    """Every whole budget from 1 to the study's own."""
    return np.arange(1, max(math.floor(study.budget), 1) + 1, dtype=float)


def curves(study: RunSet, fault: str, technique: str) -> Floats:
    """The value of each run at each of :func:`budgets`, of shape (runs, budgets).

    Where the protocol ranks a run worst that has judged nothing, it stands at minus infinity, or
    infinity if lower is better.
    """
    return _curves(study, fault, technique)[0]


def _curves(study: RunSet, fault: str, technique: str) -> tuple[Floats, NDArray[np.int64]]:
    """:func:`curves`, and how many steps each run has made by then: 0 if nothing is judged."""
    base = study.baseline(fault)
    nothing = METRICS[base.metric].nothing
    grid = budgets(study)
    rows, numbers = [], []
    for run in study.cell(fault, technique):
        steps = trajectory(run, base, study.protocol)
        reached = np.array([nothing if step.value is None else step.value for step in steps])
        number = np.searchsorted([step.at for step in steps], grid, side="right") - 1
        rows.append(reached[number])
        numbers.append(number)
    shape = (-1, len(grid))
    return np.array(rows).reshape(shape), np.array(numbers, dtype=np.int64).reshape(shape)


@lru_cache(maxsize=8)
def anytime(study: RunSet) -> pd.DataFrame:
    """Median best-so-far of every fault and technique: a frame of the table ``ANYTIME``.

    The interval is a percentile bootstrap of the median over the runs. A median is missing while
    half of the runs have nothing to show.
    """
    rows = []
    rng = _rng(study)
    for fault in study.faults:
        gap = study.gap(fault)
        for technique in study.techniques:
            if not study.cell(fault, technique):
                continue
            values, steps = _curves(study, fault, technique)
            low, high = ends(_medians(values, study, rng))
            columns = {"median": _medial(values, axis=0), "low": low, "high": high}
            for number, at in enumerate(budgets(study)):
                row = {name: _finite(column[number]) for name, column in columns.items()}
                rows.append(
                    {
                        "fault": fault,
                        "technique": technique,
                        "budget": float(at),
                        "n": len(values),
                        "judged": int((steps[:, number] > 0).sum()),
                        **row,
                        "ir_median": _rate(row["median"], gap),
                    }
                )
    return ANYTIME.frame(rows)


@lru_cache(maxsize=8)
def progress(study: RunSet) -> pd.DataFrame:
    """Median improvement rate over the faults at every budget: a frame of ``PROGRESS``.

    Of each fault the median over its runs counts. Only faults that all techniques have runs of,
    and that have an improvement rate, take part. The interval draws subjects, faults and runs.
    """
    rows = []
    rng = _rng(study)
    subjects = [study.subject(fault) for fault in study.rated]
    for technique in study.techniques:
        rates = [_rates(study, fault, technique) for fault in study.rated]
        if not rates:
            continue
        drawn = [_medians(of_fault, study, rng) for of_fault in rates]
        low, high = ends(across_faults(drawn, subjects, _medial, rng))
        middle = _medial(np.array([_medial(of_fault) for of_fault in rates]))
        for number, at in enumerate(budgets(study)):
            rows.append(
                {
                    "technique": technique,
                    "budget": float(at),
                    "faults": len(rates),
                    "ir": _finite(middle[number]),
                    "ir_low": _finite(low[number]),
                    "ir_high": _finite(high[number]),
                }
            )
    return PROGRESS.frame(rows)


def area(rates: Floats) -> Floats:
    """Area under best-so-far curves: the mean share of the gap closed, over all budgets.

    Args:
        rates: Improvement rates of shape (..., budgets); minus infinity where nothing is judged.

    Returns:
        In [0, 1], of shape (...): 1 if the fix's level is there from the first budget on, 0 if
        the faulty program is never beaten. Rates count as 0 below 0 and as 1 above 1, for every
        technique alike.

    >>> float(area(np.array([-np.inf, 0.5, 1.5, 1.0])))
    0.625
    """
    return np.asarray(np.clip(rates, 0, 1).mean(axis=-1))


def run_areas(study: RunSet, fault: str, technique: str) -> Floats:
    """:func:`area` of each run."""
    return area(_rates(study, fault, technique))


@lru_cache(maxsize=8)
def areas(study: RunSet) -> pd.DataFrame:
    """:func:`area` of every fault and technique, mean over the runs: a frame of ``AREAS``."""
    rows = []
    rng = _rng(study)
    for fault in study.faults:
        if study.gap(fault) is None:
            continue
        for technique in study.techniques:
            if not study.cell(fault, technique):
                continue
            found = run_areas(study, fault, technique)
            low, high = ends(
                drawn_runs(found, study.protocol.bootstrap_resamples, rng).mean(axis=1)
            )
            rows.append(
                {
                    "fault": fault,
                    "technique": technique,
                    "budget": study.budget,
                    "n": len(found),
                    "area": float(found.mean()),
                    "area_low": float(low),
                    "area_high": float(high),
                }
            )
    return AREAS.frame(rows)


def first_hits(study: RunSet, fault: str, technique: str, target: float) -> Floats:
    """When each run first stands at an improvement rate of ``target`` or more.

    Returns:
        Budget spent, as a multiple of T; infinity for a run that never does.
    """
    base = study.baseline(fault)
    found = []
    for run in study.cell(fault, technique):
        steps = [s for s in trajectory(run, base, study.protocol) if s.value is not None]
        rates = study.rate(fault, [s.value for s in steps if s.value is not None])
        reached = [s.at for s, rate in zip(steps, rates, strict=True) if rate >= target]
        found.append(min(reached, default=math.inf))
    return np.array(found)


def expected_running_time(hits: Floats, budget: float) -> float:
    """What it costs on average to reach a target once, restarting after every failure.

    Args:
        hits: When each run reached it, infinity for those that did not.
        budget: What a run without success has spent.

    Returns:
        In the unit of the arguments: all that was spent until success or in vain, per success.
        Infinity without any success.

    Source: Hansen et al., COCO, Optimization Methods and Software 36 (2021), expected runtime.

    >>> expected_running_time(np.array([4.0, np.inf]), 20)
    24.0
    """
    successes = int(np.isfinite(hits).sum())
    return float(np.minimum(hits, budget).sum() / successes) if successes else math.inf


@lru_cache(maxsize=8)
def targets(study: RunSet) -> pd.DataFrame:
    """Successes and expected running time per fault, technique and target: ``TARGETS``."""
    rows = []
    for fault in study.faults:
        if study.gap(fault) is None:
            continue
        for technique in study.techniques:
            for target in IR_TARGETS:
                hits = first_hits(study, fault, technique, target)
                if not len(hits):
                    continue
                rows.append(
                    {
                        "fault": fault,
                        "technique": technique,
                        "target": target,
                        "n": len(hits),
                        "reached": int(np.isfinite(hits).sum()),
                        "running_time": expected_running_time(hits, study.budget),
                    }
                )
    return TARGETS.frame(rows)


def reached(study: RunSet, technique: str, target: float | None, grid: Floats) -> Floats:
    """ECDF: the share of (run, target) pairs that are reached within each budget.

    Args:
        target: One improvement rate; None pools those of ``IR_TARGETS``.
        grid: Budgets, as multiples of T.

    Returns:
        In [0, 1]; every fault of ``study.rated`` weighs the same.
    """
    wanted = IR_TARGETS if target is None else (target,)
    shares = [
        (first_hits(study, fault, technique, one)[:, None] <= grid).mean(axis=0)
        for fault in study.rated
        for one in wanted
    ]
    return np.asarray(np.mean(shares, axis=0))


def _rng(study: RunSet) -> np.random.Generator:
    return np.random.default_rng(study.protocol.bootstrap_seed)


def _rates(study: RunSet, fault: str, technique: str) -> Floats:
    """Improvement rate of each run at each budget; minus infinity where nothing is judged."""
    values = curves(study, fault, technique)
    judged = np.isfinite(values)
    rates = np.full(values.shape, -math.inf)
    rates[judged] = study.rate(fault, list(values[judged]))
    return rates


def _medial(values: Floats, axis: int = 0) -> Floats:
    """The median; where it falls between infinity and a number, infinity."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.median(values, axis=axis))


def _medians(values: Floats, study: RunSet, rng: np.random.Generator) -> Floats:
    return _medial(drawn_runs(values, study.protocol.bootstrap_resamples, rng), axis=1)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _rate(value: float | None, gap: tuple[float, float] | None) -> float | None:
    return None if value is None or gap is None else (value - gap[0]) / (gap[1] - gap[0])
