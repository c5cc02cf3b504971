"""Columns of the scores that need no more than a cell's runs and their results.

One function a column. A module outside the package adds a column by a function marked
:func:`score_column`; it must be imported before the scores are computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import fmean

from harness.analysis.metrics import complexity
from harness.analysis.reference import mean_or_none
from harness.analysis.schemas import SCORES
from harness.analysis.winners import RunResult
from harness.records.run import Minimised, Run
from harness.vocabulary import changed

CellFigure = Callable[[Sequence[Run], Sequence[RunResult]], float | str | None]
"""A figure of one cell, from its runs and the result of each; None where it is missing."""

CELL_FIGURES: dict[str, CellFigure] = {}
"""Column of the scores -> the function that computes it."""


def score_column(text: str | None = None) -> Callable[[CellFigure], CellFigure]:
    """Make a function of a cell the column of the scores that has the function's name.

    Args:
        text: The column as ``type | unit | meaning``, which joins the table ``SCORES`` at its end;
            by default a column that the schema has already.

    Raises:
        ValueError: If the schema has another column of that name, or none and no text is given.

    Example::

        @score_column("float | s | seconds of the longest run")
        def longest_run(cell, results):
            return max(run.total_seconds for run in cell)
    """

    def register(function: CellFigure) -> CellFigure:
        name = function.__name__
        if text is not None:
            SCORES.add(f"{name} | {text}")
        elif name not in SCORES.names:
            raise ValueError(f"table {SCORES.name} has no column {name}: give its text")
        CELL_FIGURES[name] = function
        return function

    return register


@score_column()
def no_better(cell: Sequence[Run], results: Sequence[RunResult]) -> float:
    return sum(r.judged and not r.better for r in results)


@score_column()
def no_patch(cell: Sequence[Run], results: Sequence[RunResult]) -> float:
    return sum(r.no_patch for r in results)


@score_column()
def unjudged(cell: Sequence[Run], results: Sequence[RunResult]) -> float:
    return sum(not r.judged for r in results)


@score_column()
def n_prefix(cell: Sequence[Run], results: Sequence[RunResult]) -> float:
    return sum(run.prefix_of is not None for run in cell)


@score_column()
def minimised_complexity(cell: Sequence[Run], results: Sequence[RunResult]) -> float | None:
    """Of the runs whose patch was minimised; missing if there are none."""
    return mean_or_none(
        [complexity(r.faulty, m.configuration) for r, m in _minimised(cell, results)]
    )


@score_column()
def n_minimised(cell: Sequence[Run], results: Sequence[RunResult]) -> float:
    return len([*_minimised(cell, results)])


@score_column()
def minimised_trainings(cell: Sequence[Run], results: Sequence[RunResult]) -> float | None:
    return mean_or_none([float(m.trainings) for _, m in _minimised(cell, results)])


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


@score_column()
def trials_mean(cell: Sequence[Run], results: Sequence[RunResult]) -> float:
    return fmean(len({row.proposal for row in run.trials}) for run in cell)


@score_column()
def training_seconds(cell: Sequence[Run], results: Sequence[RunResult]) -> float:
    return fmean(run.training_seconds for run in cell)


@score_column()
def search_seconds(cell: Sequence[Run], results: Sequence[RunResult]) -> float:
    return fmean(run.search_seconds for run in cell)


@score_column()
def other_seconds(cell: Sequence[Run], results: Sequence[RunResult]) -> float:
    return fmean(r.total_seconds - r.training_seconds - r.search_seconds for r in cell)
