"""Techniques against each other, fault by fault: the direct comparison.

Two techniques of which one improves a fault significantly and the other does not need not differ
from each other: that is a test of its own.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from harness.analysis import statistics as stats
from harness.analysis.runset import RunSet
from harness.analysis.schemas import DUELS
from harness.analysis.significance import adjusted
from harness.analysis.statistics import Floats
from harness.analysis.winners import comparison_values, run_result
from harness.vocabulary import METRICS


@lru_cache(maxsize=8)
def duels(study: RunSet) -> pd.DataFrame:
    """One row per fault and pair of techniques that both have runs of it: a frame of ``DUELS``.

    Holm counts all pairs of techniques on all faults that the study's family declares.
    """
    whole = study.whole
    rows = [
        _duel(whole, fault, first, second)
        for first, second in combinations(whole.techniques, 2)
        for fault in whole.faults
        if whole.cell(fault, first) and whole.cell(fault, second)
    ]
    keys = [(row["fault"], frozenset((row["first"], row["second"]))) for row in rows]
    declared = None if study.family is None else study.family.duels
    found = adjusted(keys, [row["p_mannwhitney"] for row in rows], declared)
    for row, (p, tests) in zip(rows, found, strict=True):
        row |= {"p_holm": p, "tests": tests}
        clear = p is not None and p < study.protocol.alpha and row["a12"] != 0.5
        row["better"] = (row["first"] if row["a12"] > 0.5 else row["second"]) if clear else None
    shown = [
        row
        for row in rows
        if study.shows(row["fault"], row["first"]) and study.shows(row["fault"], row["second"])
    ]
    return DUELS.frame(shown)


def compared(study: RunSet, first: str, second: str) -> pd.DataFrame:
    """The rows of :func:`duels` about two techniques, turned so that ``first`` is the first."""
    table = duels(study)
    turned = table.rename(columns={n: _other(n) for n in table.columns})[list(table.columns)]
    turned["a12"] = 1 - turned["a12"]
    both = pd.concat([table, turned], ignore_index=True)
    return both[(both["first"] == first) & (both["second"] == second)].reset_index(drop=True)


def _other(column: str) -> str:
    """The column that says of the second technique what this one says of the first."""
    if "first" in column:
        return column.replace("first", "second")
    return column.replace("second", "first")


def maximised(study: RunSet, fault: str, technique: str) -> Floats:
    """Results of the runs as tests compare them, as something to maximise."""
    base = study.baseline(fault)
    metric = METRICS[base.metric]
    results = [run_result(run, base, study.protocol) for run in study.cell(fault, technique)]
    return np.array([-metric.loss(v) for v in comparison_values(results, base)])


def _duel(study: RunSet, fault: str, first: str, second: str) -> dict[str, Any]:
    a, b = maximised(study, fault, first), maximised(study, fault, second)
    protocol = study.protocol
    means = study.scores.set_index(["fault", "technique"])["mean"]
    return {
        "fault": fault,
        "first": first,
        "second": second,
        "metric": study.baseline(fault).metric,
        "n_first": len(a),
        "n_second": len(b),
        "mean_first": means[fault, first],
        "mean_second": means[fault, second],
        "a12": float(stats.superiority(a, b)),
        "p_mannwhitney": stats.mann_whitney(list(a), list(b), ties=protocol.ties),
        "p_exact": protocol.ties == "counted" and stats.rank_sum_is_exact(len(a), len(b)),
    }
