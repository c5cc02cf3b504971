"""Techniques against each other over all faults: ranks, interquartile means, pairs.

Sources: Demšar, JMLR 7 (2006), ranks and critical differences; Benavoli et al., JMLR 17 (2016),
signed-rank tests instead of mean ranks after Friedman; Agarwal et al., NeurIPS 34 (2021),
interquartile mean, performance profiles and probability of improvement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

from harness.analysis import anytime
from harness.analysis import statistics as stats
from harness.analysis.across import across_faults, drawn_runs, ends
from harness.analysis.duels import compared, maximised
from harness.analysis.runset import RunSet
from harness.analysis.schemas import PAIRS, RANKS, RATE_PROFILES
from harness.analysis.significance import adjusted
from harness.analysis.statistics import Floats
from harness.vocabulary import METRICS

PROFILE_RATES = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
"""Improvement rates at which the table of profiles is read."""

TRIMMED = 0.25
"""Share that an interquartile mean leaves out at either end."""


class Friedman(NamedTuple):
    """Whether the techniques differ at all."""

    statistic: float
    """Chi-squared, corrected for ties."""
    p: float
    faults: int
    techniques: int


def shared_faults(study: RunSet) -> list[str]:
    """Faults that every technique has judged runs of."""
    means = study.scores.pivot(index="fault", columns="technique", values="mean")
    complete = means.dropna().index
    return [fault for fault in study.faults if fault in complete]


def rank_table(study: RunSet) -> pd.DataFrame:
    """Rank of each technique on each shared fault by its mean holdout metric; 1 is best."""
    faults = shared_faults(study)
    means = study.scores.set_index(["fault", "technique"])["mean"].to_dict()
    losses = [
        [METRICS[study.baseline(fault).metric].loss(means[fault, t]) for t in study.techniques]
        for fault in faults
    ]
    shape = (len(faults), len(study.techniques))
    ranked = scipy_stats.rankdata(np.array(losses, dtype=float).reshape(shape), axis=1)
    return pd.DataFrame(ranked, index=faults, columns=list(study.techniques))


def friedman(ranks: pd.DataFrame) -> Friedman | None:
    """Friedman's test of a :func:`rank_table`.

    Returns:
        None with fewer than three techniques or two faults, where there is no such test, and if
        no fault tells any techniques apart.

    Source: Friedman, JASA 32 (1937).
    """
    faults, techniques = ranks.shape
    if techniques < 3 or faults < 2 or (ranks.nunique(axis=1) == 1).all():
        return None
    found = scipy_stats.friedmanchisquare(*(ranks[name] for name in ranks))
    return Friedman(float(found.statistic), float(found.pvalue), faults, techniques)


def critical_difference(faults: int, techniques: int, alpha: float = 0.05) -> float:
    """The smallest difference of mean ranks that Nemenyi's test calls significant.

    Source: Nemenyi, PhD thesis (1963), as in Demšar, JMLR 7 (2006), section 3.2.2.

    >>> round(critical_difference(faults=14, techniques=4), 2)  # Demšar's example
    1.25
    """
    spread = scipy_stats.studentized_range.ppf(1 - alpha, techniques, math.inf) / math.sqrt(2)
    return float(spread * math.sqrt(techniques * (techniques + 1) / (6 * faults)))


def interquartile_mean(values: Floats) -> float:
    """Mean of the middle half; a quarter of the values at either end (rounded down) is left out.

    Args:
        values: Any shape; NaN stands for nothing.

    >>> interquartile_mean(np.array([-9.0, 1.0, 2.0, 9.0]))
    1.5
    """
    there = np.sort(values[~np.isnan(values)])
    left_out = int(TRIMMED * len(there))
    return float(there[left_out : len(there) - left_out].mean()) if len(there) else math.nan


@lru_cache(maxsize=8)
def ranks(study: RunSet) -> pd.DataFrame:
    """One row per technique: a frame of the table ``RANKS``."""
    rng = np.random.default_rng(study.protocol.bootstrap_seed)
    table = rank_table(study)
    under = anytime.areas(study).groupby(["fault", "technique"])["area"].mean()
    subjects = [study.subject(fault) for fault in study.rated]
    rows = []
    for technique in study.techniques:
        row = {
            "technique": technique,
            "faults": len(table),
            "mean_rank": float(table[technique].mean()) if len(table) else None,
            "rated": len(study.rated),
            **dict.fromkeys(("iqm", "iqm_low", "iqm_high", "area", "area_low", "area_high")),
        }
        if study.rated:
            rates = [study.rates(fault, technique) for fault in study.rated]
            low, high = ends(_iqms(rates, subjects, study, rng))
            row |= {
                "iqm": interquartile_mean(np.concatenate(rates)),
                "iqm_low": float(low),
                "iqm_high": float(high),
                "area": float(np.mean([under[fault, technique] for fault in study.rated])),
            }
            low, high = ends(_mean_areas(study, technique, subjects, rng))
            row |= {"area_low": float(low), "area_high": float(high)}
        rows.append(row)
    return RANKS.frame(rows)


@lru_cache(maxsize=8)
def pairs(study: RunSet) -> pd.DataFrame:
    """One row per pair of techniques: a frame of the table ``PAIRS``."""
    rng = np.random.default_rng(study.protocol.bootstrap_seed)
    rows: list[dict[str, Any]] = []
    chosen = list(combinations(study.techniques, 2))
    for (first, second), (p, p_holm, tests) in zip(chosen, _signed_ranks(study), strict=True):
        faults = [f for f in study.faults if study.cell(f, first) and study.cell(f, second)]
        both = [(maximised(study, f, first), maximised(study, f, second)) for f in faults]
        better = compared(study, first, second)["better"]
        rows.append(
            {
                "first": first,
                "second": second,
                "faults": len(faults),
                **_probability(both, [study.subject(f) for f in faults], study, rng),
                "wins": int((better == first).sum()),
                "losses": int((better == second).sum()),
                "p_wilcoxon": p,
                "p_holm": p_holm,
                "tests": tests,
            }
        )
    return PAIRS.frame(rows)


def _signed_ranks(study: RunSet) -> list[tuple[float | None, float | None, int]]:
    """:func:`over_faults` of each pair, the same after Holm, and the size of the family."""
    chosen = list(combinations(study.techniques, 2))
    p_values = [over_faults(study, *pair) for pair in chosen]
    declared = None if study.family is None else study.family.pairs
    found = adjusted([frozenset(pair) for pair in chosen], p_values, declared)
    return [(p, *after) for p, after in zip(p_values, found, strict=True)]


def posthoc(study: RunSet) -> pd.DataFrame:
    """Holm-adjusted p-values of :func:`over_faults`, techniques against techniques.

    1 on the diagonal, and where two techniques cannot be tested.
    """
    names = list(study.techniques)
    table = pd.DataFrame(1.0, index=names, columns=names)
    for pair, (_, p, _) in zip(combinations(names, 2), _signed_ranks(study), strict=True):
        first, second = pair
        table.loc[first, second] = table.loc[second, first] = 1.0 if p is None else p
    return table


def over_faults(study: RunSet, first: str, second: str) -> float | None:
    """Two-sided signed-rank p-value of the mean improvement rates of two techniques.

    The pairs are the faults with a rate, each with the mean over its runs.
    """
    means = [
        [float(study.rates(fault, technique).mean()) for fault in study.rated]
        for technique in (first, second)
    ]
    return stats.wilcoxon(*means)


@lru_cache(maxsize=8)
def profile_table(study: RunSet) -> pd.DataFrame:
    """:func:`profile` of each technique at ``PROFILE_RATES``: the table ``RATE_PROFILES``."""
    rows = []
    for technique in study.techniques if study.rated else ():
        found = zip(PROFILE_RATES, *profile(study, technique, np.array(PROFILE_RATES)), strict=True)
        rows += [
            {
                "technique": technique,
                "rate": rate,
                "faults": len(study.rated),
                "share": float(share),
                "low": float(low),
                "high": float(high),
            }
            for rate, share, low, high in found
        ]
    return RATE_PROFILES.frame(rows)


def profile(study: RunSet, technique: str, levels: Floats) -> tuple[Floats, Floats, Floats]:
    """Performance profile: the share of runs with an improvement rate of at least each level.

    Returns:
        Share, lower and upper end of its 95 % bootstrap interval over subjects, faults and runs,
        each of the shape of ``levels``. Every fault of ``study.rated`` weighs the same.
    """
    rng = np.random.default_rng(study.protocol.bootstrap_seed)
    at_least = [
        (study.rates(fault, technique)[:, None] >= levels).astype(float) for fault in study.rated
    ]
    drawn = [
        drawn_runs(of_fault, study.protocol.bootstrap_resamples, rng).mean(axis=1)
        for of_fault in at_least
    ]
    subjects = [study.subject(fault) for fault in study.rated]
    low, high = ends(across_faults(drawn, subjects, _mean, rng))
    return _mean(np.array([of_fault.mean(axis=0) for of_fault in at_least])), low, high


def _probability(
    ranked: Sequence[tuple[Floats, Floats]],
    subjects: Sequence[str],
    study: RunSet,
    rng: np.random.Generator,
) -> dict[str, float | None]:
    if not ranked:
        return dict.fromkeys(("probability", "low", "high"))
    resamples = study.protocol.bootstrap_resamples
    drawn = [
        stats.superiority(drawn_runs(a, resamples, rng), drawn_runs(b, resamples, rng))
        for a, b in ranked
    ]
    low, high = ends(across_faults(drawn, subjects, _mean, rng))
    points = [float(stats.superiority(a, b)) for a, b in ranked]
    return {"probability": float(np.mean(points)), "low": float(low), "high": float(high)}


def _iqms(
    rates: Sequence[Floats], subjects: Sequence[str], study: RunSet, rng: np.random.Generator
) -> Floats:
    """Resampled interquartile means; faults with fewer runs are filled up with NaN."""
    longest = max(map(len, rates))
    drawn = [drawn_runs(of_fault, study.protocol.bootstrap_resamples, rng) for of_fault in rates]
    padded = [
        np.pad(d, ((0, 0), (0, longest - d.shape[1])), constant_values=math.nan) for d in drawn
    ]
    return across_faults(padded, subjects, interquartile_mean, rng)


def _mean_areas(
    study: RunSet, technique: str, subjects: Sequence[str], rng: np.random.Generator
) -> Floats:
    resamples = study.protocol.bootstrap_resamples
    drawn = [
        drawn_runs(anytime.run_areas(study, fault, technique), resamples, rng).mean(axis=1)
        for fault in study.rated
    ]
    return across_faults(drawn, subjects, _mean, rng)


def _mean(values: Floats) -> Floats:
    return np.asarray(values.mean(axis=0))
