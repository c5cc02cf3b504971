"""Smaller budgets that end within a training: where a run of a larger one is judged as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.records.clocks import ClockFace, ClockRow
from harness.techniques.contract import Train

MARKED = (5.0, 10.0, 20.0)
"""Budgets at which every longer run is judged, as multiples of T."""


def marks_of(clock: ClockRow, budget: float, one: float) -> Sequence[tuple[float, float]]:
    """(budget, charge of the whole run when it would end), for each smaller marked budget.

    None for clocks that charge measured seconds: where a training would be cut is not known
    before it.
    """
    if clock.timed or not clock.limit:
        return ()
    return tuple((marked, marked * one) for marked in MARKED if marked < budget)


def ahead(train: Train, clock: ClockFace) -> dict[str, Any]:
    """The marks that lie ahead of a training, as an argument of ``train``; none if it has none."""
    marks = getattr(train, "marks", ())
    spent = clock.spent
    found = tuple((budget, end - spent) for budget, end in marks if end > spent)
    return {"marks": found} if found else {}
