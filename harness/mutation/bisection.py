"""The search for the mildest value that kills, between a program's own value and the extreme."""

from __future__ import annotations

import math
from collections.abc import Callable

from harness.mutation.mutation_operators import Range


def bisect(span: Range, killed: Callable[[float], bool]) -> tuple[float, float] | None:
    """The mildest killed value of a range and its neighbour that survives.

    The most aggressive value is tried first. If it kills, the midpoint replaces the aggressive end
    where it kills and the mild end where it does not, until both are within the precision.

    Args:
        span: Its values are rounded to the digits of its precision, or to whole numbers.
        killed: Tells of one value whether its mutant is killed; asked once for each value.

    Returns:
        (mildest killed, neighbour that survives, at first the original), None if even the most
        aggressive value survives.

    Source: DeepCrime's tool, binary search.

    >>> span = Range("HNE", "epochs", mild=10, aggressive=1, precision=1, whole=True)
    >>> bisect(span, lambda epochs: epochs <= 4)
    (4, 5)
    """
    mild, aggressive = span.mild, _rounded(span, span.aggressive)
    if not killed(aggressive):
        return None
    while abs(mild - aggressive) > span.precision * (1 + 1e-9):
        middle = _rounded(span, (mild + aggressive) / 2)
        if middle in (mild, aggressive):
            break
        if killed(middle):
            aggressive = middle
        else:
            mild = middle
    return aggressive, mild


def _rounded(span: Range, value: float) -> float:
    if span.whole:
        return math.floor(value + 0.5)
    return round(value, math.ceil(-math.log10(span.precision) - 1e-9))
