"""The exact distributions against counting every case."""

from __future__ import annotations

from itertools import combinations, combinations_with_replacement, product
from math import comb

import numpy as np
import pytest
from scipy.stats import rankdata

from harness.analysis.exact import (
    LARGEST_PAIRS,
    LARGEST_PRODUCT,
    doubled_ranks,
    rank_sum_p_values,
    signed_rank_p_values,
)


def two_sided(sums: list[int], observed: int) -> float:
    below = sum(s <= observed for s in sums)
    above = sum(s >= observed for s in sums)
    return min(1.0, 2 * min(below, above) / len(sums))


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_rank_sums_are_those_of_all_ways_to_choose(n: int) -> None:
    for size in range(n + 1, 9):
        for values in combinations_with_replacement(range(3), size):
            groups = tuple(int(c) for c in np.unique(values, return_counts=True)[1])
            ranks = (2 * rankdata(values)).astype(int).tolist()
            sums = [sum(chosen) for chosen in combinations(ranks, n)]
            found = rank_sum_p_values(groups, n)
            assert {s: found[s] for s in sums} == {s: two_sided(sums, s) for s in sums}


def test_signed_ranks_are_those_of_all_signs() -> None:
    for size in range(1, 7):
        for values in combinations_with_replacement((1, 2, 3), size):
            ranks = (2 * rankdata(values)).astype(int).tolist()
            sums = [
                sum(rank for rank, plus in zip(ranks, signs, strict=True) if plus)
                for signs in product((False, True), repeat=size)
            ]
            found = signed_rank_p_values(tuple(ranks))
            assert {s: found[s] for s in sums} == {s: two_sided(sums, s) for s in sums}


def test_the_largest_lists_are_counted_without_overflow() -> None:
    alone = (1,) * 60
    found = rank_sum_p_values(alone, 30)
    assert LARGEST_PRODUCT == 30 * 30
    assert found[int(doubled_ranks(alone)[:30].sum())] == 2 / comb(60, 30)
    assert found[30 * 61] == 1  # the middle of a symmetric distribution
    signs = signed_rank_p_values(tuple(range(2, 2 * LARGEST_PAIRS + 1, 2)))
    assert signs[0] == 2 / 2**LARGEST_PAIRS


def test_what_is_remembered_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        rank_sum_p_values((1, 1), 1)[0] = 0.0
