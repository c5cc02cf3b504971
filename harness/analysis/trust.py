"""Can the tests be trusted? They must stay silent on equals, and find what was planted.

Two groups of runs are compared as the protocol compares lists: by its test, on its values. The
groups come from one technique, so every significant difference is a false alarm (an A/A audit):

- *replays*: every run is put together anew from the recorded trials of all runs of that technique
  on that fault, drawn with replacement, until the budget is spent. For a technique whose trials do
  not depend on each other (Random) such runs are independent and alike by construction: this is
  Random against Random with other seeds, with the recorded trials in place of the trainings. What
  it cannot show is a dependence between recorded runs.
- *halves*: the recorded runs are split at random into two disjoint halves. Nothing is made up, but
  the splits of one fault share its few runs: the rate says how the test behaves under permutation,
  and its interval is too narrow.

In a planted comparison some replays of one group are given a result that is better than all others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

from harness.analysis import statistics as stats
from harness.analysis.protocols import Protocol
from harness.analysis.runset import RunSet
from harness.analysis.schemas import AUDIT
from harness.analysis.statistics import Floats
from harness.analysis.winners import counted, may_win, winner
from harness.records.baseline import Baseline
from harness.records.outcome import Trial
from harness.records.run import Run
from harness.vocabulary import METRICS, HarnessError, TrialStatus

PLANTED = (0.25, 0.5, 0.75, 1.0)
"""Shares of the runs that are given a better result; an A12 of about 0.5 + share / 2."""

MUST_FIND = 0.8
"""Share of the comparisons in which a difference planted in all runs must be found: the usual
power."""

MOST_TRIALS = 200
"""Of a replayed run; a budget that would hold more is not replayed to its end."""

AT_ONCE = 100
"""Comparisons whose replays are held in memory together."""

Groups = tuple[Floats, Floats]
Supply = Callable[[str, int], Groups]
"""Fault and number of comparisons -> the two groups, each of shape (comparisons, runs)."""


def replayed(
    runs: Sequence[Run],
    baseline: Baseline,
    protocol: Protocol,
    shape: tuple[int, ...],
    rng: np.random.Generator,
) -> Floats:
    """What runs amount to that are put together from the recorded trials of ``runs``.

    Trials are drawn with replacement from all that ended by themselves, each with the seconds it
    was charged; the one that would exceed the budget counts for nothing. Under a protocol that
    leaves out a first trial that is the faulty program, such trials are not drawn.

    Args:
        runs: Of one cell.

    Returns:
        Of the given shape: the holdout metric that counts for each replay, as
        :func:`harness.analysis.scores.result` finds it; the worst infinity without a result.
    """
    metric = METRICS[baseline.metric]
    protocol = replace(protocol, confirmed_counts=False)  # a trial drawn from a pool has none
    unit = runs[0].unit or baseline.training_time
    pool = [
        (row, run, seconds)
        for run in runs
        for row, seconds in _charged(run)
        if not (protocol.skip_first_trial and row.proposal == 0 and row.configuration == run.faulty)
    ]
    if not pool:
        raise HarnessError(f"no recorded trial of {runs[0].technique} on {runs[0].fault} to replay")
    wins = np.array([may_win(row, run, protocol) for row, run, _ in pool])
    losses = np.array(
        [metric.loss(row.search) if row.search is not None else math.inf for row, _, _ in pool]
    )
    values = np.array([_value(row, run, baseline, protocol) for row, run, _ in pool])
    drawn = rng.integers(len(pool), size=(*shape, MOST_TRIALS))
    spent = np.cumsum(np.array([seconds for _, _, seconds in pool])[drawn], axis=-1)
    counts = (spent <= runs[0].budget * unit) & wins[drawn]
    best = np.argmin(np.where(counts, losses[drawn], math.inf), axis=-1)[..., None]
    found = np.take_along_axis(values[drawn], best, axis=-1)[..., 0]
    return np.where(counts.any(axis=-1), found, _value(None, runs[0], baseline, protocol))


def audit(study: RunSet, technique: str, *, comparisons: int, seed: int) -> pd.DataFrame:
    """A/A audit and planted differences of one technique: a frame of the table ``AUDIT``.

    Args:
        study: Its runs of ``technique`` are the material.
        technique: One whose trials are independent of each other, such as Random.
        comparisons: Of each A/A audit, spread evenly over the faults; all that is planted
            shares as many.
        seed: Makes the audit repeatable.
    """
    if technique not in study.techniques:
        raise HarnessError(
            f"there are no runs of '{technique}' to audit. Found: {', '.join(study.techniques)}"
        )
    rng = np.random.default_rng(seed)
    kinds = {"replays": _replays(study, technique, rng), "halves": _halves(study, technique, rng)}
    rows = [
        _count(study, f"{technique}, {kind}", 0.0, comparisons, groups)
        for kind, groups in kinds.items()
    ]
    rows += [
        _count(
            study,
            f"{technique}, replays",
            share,
            comparisons // len(PLANTED),
            _replays(study, technique, rng, share),
        )
        for share in PLANTED
    ]
    return AUDIT.frame(rows)


def passes(audited: pd.DataFrame) -> bool:
    """Whether the replays reject no more often than they may, and find what all runs were given.

    The interval of the A/A rate must not lie above the nominal level: a test whose true rate is
    the nominal one passes, and with 6,000 comparisons one of 0.057 or more instead of 0.05 fails.
    """
    replays = audited[audited["test"].str.contains("replays")]
    null = replays[replays["planted"] == 0]
    planted = replays[replays["planted"] == 1]
    return bool((null["low"] <= null["nominal"]).all() and (planted["rate"] >= MUST_FIND).all())


def differ(first: Floats, second: Floats, protocol: Protocol) -> NDArray[np.bool_]:
    """Whether two groups differ by the protocol's test, each a single one: nothing is adjusted.

    Args:
        first, second: Of shape (comparisons, runs).
    """
    if protocol.decimals is not None:
        first, second = first.round(protocol.decimals), second.round(protocol.decimals)
    if protocol.test == "mannwhitney":
        return stats.mann_whitney_rows(first, second, ties=protocol.ties) < protocol.alpha
    p = [stats.wilcoxon(a, b, ties=protocol.ties) for a, b in zip(first, second, strict=True)]
    return np.array([value is not None and value < protocol.alpha for value in p])


def _replays(
    study: RunSet, technique: str, rng: np.random.Generator, planted: float = 0.0
) -> Supply:
    def groups(fault: str, comparisons: int) -> Groups:
        runs, base = study.cell(fault, technique), study.baseline(fault)
        metric = METRICS[base.metric]
        shape = (2, comparisons, len(runs))
        first, second = replayed(runs, base, study.protocol, shape, rng)
        best = metric.best([*first.ravel(), *second.ravel()])
        above = best + (1.0 if metric.higher_is_better else -1.0)
        given = rng.random(second.shape) < planted
        return first, np.where(given, above, second)

    return groups


def _halves(study: RunSet, technique: str, rng: np.random.Generator) -> Supply:
    def groups(fault: str, comparisons: int) -> Groups:
        base = study.baseline(fault)
        values = np.array(
            [
                _value(winner(run, study.protocol), run, base, study.protocol)
                for run in study.cell(fault, technique)
            ]
        )
        shuffled = rng.permuted(np.tile(values, (comparisons, 1)), axis=1)
        half = len(values) // 2
        return shuffled[:, :half], shuffled[:, half : 2 * half]

    return groups


def _count(
    study: RunSet, test: str, planted: float, comparisons: int, groups: Supply
) -> dict[str, object]:
    """A row of the audit; with something planted, only differences in its favour count."""
    protocol = study.protocol
    each = math.ceil(comparisons / len(study.faults))
    rejected = found = 0
    for fault in study.faults:
        up = METRICS[study.baseline(fault).metric].higher_is_better
        for at in range(0, each, AT_ONCE):
            first, second = groups(fault, min(AT_ONCE, each - at))
            if not first.size:
                break
            a12 = stats.superiority(second, first) if up else stats.superiority(-second, -first)
            right = differ(first, second, protocol) & ((a12 > 0.5) | (planted == 0))
            rejected += int(right.sum())
            found += len(right)
    bounds = binomtest(rejected, found).proportion_ci(method="exact") if found else None
    return {
        "test": f"{test}, {protocol.test}",
        "planted": planted,
        "comparisons": found,
        "rejected": rejected,
        "rate": rejected / found if found else None,
        "low": bounds.low if bounds else None,
        "high": bounds.high if bounds else None,
        "nominal": protocol.alpha,
    }


def _value(best: Trial | None, run: Run, baseline: Baseline, protocol: Protocol) -> float:
    """The value of a run with this winner; the infinity that is worst if there is none."""
    value = counted(best, run, baseline, protocol).value
    return METRICS[baseline.metric].nothing if value is None else value


def _charged(run: Run) -> Iterator[tuple[Trial, float]]:
    """The trials that ended by themselves, each with the seconds it was charged."""
    before = 0.0
    for row in run.trials:
        if row.status is not TrialStatus.CUT:
            yield row, row.spent - before
        before = row.spent
