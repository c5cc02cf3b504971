"""Tests, effect sizes and intervals. Plain functions of plain lists; none of them knows a fault.

A list is never empty by accident: where there is nothing to compare, the answer is missing
(``None``). A NaN is always an error, whereas an infinite value is a legal "worse than everything".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.analysis.exact import (
    LARGEST_PAIRS,
    LARGEST_PRODUCT,
    Whole,
    rank_sum_p_values,
    signed_rank_p_values,
)

Floats = NDArray[np.float64]
Ties = Literal["counted", "ignored"]

LARGEST_EXACT_IGNORING_TIES = 25
"""The limit of the SciPy releases that the study could use."""


def wilcoxon(
    before: Sequence[float], after: Sequence[float], *, ties: Ties = "counted"
) -> float | None:
    """Two-sided p-value of the Wilcoxon signed-rank test, paired by position.

    Pairs without a difference are dropped. A caller that wants rounded values rounds them first.

    Args:
        before, after: One value each per pair, any unit.
        ties: ``counted`` takes the exact null distribution of the ranks as they are, ties
            included, up to 50 pairs that differ (what SciPy's permutation test gives); beyond, the
            normal approximation with a correction for ties. ``ignored`` does what
            SciPy did in 2020: the distribution for distinct ranks up to 25 pairs if no pair is
            equal, otherwise the normal approximation.

    Returns:
        In (0, 1]; 1 if no pair differs, which the study treats alike. None if the lists have
        different lengths or are empty: there is no pairing to test.

    Raises:
        ValueError: If a value is NaN.

    Source: Wilcoxon, Biometrics Bulletin 1 (1945); Kim et al., ICST 2023, section V.

    >>> wilcoxon([1, 2, 3, 4, 5], [2, 4, 6, 8, 10])
    0.0625
    >>> wilcoxon([1, 2], [1, 2])
    1.0
    """
    x, y = _array(before), _array(after)
    if len(x) != len(y) or not len(x):
        return None
    differences = (x - y)[x != y]
    if not len(differences):
        return 1.0
    doubled = _doubled(stats.rankdata(np.abs(differences)))
    ranked = int(doubled[differences > 0].sum())
    if ties == "ignored":
        exact = len(differences) == len(x) <= LARGEST_EXACT_IGNORING_TIES
        ranked -= ranked % 2
        doubled = 2 * np.arange(1, len(differences) + 1)
    else:
        exact = signed_rank_is_exact(len(differences))
    if exact:
        return float(signed_rank_p_values(tuple(np.sort(doubled).tolist()))[ranked])
    return float(stats.wilcoxon(differences, method="approx").pvalue)


def signed_rank_is_exact(pairs: int) -> bool:
    """Whether :func:`wilcoxon` of so many pairs is exact, ties counted, and no approximation."""
    return pairs <= LARGEST_PAIRS


def mann_whitney(a: Sequence[float], b: Sequence[float], *, ties: Ties = "counted") -> float | None:
    """Two-sided p-value of the Mann-Whitney U test of two independent lists.

    Args:
        a, b: Any lengths, one unit.
        ties: ``counted`` takes the exact null distribution of the rank sum, given the ties that
            there are, up to 30 values against 30 (see :func:`rank_sum_is_exact`); beyond, the
            normal approximation with corrections for ties and continuity, and never a value that
            such lengths cannot reach. ``ignored`` does what SciPy does by default: exact if the
            shorter list has at most 8 values and no two values are equal, otherwise that
            approximation, which is far too small for short lists with many ties.

    Returns:
        In (0, 1]: twice the smaller tail. 1 if all values are equal, None if a list is empty.

    Raises:
        ValueError: If a value is NaN.

    Source: Mann and Whitney, Annals of Mathematical Statistics 18 (1947); given ties, Lehmann,
    Nonparametrics (1975), section 1.4.

    >>> round(mann_whitney([1, 2, 3], [4, 5, 6]), 3)
    0.1
    >>> round(mann_whitney([1], [0] * 10), 3)
    0.182
    """
    x, y = _array(a), _array(b)
    if not len(x) or not len(y):
        return None
    if ties == "ignored":
        return _mann_whitney_ignoring_ties(tuple(x), tuple(y))
    return float(mann_whitney_rows(x[None, :], y[None, :])[0])


@lru_cache(maxsize=10_000)
def _mann_whitney_ignoring_ties(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Remembers, since an analysis under other choices compares mostly the same lists."""
    if len({*a, *b}) == 1:
        return 1.0
    return float(stats.mannwhitneyu(a, b, alternative="two-sided").pvalue)


def rank_sum_is_exact(n: int, m: int) -> bool:
    """Whether :func:`mann_whitney` of so many values is exact, ties counted.

    >>> rank_sum_is_exact(30, 30), rank_sum_is_exact(31, 31), rank_sum_is_exact(3, 300)
    (True, False, True)
    """
    return n * m <= LARGEST_PRODUCT


def mann_whitney_rows(a: Floats, b: Floats, *, ties: Ties = "counted") -> Floats:
    """:func:`mann_whitney` of many pairs of lists at once.

    Args:
        a, b: Of shapes (pairs, n) and (pairs, m), n and m at least 1.
        ties: As there.

    Returns:
        Of shape (pairs,): for each pair what :func:`mann_whitney` gives.

    >>> mann_whitney_rows(np.array([[1.0, 2.0, 3.0]]), np.array([[4.0, 5.0, 6.0]])).round(3)
    array([0.1])
    """
    if ties == "ignored":
        pairs = zip(a, b, strict=True)
        return np.array([_mann_whitney_ignoring_ties(tuple(x), tuple(y)) for x, y in pairs])
    n, m = a.shape[1], b.shape[1]
    if n > m:
        a, b, n, m = b, a, m, n
    both = np.concatenate([a, b], axis=1)
    if not rank_sum_is_exact(n, m):
        p = np.ones(len(a))
        rows = (both != both[:, :1]).any(axis=1)
        if rows.any():
            found = stats.mannwhitneyu(a[rows], b[rows], axis=1, method="asymptotic")
            p[rows] = np.maximum(found.pvalue, smallest_p_rank_sum(n, m))
        return p
    doubled = _doubled(stats.rankdata(both, axis=1))
    sums = doubled[:, :n].sum(axis=1)
    p = np.empty(len(a))
    patterns, of_row = np.unique(np.sort(doubled, axis=1), axis=0, return_inverse=True)
    for number, ranks in enumerate(patterns):
        rows = of_row.ravel() == number
        groups = np.unique(ranks, return_counts=True)[1]
        p[rows] = rank_sum_p_values(tuple(groups.tolist()), n)[sums[rows]]
    return p


def smallest_p_rank_sum(n: int, m: int) -> float:
    """The smallest two-sided p-value that ``n`` values against ``m`` can reach, ties or not.

    It is that of two lists without overlap.

    >>> smallest_p_rank_sum(3, 3), smallest_p_rank_sum(1, 1)
    (0.1, 1.0)
    """
    return min(1.0, 2 / math.comb(n + m, n))


def superiority(a: Floats, b: Floats) -> Floats:
    """:func:`vargha_delaney` of many pairs of lists at once; higher is better.

    Args:
        a, b: Of shapes (..., n) and (..., m).

    Returns:
        Of shape (...).

    >>> superiority(np.array([[3.0, 4.0]]), np.array([[1.0, 3.0]]))
    array([0.875])
    """
    x, y = a[..., :, None], b[..., None, :]
    return np.asarray((x > y).mean(axis=(-2, -1)) + 0.5 * (x == y).mean(axis=(-2, -1)))


def vargha_delaney(
    a: Sequence[float], b: Sequence[float], *, higher_is_better: bool
) -> float | None:
    """A12: the chance that a value of ``a`` is better than one of ``b``, ties counted half.

    Args:
        a, b: Any lengths, one unit.
        higher_is_better: Direction of the unit, as the metric's record states it.

    Returns:
        In [0, 1]; 0.5 for no difference, 0.56, 0.64 and 0.71 start a small, medium and large
        effect. None if a list is empty.

    Raises:
        ValueError: If a value is NaN.

    Source: Vargha and Delaney, Journal of Educational and Behavioral Statistics 25 (2000).

    >>> vargha_delaney([3, 4], [1, 3], higher_is_better=True)
    0.875
    >>> vargha_delaney([3, 4], [1, 3], higher_is_better=False)
    0.125
    """
    x, y = _array(a)[:, None], _array(b)[None, :]
    if not x.size or not y.size:
        return None
    better = x > y if higher_is_better else x < y
    return float(np.mean(better + 0.5 * (x == y)))


def holm(p_values: Sequence[float | None], size: int | None = None) -> list[float | None]:
    """The p-values of one family, adjusted so that the chance of any false alarm stays bounded.

    Args:
        p_values: One per test; a missing one stays missing.
        size: Tests of the family, those included that are missing or not named: they count as if
            they showed nothing. By default the p-values that there are.

    Returns:
        In the order given, each at least as large as it was and at most 1.

    Raises:
        ValueError: If a p-value is outside [0, 1], or the family is smaller than its p-values.

    Source: Holm, Scandinavian Journal of Statistics 6 (1979).

    >>> holm([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    >>> holm([0.01, None, 0.04, 0.03], size=4)
    [0.04, None, 0.09, 0.09]
    """
    present = {i: p for i, p in enumerate(p_values) if p is not None}
    if odd := [p for p in present.values() if not 0 <= p <= 1]:
        raise ValueError(f"a p-value lies in [0, 1]. Received: {odd}")
    tests = len(present) if size is None else size
    if tests < len(present):
        raise ValueError(f"a family of {tests} tests has {len(present)} p-values")
    adjusted: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for done, i in enumerate(sorted(present, key=present.__getitem__)):
        highest = max(highest, min(1.0, (tests - done) * present[i]))
        adjusted[i] = highest
    return adjusted


def bootstrap_interval(
    statistic: Callable[..., Any],
    lists: Sequence[Sequence[float]],
    *,
    resamples: int,
    seed: int,
    level: float = 0.95,
) -> tuple[float | None, float | None]:
    """Percentile bootstrap interval of a statistic of several independent lists.

    Args:
        statistic: Takes one array per list, of shape (resamples, length of the list), and returns
            one value per resample: it works along the last axis.
        lists: Independent samples of any lengths, resampled apart from each other. Their order
            does not matter.
        resamples: How many times to draw.
        seed: Makes the interval repeatable.
        level: Share of the resamples inside the interval.

    Returns:
        Lower and upper end. An end is missing where the interval is unbounded; resamples without
        a value (NaN) are left out. Both are missing if a list is empty.

    Raises:
        ValueError: If a value is NaN.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.

    >>> bootstrap_interval(lambda x: x.mean(axis=-1), [[1, 1, 1]], resamples=100, seed=0)
    (1.0, 1.0)
    """
    samples = [np.sort(_array(values)) for values in lists]
    if not all(len(sample) for sample in samples):
        return None, None
    rng = np.random.default_rng(seed)
    drawn = [rng.choice(sample, (resamples, len(sample))) for sample in samples]
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.asarray(statistic(*drawn), dtype=float)
    values = values[~np.isnan(values)]
    if not len(values):
        return None, None
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail], method="inverted_cdf")
    return (
        float(low) if np.isfinite(low) else None,
        float(high) if np.isfinite(high) else None,
    )


def smallest_a12(n: int, m: int, alpha: float) -> float | None:
    """The smallest A12 above 0.5 that Mann-Whitney can call significant, without ties.

    Args:
        n, m: Lengths of the two lists.
        alpha: A p-value below it is significant.

    Returns:
        In (0.5, 1], None if no outcome is significant.

    >>> smallest_a12(3, 3, 0.05) is None
    True
    >>> smallest_a12(5, 5, 0.01)
    1.0
    """

    def significant(wins: int) -> bool:
        all_of_them, some = divmod(wins, m)
        better = [m + i / n for i in range(all_of_them)]
        between = [some - 0.5] if all_of_them < n else []
        worse = [-1.0 - i for i in range(n - all_of_them - 1)]
        p = mann_whitney(better + between + worse, range(m))
        return p is not None and p < alpha

    low, high = n * m // 2, n * m
    if not significant(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if significant(middle) else (middle, high)
    return high / (n * m)


def smallest_p_signed_rank(n: int) -> float:
    """The smallest two-sided p-value that ``n`` pairs can reach: all differ in one direction.

    >>> smallest_p_signed_rank(10)
    0.001953125
    """
    return float(min(1.0, 2.0 ** (1 - n)))


def _doubled(ranks: Floats) -> Whole:
    """Twice the ranks, as the whole numbers that they are."""
    return np.rint(2 * ranks).astype(np.int64)


def _array(values: Sequence[float]) -> Floats:
    array = np.asarray(values, dtype=float)
    if np.isnan(array).any():
        raise ValueError(f"a list to compare holds no NaN. Received: {list(values)}")
    return array
