from __future__ import annotations

import math
from itertools import combinations, combinations_with_replacement, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from harness.analysis import statistics as stats

VALUES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=12)


def test_wilcoxon_by_hand() -> None:
    # All five differences point one way: 2 of the 2**5 sign patterns are as extreme.
    assert stats.wilcoxon([1, 2, 3, 4, 5], [2, 4, 6, 8, 10]) == 2 / 32
    # Ranks 1 (minus), 2, 3: the sums 0 and 1 have one pattern each, so 2 * 2 / 8.
    assert stats.wilcoxon([0, 0, 0], [-1, 2, 3]) == 0.5


def test_wilcoxon_counts_ties() -> None:
    # Four equal differences, all one way: the sums are 0, 2.5, 5, 7.5, 10.
    assert stats.wilcoxon([0, 0, 0, 0], [1, 1, 1, 1]) == 2 / 16
    # Ranks 1.5 (minus), 1.5, 3, 4: 0 and 1.5 have one and two patterns.
    assert stats.wilcoxon([0, 0, 0, 0], [-1, 1, 2, 3]) == 2 * 3 / 16


def test_wilcoxon_ignoring_ties_cuts_half_ranks() -> None:
    # Before minus after: the positive ranks sum to 1.5, cut to 1. Of the sums of 1, 2, 3, 4, two
    # are as small. The other way round they sum to 8.5, cut to 8, and three are as large.
    assert stats.wilcoxon([0, 0, 0, 0], [-1, 1, 2, 3], ties="ignored") == 2 * 2 / 16
    assert stats.wilcoxon([-1, 1, 2, 3], [0, 0, 0, 0], ties="ignored") == 2 * 3 / 16


def test_wilcoxon_ignoring_ties_approximates_with_zeros() -> None:
    # Four tied differences left: W = 0, mean 5, variance (4*5*9 - (4**3 - 4) / 2) / 24 = 6.25.
    before, after = [0.19] * 4 + [0.18] * 6, [0.18] * 10
    expected = 2 * scipy_stats.norm.sf(5 / 2.5)
    assert stats.wilcoxon(before, after, ties="ignored") == pytest.approx(expected)
    assert stats.wilcoxon(before, after) == 2 / 16


def test_wilcoxon_without_a_difference_is_one() -> None:
    assert stats.wilcoxon([1.0, 2.0], [1.0, 2.0]) == 1.0


def test_wilcoxon_needs_pairs() -> None:
    assert stats.wilcoxon([1.0, 2.0], [1.0]) is None
    assert stats.wilcoxon([], []) is None


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=1, max_size=7))
def test_wilcoxon_agrees_with_scipy(pairs: list[tuple[int, int]]) -> None:
    before, after = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    if before != after:
        expected = scipy_stats.wilcoxon(before, after).pvalue
        assert stats.wilcoxon(before, after) == pytest.approx(expected)


def test_wilcoxon_of_many_pairs_is_approximate() -> None:
    before = [float(i) for i in range(60)]
    after = [b + (0.5 + 0.01 * b) * (-1) ** int(b % 3 == 0) for b in before]
    expected = scipy_stats.wilcoxon(before, after, method="approx").pvalue
    assert stats.wilcoxon(before, after) == pytest.approx(expected)


def test_mann_whitney_by_hand() -> None:
    # Complete separation of 3 and 4 values: 2 of the 35 arrangements; lengths may differ.
    assert stats.mann_whitney([1, 2, 3], [4, 5, 6, 7]) == pytest.approx(2 / 35)
    assert stats.mann_whitney([1.0] * 3, [1.0] * 5) == 1.0
    assert stats.mann_whitney([], [1.0]) is None


def dealt_out(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """The two-sided p-value, by dealing the values out in all ways."""
    ranks = scipy_stats.rankdata([*a, *b])
    sums = [sum(chosen) for chosen in combinations(ranks, len(a))]
    own = sum(ranks[: len(a)])
    tail = min(sum(s <= own for s in sums), sum(s >= own for s in sums))
    return min(1.0, 2 * tail / len(sums))


def test_mann_whitney_of_all_small_lists_is_exact() -> None:
    lists = [v for n in (1, 2, 3) for v in combinations_with_replacement((0.0, 1.0, 2.0), n)]
    for a, b in product(lists, lists):
        assert stats.mann_whitney(a, b) == pytest.approx(dealt_out(a, b), rel=1e-12), (a, b)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=4, max_size=5),
    st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=1, max_size=5),
)
def test_mann_whitney_of_longer_lists_with_ties_is_exact(a: list[float], b: list[float]) -> None:
    assert stats.mann_whitney(a, b) == pytest.approx(dealt_out(tuple(a), tuple(b)), rel=1e-12)


@pytest.mark.parametrize(("n", "exact"), [(1, 2 / 11), (3, 2 / 286), (5, 2 / 3003)])
def test_a_constant_list_is_no_reason_for_a_smaller_p(n: int, exact: float) -> None:
    for shift in (0.1, 5.0):
        assert stats.mann_whitney([0.5] * 10, [0.5 + shift] * n) == pytest.approx(exact)
        assert stats.mann_whitney([0.5] * 10, [0.5 - shift] * n) == pytest.approx(exact)
    ignoring = stats.mann_whitney([0.5] * 10, [0.6] * n, ties="ignored")
    assert ignoring is not None and ignoring < exact  # SciPy approximates


@settings(max_examples=100, deadline=None)
@given(VALUES, VALUES)
def test_no_p_value_is_below_the_smallest_of_its_lengths(a: list[float], b: list[float]) -> None:
    p = stats.mann_whitney(a, b)
    assert p is not None and p >= stats.smallest_p_rank_sum(len(a), len(b))
    apart = stats.mann_whitney(a, [v + 2 for v in b])
    assert apart == pytest.approx(stats.smallest_p_rank_sum(len(a), len(b)))


def test_mann_whitney_of_long_lists_is_approximate_but_never_impossible() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 20, 31).tolist(), rng.integers(3, 23, 31).tolist()
    assert not stats.rank_sum_is_exact(31, 31)
    expected = scipy_stats.mannwhitneyu(a, b, method="asymptotic").pvalue
    assert stats.mann_whitney(a, b) == pytest.approx(expected)
    # One against 1,000 equal values: the approximation says 1e-219.
    assert stats.mann_whitney([1.0], [0.0] * 1000) == 2 / 1001
    assert stats.mann_whitney([0.0] * 40, [0.0] * 40) == 1.0


def test_infinity_ranks_last() -> None:
    worst = [-math.inf] * 3
    assert stats.vargha_delaney(worst, [0.0, 1.0], higher_is_better=True) == 0.0
    finite, infinite = [0.0, 0.1, 0.2], [math.inf, 5.0, 6.0]
    assert stats.mann_whitney(finite, infinite) == stats.mann_whitney(finite, [9.0, 5.0, 6.0])
    assert stats.wilcoxon([1, 2, 3, 4, 5], [math.inf] * 5) == 2 / 32


@pytest.mark.parametrize(
    "call",
    [
        lambda: stats.wilcoxon([math.nan], [1.0]),
        lambda: stats.mann_whitney([1.0], [math.nan]),
        lambda: stats.vargha_delaney([math.nan], [1.0], higher_is_better=True),
        lambda: stats.bootstrap_interval(
            lambda x: x.mean(axis=-1), [[math.nan]], resamples=9, seed=0
        ),
    ],
)
def test_nan_is_refused(call: object) -> None:
    with pytest.raises(ValueError, match="NaN"):
        call()  # type: ignore[operator]


def test_vargha_delaney_by_hand() -> None:
    # Of 6 pairs, 3 > 1, 3 > 2, 2 > 1 win and 2 = 2 counts half; 1 against 1 and 2 gives half.
    assert stats.vargha_delaney([3, 2, 1], [1, 2], higher_is_better=True) == 4 / 6


@given(VALUES, VALUES)
def test_unpaired_figures_are_symmetric(a: list[float], b: list[float]) -> None:
    up = stats.vargha_delaney(a, b, higher_is_better=True)
    down = stats.vargha_delaney(a, b, higher_is_better=False)
    assert up is not None and down is not None
    assert up + down == pytest.approx(1)
    minus_a, minus_b = [-x for x in a], [-x for x in b]
    assert stats.vargha_delaney(minus_a, minus_b, higher_is_better=False) == up
    p = stats.mann_whitney(a, b)
    assert p is not None and 0 < p <= 1
    assert stats.mann_whitney(minus_b[::-1], minus_a) == pytest.approx(p)


def test_holm_by_hand() -> None:
    # Smallest times 3, next times 2 (0.06), last times 1, never below the one before.
    assert stats.holm([0.04, 0.01, 0.03]) == [0.06, 0.03, 0.06]
    assert stats.holm([None, 0.5, None]) == [None, 0.5, None]
    assert stats.holm([0.9, 0.8]) == [1.0, 1.0]
    assert stats.holm([]) == []
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        stats.holm([1.5])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_keeps_the_order_and_never_lowers(p_values: list[float]) -> None:
    adjusted = stats.holm(p_values)
    assert all(a is not None and p <= a <= 1 for p, a in zip(p_values, adjusted, strict=True))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [adjusted[i] for i in order] == sorted(a for a in adjusted if a is not None)


def _difference(a: stats.Floats, b: stats.Floats) -> stats.Floats:
    return np.asarray(a.mean(axis=-1) - b.mean(axis=-1))


def test_bootstrap_interval() -> None:
    lists = [[0.0, 1.0, 2.0, 3.0], [5.0, 6.0, 7.0]]
    low, high = stats.bootstrap_interval(_difference, lists, resamples=500, seed=1)
    assert low is not None and high is not None
    assert -7 <= low < -4.5 < high <= -2
    again = [list(reversed(values)) for values in lists]
    assert stats.bootstrap_interval(_difference, again, resamples=500, seed=1) == (low, high)
    assert stats.bootstrap_interval(_difference, lists, resamples=500, seed=2) != (low, high)
    assert stats.bootstrap_interval(_difference, [[], [1.0]], resamples=9, seed=0) == (None, None)


def test_bootstrap_interval_without_bounds() -> None:
    def inverse(x: stats.Floats) -> stats.Floats:
        return np.asarray(1 / x.mean(axis=-1))

    low, high = stats.bootstrap_interval(inverse, [[0.0, 0.0, 1.0]], resamples=200, seed=0)
    assert low is not None and high is None
    undefined = stats.bootstrap_interval(lambda x: 0 * inverse(x), [[0.0]], resamples=9, seed=0)
    assert undefined == (None, None)


@pytest.mark.parametrize(("n", "m"), [(3, 3), (5, 4), (10, 10), (4, 9)])
def test_smallest_a12_is_where_significance_starts(n: int, m: int) -> None:
    smallest = stats.smallest_a12(n, m, 0.05)
    below = stats.smallest_a12(n, m, 1e-9)
    assert below is None
    if smallest is None:
        p = stats.mann_whitney(range(m), [m + i for i in range(n)])
        assert p is not None and p >= 0.05
    else:
        assert 0.5 < smallest <= 1


def test_smallest_p_signed_rank() -> None:
    for n in (1, 2, 5, 10):
        assert stats.smallest_p_signed_rank(n) == stats.wilcoxon([0] * n, range(1, n + 1))
