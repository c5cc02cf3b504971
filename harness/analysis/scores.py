"""From recorded runs and baselines to one row per cell, and from those to one row per technique.

A cell is one technique on one fault in one setting, over its repetitions. What is debatable about
the way is a field of the protocol.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean, median
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from harness import stats
from harness.analysis.metrics import (
    asymmetric_jaccard_as_defined,
    asymmetric_jaccard_as_published,
    complexity,
    improvement_rate,
    stability,
)
from harness.analysis.protocols import Protocol
from harness.operators import operator_of
from harness.tables import SCORES, SUMMARY, Baseline, Run, RunRow, changed
from harness.vocabulary import (
    METRICS,
    CellStatus,
    Configuration,
    HarnessError,
    Metric,
    TrialStatus,
)

Row = dict[str, Any]

BaselineKey = tuple[str, str, float]
"""Fault, data variant and fraction of the training data: what a baseline belongs to."""

SETTING = ["budget", "clock", "protocol", "space", "data", "fraction"]
"""The columns in which the cells of one table, and of one family of tests, agree."""

DECLINED = (CellStatus.NOT_APPLICABLE, CellStatus.NO_SYMPTOM)
"""What a technique may say instead of searching."""


class Cell(NamedTuple):
    """What the rows of the scores are about; the order of the fields is that of the rows."""

    space: str
    data: str
    fraction: float
    clock: str
    budget: float
    fault: tuple[str, int]
    """The id as its letters and its number, so that D2 comes before D10."""
    technique: str

    @classmethod
    def of(cls, run: Run) -> Cell:
        head, number = re.fullmatch(r"(.*?)(\d*)", run.fault, re.DOTALL).groups()  # type: ignore[union-attr]
        return cls(
            run.space,
            run.data,
            run.fraction,
            run.clock,
            run.budget,
            (head, int(number or 0)),
            run.technique,
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What one run amounts to under a protocol."""

    value: float | None
    """Holdout metric that counts for the run; None if it ranks worst for want of a judged trial."""
    patch: Configuration | None
    """The winner's configuration; None if there is no winner or the faulty program took over."""
    judged: bool
    """Whether any trial could win."""
    better: bool
    """Whether the winner beats the median faulty training on the search part."""


def winner(run: Run, protocol: Protocol) -> RunRow | None:
    """The best judged trial of a run by the search metric, the first one on ties.

    It may well be worse than the faulty program. None if no trial may win.
    """
    metric = METRICS[run.metric]
    candidates = [row for row in run.trials if _may_win(row, protocol)]
    return min(candidates, key=lambda row: metric.loss(_search(row)), default=None)


def _may_win(row: RunRow, protocol: Protocol) -> bool:
    if row.search is None or row.holdout is None:
        return False
    if protocol.skip_first_trial and row.proposal == 0:
        return False
    if row.status is TrialStatus.CUT:
        return protocol.cut_may_win
    return row.fidelity == 1 or protocol.partial_may_win


def _search(row: RunRow) -> float:
    assert row.search is not None
    return row.search


def result(run: Run, baseline: Baseline, protocol: Protocol) -> Result:
    """What ``run`` amounts to: its winner, or what the protocol puts in its place."""
    metric = METRICS[run.metric]
    faulty_mean = _mean(baseline.faulty_holdout)
    best = winner(run, protocol)
    if best is None or best.holdout is None:
        value = faulty_mean if protocol.unjudged == "faulty_mean" else None
        return Result(value, None, judged=False, better=False)
    better = not baseline.faulty_search or metric.better(
        _search(best), median(baseline.faulty_search)
    )
    if (
        protocol.fall_back_to_faulty
        and faulty_mean is not None
        and metric.better(faulty_mean, best.holdout)
    ):
        return Result(faulty_mean, None, judged=True, better=better)
    return Result(best.holdout, best.configuration, judged=True, better=better)


class Exposure(NamedTuple):
    """How well the baseline tells the fixed program from the faulty one."""

    p: float | None
    """Two-sided Mann-Whitney p-value on the holdout metric; None without judged trainings."""
    a12: float | None
    """Chance that a fixed training is better than a faulty one; None likewise."""
    exposed: bool


def exposure(baseline: Baseline, protocol: Protocol) -> Exposure:
    """Whether the trainings of the fixed program are really better than those of the faulty one.

    Mann-Whitney and A12 on the holdout metric, with the protocol's bounds. Trainings that diverged
    or crashed rank worst.
    """
    up = METRICS[baseline.metric].higher_is_better
    faulty = _with_worst(baseline.faulty_holdout, baseline.faulty_unjudged, up)
    fixed = _with_worst(baseline.fixed_holdout, baseline.fixed_unjudged, up)
    p = stats.mann_whitney(faulty, fixed)
    a12 = stats.vargha_delaney(fixed, faulty, higher_is_better=up)
    if p is None or a12 is None:
        return Exposure(p, a12, exposed=False)
    shows = p < protocol.exposure_alpha and a12 >= protocol.exposure_a12
    return Exposure(p, a12, exposed=shows)


def _with_worst(values: Sequence[float], unjudged: int, higher_is_better: bool) -> list[float]:
    """The values, with as many below all others as there are trainings without one."""
    return [*values, *[-math.inf if higher_is_better else math.inf] * unjudged]


def scores(
    runs: Iterable[Run], baselines: Mapping[BaselineKey, Baseline], protocol: Protocol
) -> pd.DataFrame:
    """One row per fault x technique x budget (and clock, space, data, fraction).

    Args:
        runs: In any order; the repetitions of a cell are taken by their number.
        baselines: The baseline of every fault, data variant and fraction that has runs.
        protocol: The choices of this analysis.

    Returns:
        A frame of the table ``SCORES``, sorted by setting, budget, fault and technique.

    Raises:
        HarnessError: If a baseline is missing, a repetition occurs twice, or runs and baseline
            are measured differently.
    """
    ordered = sorted(runs, key=lambda run: (Cell.of(run), run.repetition))
    rows = []
    for _, group in groupby(ordered, key=Cell.of):
        cell = list(group)
        rows.append(_row(cell, _baseline_of(cell, baselines), protocol))
    _adjust(rows)
    for row in rows:
        row["significant"] = _significant(row, protocol)
        row["repaired"] = row["significant"] and row["a12"] >= protocol.repaired_a12
    return SCORES.frame(rows)


def _baseline_of(cell: Sequence[Run], baselines: Mapping[BaselineKey, Baseline]) -> Baseline:
    """The baseline of a cell's runs, once they have been found to fit together."""
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
        "faulty_mean": _mean(_metered_faulty(baseline)),
        "fix_mean": _mean(baseline.fixed_holdout),
        "training_time": baseline.training_time,
        "exposed": is_exposed,
    }
    results = [result(run, baseline, protocol) for run in cell]
    declined = all(run.status in DECLINED for run in cell)
    row |= _undone(first, protocol) if declined else _performance(results, baseline, protocol)
    if protocol.ir_needs_exposure and not is_exposed:
        row |= {"ir": None, "ir_low": None, "ir_high": None}
    row |= _patches(cell, results, protocol)
    row |= _cost(cell)
    row["no_better"] = sum(r.judged and not r.better for r in results)
    row["unjudged"] = sum(not r.judged for r in results)
    confirmed = [fmean(run.confirmed) for run in cell if run.confirmed]
    row |= {"n_confirmed": len(confirmed), "confirmed_mean": _mean(confirmed)}
    row["status"] = _status(row, cell, protocol)
    return row


def _undone(run: Run, protocol: Protocol) -> Row:
    """The figures of a technique that declined: none, but perhaps an improvement rate."""
    missing = ("mean", "std", "p_wilcoxon", "p_mannwhitney", "a12", "ir_low", "ir_high")
    said = run.status == CellStatus.NO_SYMPTOM
    return dict.fromkeys(missing) | {"ir": protocol.no_symptom_ir if said else None}


def _performance(results: Sequence[Result], baseline: Baseline, protocol: Protocol) -> Row:
    """What the runs reach, and how that compares with the faulty and the fixed program.

    Ranks see a run without a judged trial as worse than everything, means as the worst value.
    """
    metric = METRICS[baseline.metric]
    values = [r.value for r in results]
    metered = _metered(values, baseline, metric)
    below_all = -math.inf if metric.higher_is_better else math.inf
    ranked = _rounded([below_all if v is None else v for v in values], protocol)
    trained = _with_worst(
        baseline.faulty_holdout, baseline.faulty_unjudged, metric.higher_is_better
    )
    faulty = _rounded(trained, protocol)
    return {
        "mean": _mean(metered),
        "std": stability(metered, protocol.ddof),
        "p_wilcoxon": stats.wilcoxon(faulty, ranked, ties=protocol.ties),
        "p_mannwhitney": stats.mann_whitney(faulty, ranked),
        "a12": stats.vargha_delaney(ranked, faulty, higher_is_better=metric.higher_is_better),
        **_improvement(baseline, _rounded(metered, protocol), protocol),
    }


def _metered(values: Sequence[float | None], baseline: Baseline, metric: Metric) -> list[float]:
    """The values with a number in place of those that rank worst.

    That is the metric's worst value; without such a bound, the worst value seen in the cell or in
    the trainings of the faulty program. None can be named if nothing was ever judged.
    """
    judged = [v for v in values if v is not None]
    worst = metric.worst
    if worst is None and (seen := [*judged, *baseline.faulty_holdout]):
        worst = max(seen, key=metric.loss)
    return judged + [worst] * (len(values) - len(judged)) if worst is not None else judged


def _metered_faulty(baseline: Baseline) -> list[float]:
    """The trainings of the faulty program, likewise."""
    values = [*baseline.faulty_holdout, *[None] * baseline.faulty_unjudged]
    return _metered(values, baseline, METRICS[baseline.metric])


def _improvement(baseline: Baseline, patched: Sequence[float], protocol: Protocol) -> Row:
    """The improvement rate and its interval; missing without a gap."""
    faulty, fixed = _metered_faulty(baseline), baseline.fixed_holdout
    if not (faulty and fixed and patched) or fmean(faulty) == fmean(fixed):
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


def _patches(cell: Sequence[Run], results: Sequence[Result], protocol: Protocol) -> Row:
    """What the patches change, and what the fix changes. A run without a patch has no say."""
    faulty, fixed = cell[0].faulty, cell[0].fixed
    patches = [r.patch for r in results if r.patch is not None]
    defined = [asymmetric_jaccard_as_defined(faulty, fixed, patch) for patch in patches]
    published = [asymmetric_jaccard_as_published(faulty, fixed, patch) for patch in patches]
    return {
        "patches": len(patches),
        "complexity_mean": _mean([complexity(faulty, patch) for patch in patches]),
        "fix_complexity": _fix_complexity(faulty, fixed, protocol),
        "aj_as_defined_mean": _mean([aj for aj in defined if aj is not None]),
        "aj_as_published_mean": _mean(published),
    }


def _fix_complexity(faulty: Configuration, fixed: Configuration, protocol: Protocol) -> float:
    share = complexity(faulty, fixed)
    if share == 0 and changed(faulty, fixed) and protocol.unreachable_fix_counts_one:
        return 1 / sum(operator_of(name) is not None for name in faulty)
    return share


def _cost(cell: Sequence[Run]) -> Row:
    """Mean number of configurations and mean seconds per run."""
    training = fmean(run.training_seconds for run in cell)
    search = fmean(run.search_seconds for run in cell)
    return {
        "trials_mean": fmean(len({row.proposal for row in run.trials}) for run in cell),
        "training_seconds": training,
        "search_seconds": search,
        "other_seconds": fmean(run.total_seconds for run in cell) - training - search,
    }


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


def _adjust(rows: Sequence[Row]) -> None:
    """Holm over the cells of one budget; one family per setting."""
    families: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        families.setdefault(tuple(row[name] for name in SETTING), []).append(row)
    for family in families.values():
        adjusted = stats.holm([row["p_mannwhitney"] for row in family])
        for row, p in zip(family, adjusted, strict=True):
            row["p_holm"] = p


def _significant(row: Row, protocol: Protocol) -> bool:
    """Whether the cell is significantly better than the faulty program; untested, it is not."""
    p = row["p_holm" if protocol.holm else f"p_{protocol.test}"]
    if p is None or p >= protocol.alpha:
        return False
    if protocol.require_ir_positive:
        return row["ir"] is not None and row["ir"] > 0
    better: bool = METRICS[row["metric"]].better(row["mean"], row["faulty_mean"])
    return better and row["a12"] > 0.5


def summary(frame: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """One row per technique and setting, over the faults.

    Args:
        frame: A frame of the table ``SCORES``.
        protocol: The protocol that made it.

    Returns:
        A frame of the table ``SUMMARY``. Every fault weighs the same; figures that a fault lacks
        are left out of means and medians. Seconds are totals over all runs.
    """
    groups = frame.groupby([*SETTING, "technique"], sort=True)
    return SUMMARY.frame([_summary_row(group, protocol) for _, group in groups])


def _summary_row(group: pd.DataFrame, protocol: Protocol) -> Row:
    shown = group[group["significant"]] if protocol.summarise_significant_only else group
    runs = group["n"].astype(float)
    first = group.iloc[0]
    return {
        **{name: first[name] for name in [*SETTING, "technique"]},
        "faults": len(group),
        "exposed": int(group["exposed"].sum()),
        "significant": int(group["significant"].sum()),
        "repaired": int(group["repaired"].sum()),
        "ir_median": group["ir"].median(),
        "std_mean": shown.loc[shown["metric"] == "accuracy", "std"].mean(),
        "complexity_median": shown["complexity_mean"].median(),
        "aj_mean": shown[f"aj_{protocol.aj}_mean"].mean(),
        "trials_per_run": (group["trials_mean"] * runs).sum() / runs.sum(),
        **{
            name: (group[name] * runs).sum()
            for name in ("training_seconds", "search_seconds", "other_seconds")
        },
    }


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _rounded(values: Sequence[float], protocol: Protocol) -> list[float]:
    if protocol.decimals is None:
        return list(values)
    return [round(v, protocol.decimals) for v in values]
