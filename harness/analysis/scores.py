"""From recorded runs and baselines to one row per cell, and from those to one row per technique.

A cell is one technique on one fault in one setting, over its repetitions. What is debatable about
the way is a field of the protocol.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from statistics import fmean, median
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from harness.analysis import statistics as stats
from harness.analysis.metrics import (
    asymmetric_jaccard_as_defined,
    asymmetric_jaccard_as_published,
    complexity,
    hyperparameters,
    improvement_rate,
    stability,
)
from harness.analysis.protocols import Protocol
from harness.analysis.schemas import SCORES, SUMMARY
from harness.records.baseline import Baseline
from harness.records.outcome import Trial
from harness.records.run import Confirmation, Minimised, Run
from harness.vocabulary import (
    METRICS,
    CellStatus,
    Configuration,
    HarnessError,
    TrialStatus,
    changed,
)

Row = dict[str, Any]

BaselineKey = tuple[str, str, float]
"""Fault, data variant and fraction of the training data: what a baseline belongs to."""

SETTING = ["budget", "clock", "protocol", "space"]
"""The columns in which the cells of one table, and of one family of tests, agree."""

DECLINED = (CellStatus.NOT_APPLICABLE, CellStatus.NO_SYMPTOM, CellStatus.TIMED_OUT)
"""What a technique may say instead of a result."""


class CellKey(NamedTuple):
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
    def of(cls, run: Run) -> CellKey:
        return cls(
            run.space,
            run.data,
            run.fraction,
            run.clock,
            run.budget,
            _by_number(run.fault),
            run.technique,
        )


@cache
def _by_number(fault: str) -> tuple[str, int]:
    head, number = re.fullmatch(r"(.*?)(\d*)", fault, re.DOTALL).groups()  # type: ignore[union-attr]
    return head, int(number or 0)


@dataclass(frozen=True, slots=True)
class RunResult:
    """What one run amounts to under a protocol."""

    value: float | None
    """Holdout metric that counts for the run; None if it ranks worst for want of a judged trial."""
    patch: Configuration | None
    """The winner's configuration; None if there is no winner or the faulty program took over."""
    judged: bool
    """Whether any trial could win."""
    better: bool
    """Whether the winner beats the median faulty training on the search part."""
    structural: tuple[str, ...] = ()
    """Repair operators of the patch's edits that no hyperparameter tells."""


def winner(run: Run, protocol: Protocol) -> Trial | None:
    """The best judged trial of a run by the search metric, the first one on ties.

    It may well be worse than the faulty program. A technique that said which proposal it returns
    is taken at its word, as far as that was trained. None if no trial may win.
    """
    metric = METRICS[run.metric]
    candidates = [row for row in run.trials if may_win(row, run, protocol)]
    chosen = [row for row in candidates if run.choice is not None and row.proposal == run.choice]
    candidates = chosen[-1:] or candidates

    def loss(row: Trial) -> float:
        by_holdout = protocol.histories_by_holdout and row.structural is not None
        value = row.holdout if by_holdout else row.search
        assert value is not None
        return metric.loss(value)

    return min(candidates, key=loss, default=None)


def may_win(row: Trial, run: Run, protocol: Protocol) -> bool:
    """Whether a trial may be the result of its run."""
    if row.search is None or row.holdout is None:
        return False
    if protocol.skip_first_trial and row.proposal == 0 and row.configuration == run.faulty:
        return False
    if row.status is TrialStatus.DIVERGED:
        return protocol.diverged_may_win
    if row.status is TrialStatus.CUT:
        return protocol.cut_may_win
    return row.fidelity == 1 or protocol.partial_may_win


def winner_only(run: Run, protocol: Protocol) -> Run:
    """The run with no trial but its winner: quicker to look at again under other choices."""
    best = winner(run, protocol)
    return replace(run, trials=[best] if best else [])


def _search(row: Trial) -> float:
    assert row.search is not None
    return row.search


def run_result(run: Run, baseline: Baseline, protocol: Protocol) -> RunResult:
    """What ``run`` amounts to: its winner, or what the protocol puts in its place."""
    return counted(winner(run, protocol), run, baseline, protocol)


def counted(best: Trial | None, run: Run, baseline: Baseline, protocol: Protocol) -> RunResult:
    """What ``run`` amounts to if this trial, or none, is its winner."""
    metric = METRICS[run.metric]
    if best is None or best.holdout is None:
        value = mean_of_faulty(baseline) if protocol.unjudged == "faulty_mean" else None
        return RunResult(value, None, judged=False, better=False)
    better = not baseline.faulty_search or metric.better(
        _search(best), median(baseline.faulty_search)
    )
    again = confirmations(best, run) if protocol.confirmed_counts else []
    own = mean_confirmed(again, run) if again else best.holdout
    if protocol.fall_back_to_faulty and run.technique not in protocol.never_falls_back:
        faulty_mean = mean_of_faulty(baseline)
        if faulty_mean is not None and (own is None or metric.better(faulty_mean, own)):
            return RunResult(faulty_mean, None, judged=True, better=better)
    return RunResult(
        own, best.configuration, judged=True, better=better, structural=best.structural or ()
    )


def confirmations(best: Trial | None, run: Run) -> list[Confirmation]:
    """The re-trainings of this trial, among those of the run."""
    if best is None:
        return []
    key = (best.proposal, best.fidelity)
    return [again for again in run.confirmed if (again.proposal, again.fidelity) == key]


def mean_confirmed(again: Sequence[Confirmation], run: Run) -> float | None:
    """Mean holdout metric of re-trainings, one or more.

    One that was not judged (it diverged, say) has the metric's worst value; None, which ranks
    worst, if the metric has no such bound.
    """
    worst = METRICS[run.metric].worst
    values = [worst if a.outcome.holdout is None else a.outcome.holdout for a in again]
    return None if None in values else fmean(v for v in values if v is not None)


def mean_of_faulty(baseline: Baseline) -> float | None:
    """Mean holdout metric of the faulty program: the one known best, else that of its list."""
    known = baseline.faulty_mean
    return _mean(trained_faulty(baseline)) if known is None else known


def mean_of_fixed(baseline: Baseline) -> float | None:
    """Likewise of the fixed program."""
    known = baseline.fixed_mean
    return _mean(baseline.fixed_holdout) if known is None else known


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
    or crashed rank worst. Where only the fixed program's mean is known, there is no test, and the
    fault is exposed if that mean is better than the faulty one.
    """
    metric = METRICS[baseline.metric]
    faulty = [*baseline.faulty_holdout, *[metric.nothing] * baseline.faulty_unjudged]
    fixed = [*baseline.fixed_holdout, *[metric.nothing] * baseline.fixed_unjudged]
    p = stats.mann_whitney(faulty, fixed)
    a12 = stats.vargha_delaney(fixed, faulty, higher_is_better=metric.higher_is_better)
    if not fixed and baseline.fixed_mean is not None and faulty:
        shows = metric.better(baseline.fixed_mean, fmean(faulty))
        return Exposure(p, a12, exposed=shows)
    if p is None or a12 is None:
        return Exposure(p, a12, exposed=False)
    shows = p < protocol.exposure_alpha and a12 >= protocol.exposure_a12
    return Exposure(p, a12, exposed=shows)


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
    return SCORES.frame(verdicts(figures(runs, baselines, protocol), protocol))


def figures(
    runs: Iterable[Run], baselines: Mapping[BaselineKey, Baseline], protocol: Protocol
) -> list[Row]:
    """The rows of :func:`scores` before :func:`verdicts`: what each cell amounts to by itself."""
    ordered = sorted(runs, key=lambda run: (CellKey.of(run), run.repetition))
    rows = []
    for _, group in groupby(ordered, key=CellKey.of):
        cell = list(group)
        rows.append(_row(cell, _baseline_of(cell, baselines), protocol))
    return rows


def verdicts(rows: Sequence[Row], protocol: Protocol) -> list[Row]:
    """The rows, which hold figures only, with ``p_holm``, ``significant`` and ``repaired``."""
    judged = [dict(row) for row in rows]
    _adjust(judged)
    for row in judged:
        row["significant"] = _significant(row, protocol)
        row["repaired"] = row["significant"] and row["a12"] >= protocol.repaired_a12
    return judged


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
        "faulty_mean": mean_of_faulty(baseline),
        "fix_mean": mean_of_fixed(baseline),
        "training_time": baseline.training_time,
        "exposed": is_exposed,
    }
    best = [winner(run, protocol) for run in cell]
    results = [counted(*pair, baseline, protocol) for pair in zip(best, cell, strict=True)]
    if all(run.status in DECLINED for run in cell):
        row |= _undone(first, protocol)
    else:
        values = tested = [r.value for r in results]
        if baseline.faulty_mean is not None:
            by_list = replace(baseline, faulty_mean=None)
            pairs = zip(best, cell, strict=True)
            tested = [counted(*pair, by_list, protocol).value for pair in pairs]
        row |= _performance(values, baseline, protocol)
        row |= _tests(tested, baseline, protocol)
    if protocol.ir_needs_exposure and not is_exposed:
        row |= {"ir": None, "ir_low": None, "ir_high": None}
    row |= _patches(cell, results, protocol)
    row |= {name: figure(cell, results) for name, figure in CELL_FIGURES.items()}
    row |= _confirmed(cell, best, baseline)
    row["status"] = _status(row, cell, protocol)
    return row


def _undone(run: Run, protocol: Protocol) -> Row:
    """The figures of a technique that declined: none, but perhaps an improvement rate."""
    missing = ("mean", "std", "p_wilcoxon", "p_mannwhitney", "a12", "ir_low", "ir_high")
    said = run.status == CellStatus.NO_SYMPTOM
    return dict.fromkeys(missing) | {"ir": protocol.no_symptom_ir if said else None}


def _performance(values: Sequence[float | None], baseline: Baseline, protocol: Protocol) -> Row:
    """What the runs reach, and how much of the gap to the fixed program that closes.

    A run without a judged trial counts as the worst value.
    """
    numbers = metered(values, baseline)
    return {
        "mean": _mean(numbers),
        "std": stability(numbers, protocol.ddof),
        **_improvement(baseline, rounded(numbers, protocol), protocol),
    }


def _tests(values: Sequence[float | None], baseline: Baseline, protocol: Protocol) -> Row:
    """How the runs compare with the faulty program's list.

    Ranks see a run without a judged trial as worse than everything.
    """
    metric = METRICS[baseline.metric]
    ranked = rounded([metric.nothing if v is None else v for v in values], protocol)
    faulty = [*rounded(baseline.faulty_holdout, protocol)]
    faulty += [metric.nothing] * baseline.faulty_unjudged
    return {
        "p_wilcoxon": stats.wilcoxon(faulty, ranked, ties=protocol.ties),
        "p_mannwhitney": stats.mann_whitney(faulty, ranked),
        "a12": stats.vargha_delaney(ranked, faulty, higher_is_better=metric.higher_is_better),
    }


def metered(values: Sequence[float | None], baseline: Baseline) -> list[float]:
    """The values with a number in place of those that rank worst.

    That is the metric's worst value; without such a bound, the worst value seen in the cell or in
    the trainings of the faulty program. None can be named if nothing was ever judged.
    """
    metric = METRICS[baseline.metric]
    judged = [v for v in values if v is not None]
    worst = metric.worst
    if worst is None and (seen := [*judged, *baseline.faulty_holdout]):
        worst = max(seen, key=metric.loss)
    return judged + [worst] * (len(values) - len(judged)) if worst is not None else judged


def trained_faulty(baseline: Baseline) -> list[float]:
    """The trainings of the faulty program, likewise: those that diverged count as the worst."""
    return metered([*baseline.faulty_holdout, *[None] * baseline.faulty_unjudged], baseline)


def _improvement(baseline: Baseline, patched: Sequence[float], protocol: Protocol) -> Row:
    """The improvement rate and its interval; missing without a gap."""
    known_fixed = baseline.fixed_mean
    faulty = trained_faulty(baseline) if baseline.faulty_mean is None else [baseline.faulty_mean]
    fixed = baseline.fixed_holdout if known_fixed is None else [known_fixed]
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


def _patches(cell: Sequence[Run], results: Sequence[RunResult], protocol: Protocol) -> Row:
    """What the patches change, and what the fix changes. A run without a patch has no say."""
    faulty, fixed = cell[0].faulty, cell[0].fixed
    patches = [(r.patch, r.structural) for r in results if r.patch is not None]
    defined = [aj_as_defined(faulty, fixed, *patch, protocol) for patch in patches]
    published = [asymmetric_jaccard_as_published(faulty, fixed, *patch) for patch in patches]
    counted = protocol.settings_count
    return {
        "patches": len(patches),
        "complexity_mean": _mean(
            [
                complexity(faulty, patch, settings=counted, structural=len(structural))
                for patch, structural in patches
            ]
        ),
        "fix_complexity": fix_complexity(faulty, fixed, protocol),
        "aj_as_defined_mean": _mean([aj for aj in defined if aj is not None]),
        "aj_as_published_mean": _mean(published),
    }


def aj_as_defined(
    faulty: Configuration,
    fixed: Configuration,
    patched: Configuration,
    structural: Iterable[str],
    protocol: Protocol,
) -> float | None:
    """:func:`asymmetric_jaccard_as_defined`, with the protocol's value for a fix out of reach."""
    share = asymmetric_jaccard_as_defined(faulty, fixed, patched, structural)
    return protocol.unreachable_fix_aj if share is None else share


def fix_complexity(faulty: Configuration, fixed: Configuration, protocol: Protocol) -> float:
    """Complexity of the true fix; a fault always has one, so that none counted is out of reach."""
    share = complexity(faulty, fixed, settings=protocol.settings_count)
    if share == 0 and protocol.unreachable_fix_counts_one:
        return 1 / len(hyperparameters(faulty, settings=protocol.settings_count))
    return share


Figure = Callable[[Sequence[Run], Sequence[RunResult]], float | None]

CELL_FIGURES: dict[str, Figure] = {}
"""Columns of the scores that need no more than a cell's runs and what they amount to."""


def figure(function: Figure) -> Figure:
    """Make a function of a cell's runs and results the column of the scores that has its name."""
    CELL_FIGURES[function.__name__] = function
    return function


@figure
def no_better(cell: Sequence[Run], results: Sequence[RunResult]) -> float:
    return sum(r.judged and not r.better for r in results)


@figure
def unjudged(cell: Sequence[Run], results: Sequence[RunResult]) -> float:
    return sum(not r.judged for r in results)


@figure
def n_prefix(cell: Sequence[Run], results: Sequence[RunResult]) -> float:
    return sum(run.prefix_of is not None for run in cell)


@figure
def minimised_complexity(cell: Sequence[Run], results: Sequence[RunResult]) -> float | None:
    """Of the runs whose patch was minimised; missing if there are none."""
    return _mean([complexity(r.faulty, m.configuration) for r, m in _minimised(cell, results)])


@figure
def n_minimised(cell: Sequence[Run], results: Sequence[RunResult]) -> float:
    return len([*_minimised(cell, results)])


@figure
def minimised_trainings(cell: Sequence[Run], results: Sequence[RunResult]) -> float | None:
    return _mean([float(m.trainings) for _, m in _minimised(cell, results)])


def _minimised(
    cell: Sequence[Run], results: Sequence[RunResult]
) -> Iterator[tuple[Run, Minimised]]:
    """Runs whose patch was minimised, and to what.

    A beginning of a run, or another protocol, may have another winner than the one that was.
    """
    for run, result in zip(cell, results, strict=True):
        if run.minimised is not None and result.patch is not None:
            left = changed(run.faulty, run.minimised.configuration)
            edits = changed(run.faulty, result.patch)
            whole = {*left, *run.minimised.taken_back}
            if whole == {*edits} and left.items() <= edits.items():
                yield run, run.minimised


@figure
def trials_mean(cell: Sequence[Run], results: Sequence[RunResult]) -> float:
    return fmean(len({row.proposal for row in run.trials}) for run in cell)


@figure
def training_seconds(cell: Sequence[Run], results: Sequence[RunResult]) -> float:
    return fmean(run.training_seconds for run in cell)


@figure
def search_seconds(cell: Sequence[Run], results: Sequence[RunResult]) -> float:
    return fmean(run.search_seconds for run in cell)


@figure
def other_seconds(cell: Sequence[Run], results: Sequence[RunResult]) -> float:
    return fmean(r.total_seconds - r.training_seconds - r.search_seconds for r in cell)


def _confirmed(cell: Sequence[Run], best: Sequence[Trial | None], baseline: Baseline) -> Row:
    """How the winners, one a run, did when they were trained again."""
    again = [(confirmations(row, run), run) for row, run in zip(best, cell, strict=True)]
    values = [mean_confirmed(trainings, run) for trainings, run in again if trainings]
    return {"n_confirmed": len(values), "confirmed_mean": _mean(metered(values, baseline))}


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


def summarise(frame: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
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
        "data": ", ".join(sorted(set(group["data"]))),
        "fraction": ", ".join(f"{share:g}" for share in sorted(set(group["fraction"]))),
        "faults": len(group),
        "exposed": int(group["exposed"].sum()),
        "significant": int(group["significant"].sum()),
        "repaired": int(group["repaired"].sum()),
        "ir_median": group["ir"].median(),
        "std_mean": shown.loc[shown["metric"] == "accuracy", "std"].mean(),
        "complexity_median": shown["complexity_mean"].median(),
        "minimised_median": shown["minimised_complexity"].median(),
        "n_minimised": int(shown["n_minimised"].sum()),
        "aj_mean": shown[f"aj_{protocol.aj}_mean"].mean(),
        "trials_per_run": (group["trials_mean"] * runs).sum() / runs.sum(),
        **{
            name: (group[name] * runs).sum()
            for name in ("training_seconds", "search_seconds", "other_seconds")
        },
    }


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def rounded(values: Sequence[float], protocol: Protocol) -> list[float]:
    """The values as test and improvement rate see them."""
    if protocol.decimals is None:
        return list(values)
    return [round(v, protocol.decimals) for v in values]
