"""Exact null distributions of rank statistics, given the ties that there are.

Under the null hypothesis the values could have been dealt out to the two lists in any way, or have
had any signs. What that makes of the sum of ranks is counted, one rank after the other. Equal
values share the mean of their ranks, so ranks are doubled: they are whole numbers then.

Sources: Lehmann, Nonparametrics (1975), sections 1.2, 1.4 and 3.1; Streitberg and Röhmel,
Statistical Software Newsletter 12 (1986), the shift algorithm.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

PValues = NDArray[np.float64]
Whole = NDArray[np.int64]

LARGEST_PRODUCT = 900
"""Lengths of two lists, multiplied, up to which the rank-sum test is exact: 30 against 30. All ways
to deal the values out are then below 2**63, and counting them takes a hundredth of a second."""
LARGEST_PAIRS = 50
"""Pairs up to which the signed-rank test is exact."""

_REMEMBERED = 4096


def doubled_ranks(groups: Sequence[int]) -> Whole:
    """Twice the rank that the values of each group share.

    Args:
        groups: How many equal values there are, from the smallest value to the largest.

    >>> doubled_ranks([1, 2, 1])
    array([2, 5, 8])
    """
    sizes = np.asarray(groups, dtype=np.int64)
    return np.asarray(2 * np.cumsum(sizes) - sizes + 1)


@lru_cache(maxsize=_REMEMBERED)
def rank_sum_p_values(groups: tuple[int, ...], n: int) -> PValues:
    """Two-sided p-value of each doubled sum of the ranks of ``n`` of the values.

    Args:
        groups: As in :func:`doubled_ranks`, of both lists together.
        n: Length of the shorter list, 1 or more; with the other one within ``LARGEST_PRODUCT``.

    Returns:
        Of shape (largest doubled sum + 1,), in (0, 1]: twice the smaller tail, the observed sum
        included. Sums that cannot occur have a value without meaning.

    >>> rank_sum_p_values((1, 1, 1), 1)[[2, 4, 6]].round(3)
    array([0.667, 1.   , 0.667])
    """
    ranks = np.repeat(doubled_ranks(groups), groups)
    top = int(ranks[-n:].sum())
    ways = np.zeros((n + 1, top + 1), dtype=np.int64)
    ways[0, 0] = 1
    for rank in ranks:
        ways[1:, rank:] += ways[:-1, : top + 1 - rank]
    return _two_sided(ways[n])


@lru_cache(maxsize=_REMEMBERED)
def signed_rank_p_values(doubled: tuple[int, ...]) -> PValues:
    """Two-sided p-value of each doubled sum of the ranks that have a plus.

    Args:
        doubled: Twice the rank of each difference, at most ``LARGEST_PAIRS`` of them.

    Returns:
        As :func:`rank_sum_p_values` does.

    >>> signed_rank_p_values((2, 4, 6))[[0, 2, 4, 6]]
    array([0.25, 0.5 , 0.75, 1.  ])
    """
    ways = np.ones(1, dtype=np.int64)
    for rank in doubled:
        longer = np.zeros(len(ways) + rank, dtype=np.int64)
        longer[: len(ways)] = ways
        longer[rank:] += ways
        ways = longer
    return _two_sided(ways)


def _two_sided(ways: Whole) -> PValues:
    below = np.cumsum(ways)
    above = np.cumsum(ways[::-1])[::-1]
    p: PValues = np.minimum(1.0, 2 * np.minimum(below, above) / below[-1])
    p.flags.writeable = False
    return p
