"""From recorded runs and baselines to one row per cell.

A cell is one technique on one fault in one setting, over its repetitions. Every debatable choice is
a field of the protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from harness.analysis import statistics as stats
from harness.analysis.metrics import improvement_rate, stability
from harness.analysis.patches import patch_figures
from harness.analysis.protocols import Protocol
from harness.analysis.reference import (
    BaselineKey,
    exposure,
    gap_of,
    mean_of_faulty,
    mean_of_fixed,
    mean_or_none,
    metered,
    rounded,
    trained_faulty,
)
from harness.analysis.schemas import SCORES
from harness.analysis.score_columns import CELL_FIGURES
from harness.analysis.significance import DeclaredFamily, verdicts
from harness.analysis.winners import (
    comparison_values,
    confirmations,
    counted,
    mean_confirmed,
    winner,
)
from harness.records.baseline import Baseline
from harness.records.outcome import Trial
from harness.records.run import Run
from harness.vocabulary import METRICS, CellStatus, HarnessError, natural_order

Row = dict[str, Any]

DECLINED = (CellStatus.NOT_APPLICABLE, CellStatus.NO_SYMPTOM, CellStatus.TIMED_OUT)
"""Statuses of a run whose technique returned no result."""


SINGLE, AGAIN, BOTH = "single trainings", "means of re-trainings", "both"
"""What a standard deviation deviates."""


class CellKey(NamedTuple):
    """The key of a row of the scores; rows are sorted by its fields, in this order."""

    space: str
    data: str
    fraction: float
    clock: str
    budget: float
    fault: tuple[str, int]
    """The id as its letters and its number, so that D2 comes before D10."""
    technique: str

    @classmethod
    def of(cls, run: Run) -> CellKey:
        return cls(
            run.space,
            run.data,
            run.fraction,
            run.clock,
            run.budget,
            natural_order(run.fault),
            run.technique,
        )


def scores(
    runs: Iterable[Run],
    baselines: Mapping[BaselineKey, Baseline],
    protocol: Protocol,
    family: DeclaredFamily | None = None,
) -> pd.DataFrame:
    """One row per fault x technique x budget (and clock, space, data, fraction).

    Args:
        runs: In any order; the repetitions of a cell are taken by their number.
        baselines: The baseline of every fault, data variant and fraction that has runs.
        protocol: The choices of this analysis.
        family: The declared family of tests; by default the tests that can be made.

    Returns:
        A frame of the table ``SCORES``, sorted by setting, budget, fault and technique.

    Raises:
        HarnessError: If a baseline is missing, a repetition occurs twice, or runs and baseline
            are measured differently.
    """
    return SCORES.frame(verdicts(figures(runs, baselines, protocol), protocol, family))


def figures(
    runs: Iterable[Run], baselines: Mapping[BaselineKey, Baseline], protocol: Protocol
) -> list[Row]:
    """The rows of :func:`scores` before :func:`verdicts`: figures that need one cell alone."""
    ordered = sorted(runs, key=lambda run: (CellKey.of(run), run.repetition))
    rows = []
    for _, group in groupby(ordered, key=CellKey.of):
        cell = list(group)
        rows.append(_row(cell, _baseline_of(cell, baselines), protocol))
    return rows


def _baseline_of(cell: Sequence[Run], baselines: Mapping[BaselineKey, Baseline]) -> Baseline:
    """The baseline of a cell's runs.

    Raises:
        HarnessError: If there is none, a repetition occurs twice, or the metrics differ.
    """
    first = cell[0]
    where = f"{first.technique} on {first.fault} at budget {first.budget:g}"
    key = (first.fault, first.data, first.fraction)
    if key not in baselines:
        raise HarnessError(
            f"no baseline for fault '{first.fault}' with data '{first.data}' and fraction "
            f"{first.fraction:g}, which {where} needs. Found: {len(baselines)} baselines"
        )
    baseline = baselines[key]
    numbers = [run.repetition for run in cell]
    if twice := sorted({n for n in numbers if numbers.count(n) > 1}):
        raise HarnessError(f"{where}: repetition {twice[0]} occurs {numbers.count(twice[0])} times")
    if odd := {run.metric for run in cell} - {baseline.metric}:
        raise HarnessError(
            f"{where} is measured by {', '.join(sorted(odd))}, its baseline by {baseline.metric}"
        )
    return baseline


def _row(cell: Sequence[Run], baseline: Baseline, protocol: Protocol) -> Row:
    first = cell[0]
    is_exposed = exposure(baseline, protocol).exposed
    row: Row = {
        "fault": first.fault,
        "technique": first.technique,
        "budget": first.budget,
        "clock": first.clock,
        "protocol": protocol.name,
        "space": first.space,
        "data": first.data,
        "fraction": first.fraction,
        "metric": baseline.metric,
        "n": len(cell),
        "n_baseline": len(baseline.faulty_holdout) + baseline.faulty_unjudged,
        "faulty_mean": mean_of_faulty(baseline),
        "fix_mean": mean_of_fixed(baseline),
        "training_time": baseline.seconds_by(first.clock),
        "exposed": is_exposed,
    }
    best = [winner(run, protocol) for run in cell]
    results = [counted(*pair, baseline, protocol) for pair in zip(best, cell, strict=True)]
    if all(run.status in DECLINED for run in cell):
        row |= _undone(first, protocol)
        results = [replace(r, no_patch=False) for r in results]  # it made no attempt
    else:
        tested = results
        if baseline.faulty_mean is not None:
            by_list = replace(baseline, faulty_mean=None)
            pairs = zip(best, cell, strict=True)
            tested = [counted(*pair, by_list, protocol) for pair in pairs]
        row |= _performance([r.value for r in results], baseline, protocol)
        row |= _deviations(best, cell, baseline, protocol)
        row |= _tests(comparison_values(tested, baseline), baseline, protocol)
    if protocol.ir_needs_exposure and not is_exposed:
        row |= {"ir": None, "ir_low": None, "ir_high": None}
    row |= patch_figures(cell, results, protocol)
    row |= {name: figure(cell, results) for name, figure in CELL_FIGURES.items()}
    row |= _confirmed(cell, best, baseline)
    row["status"] = _status(row, cell, protocol)
    return row


def _undone(run: Run, protocol: Protocol) -> Row:
    """Figures of a technique that declined: all missing but, if the protocol says so, the rate."""
    untested = {"p_exact": False}
    missing = (
        "mean",
        "std",
        "std_of",
        "std_single",
        "std_confirmed",
        "p_wilcoxon",
        "p_mannwhitney",
        "a12",
        "ir_low",
        "ir_high",
    )
    said = run.status == CellStatus.NO_SYMPTOM
    return untested | dict.fromkeys(missing) | {"ir": protocol.no_symptom_ir if said else None}


def _performance(values: Sequence[float | None], baseline: Baseline, protocol: Protocol) -> Row:
    """Mean, deviation and improvement rate of the runs.

    A run without a value counts as the worst one.
    """
    numbers = metered(values, baseline)
    return {
        "mean": mean_or_none(numbers),
        "std": stability(numbers, protocol.ddof),
        **_improvement(baseline, rounded(numbers, protocol), protocol),
    }


def _deviations(
    best: Sequence[Trial | None], cell: Sequence[Run], baseline: Baseline, protocol: Protocol
) -> Row:
    """What the standard deviation deviates, and both that it could.

    The mean of k re-trainings varies less than one training, by up to the root of k.
    """
    pairs = list(zip(best, cell, strict=True))
    found: Row = {}
    for name, counts in (("std_single", False), ("std_confirmed", True)):
        choice = replace(protocol, confirmed_counts=counts)
        values = [counted(*pair, baseline, choice).value for pair in pairs]
        found[name] = stability(metered(values, baseline), protocol.ddof)
    again = [
        bool(confirmations(row, run))
        for row, run in pairs
        if counted(row, run, baseline, protocol).patch is not None
    ]
    if not all(again):
        found["std_confirmed"] = None
    if not protocol.confirmed_counts or not any(again):
        return found | {"std_of": SINGLE}
    return found | {"std_of": AGAIN if all(again) else BOTH}


def _tests(values: Sequence[float], baseline: Baseline, protocol: Protocol) -> Row:
    """Tests of the runs against the trainings of the faulty program."""
    metric = METRICS[baseline.metric]
    ranked = rounded(values, protocol)
    faulty = [*rounded(baseline.faulty_holdout, protocol)]
    faulty += [metric.nothing] * baseline.faulty_unjudged
    return {
        "p_wilcoxon": stats.wilcoxon(faulty, ranked, ties=protocol.ties),
        "p_mannwhitney": stats.mann_whitney(faulty, ranked, ties=protocol.ties),
        "p_exact": protocol.ties == "counted"
        and stats.rank_sum_is_exact(len(faulty), len(ranked))
        and stats.signed_rank_is_exact(len(faulty)),
        "a12": stats.vargha_delaney(ranked, faulty, higher_is_better=metric.higher_is_better),
    }


def _improvement(baseline: Baseline, patched: Sequence[float], protocol: Protocol) -> Row:
    """The improvement rate and its interval; missing without a gap, see :func:`gap_of`."""
    known_fixed = baseline.fixed_mean
    faulty = trained_faulty(baseline) if baseline.faulty_mean is None else [baseline.faulty_mean]
    fixed = baseline.fixed_holdout if known_fixed is None else [known_fixed]
    if gap_of(baseline, protocol) is None or not patched:
        return {"ir": None, "ir_low": None, "ir_high": None}
    low, high = stats.bootstrap_interval(
        _improvement_rates,
        [faulty, patched, fixed],
        resamples=protocol.bootstrap_resamples,
        seed=protocol.bootstrap_seed,
    )
    return {"ir": improvement_rate(faulty, patched, fixed), "ir_low": low, "ir_high": high}


def _improvement_rates(
    faulty: stats.Floats, patched: stats.Floats, fixed: stats.Floats
) -> stats.Floats:
    """:func:`improvement_rate` of many resamples, one a row; infinite without a gap."""
    gap = fixed.mean(axis=-1) - faulty.mean(axis=-1)
    return np.asarray((patched.mean(axis=-1) - faulty.mean(axis=-1)) / gap)


def _confirmed(cell: Sequence[Run], best: Sequence[Trial | None], baseline: Baseline) -> Row:
    """Figures of the winners' re-trainings; ``best`` holds the winner of each run."""
    again = [(confirmations(row, run), run) for row, run in zip(best, cell, strict=True)]
    values = [mean_confirmed(trainings, run) for trainings, run in again if trainings]
    return {"n_confirmed": len(values), "confirmed_mean": mean_or_none(metered(values, baseline))}


def _status(row: Row, cell: Sequence[Run], protocol: Protocol) -> str:
    """The first that applies of: not exposed, declined by the technique, timed out, no better."""
    if protocol.ir_needs_exposure and not row["exposed"]:
        return CellStatus.NOT_EXPOSED.value
    if all(run.status in DECLINED for run in cell):
        return cell[0].status
    if row["unjudged"] == row["n"]:
        return CellStatus.TIMED_OUT.value
    if row["unjudged"] + row["no_better"] == row["n"]:
        return CellStatus.NO_BETTER.value
    return CellStatus.OK.value
