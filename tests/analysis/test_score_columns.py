"""The figures of a cell, and columns that other modules add to the scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from studies import FAST, baseline, run

from harness.analysis.schemas import SCORES
from harness.analysis.score_columns import CELL_FIGURES, score_column
from harness.analysis.scores import scores
from harness.analysis.winners import RunResult
from harness.records.run import Run

BASELINES = {("M1", "default", 1.0): baseline("M1")}
RUNS = [run([(2, 0.4), (4, None)]), run([(2, 0.7)], repetition=1)]


@pytest.fixture
def as_before() -> Iterator[None]:
    """Columns and functions that a test adds are gone after it."""
    columns, functions = SCORES.columns, dict(CELL_FIGURES)
    yield
    object.__setattr__(SCORES, "columns", columns)
    CELL_FIGURES.clear()
    CELL_FIGURES.update(functions)


def best(cell: Sequence[Run], results: Sequence[RunResult]) -> float | None:
    return max((r.value for r in results if r.value is not None), default=None)


@pytest.mark.usefixtures("as_before")
def test_a_column_is_one_function_and_its_text() -> None:
    score_column("float | metric | best run")(best)
    frame = scores(RUNS, BASELINES, FAST)
    assert list(frame.columns)[-1] == "best"
    assert frame["best"].tolist() == [0.7]
    nothing = [replace(r, trials=[]) for r in RUNS]
    strict = replace(FAST, unjudged="worst")
    assert scores(nothing, BASELINES, strict)["best"].isna().all()


@pytest.mark.usefixtures("as_before")
def test_a_module_may_be_loaded_twice() -> None:
    for _ in range(2):
        score_column("float | metric | best run")(best)
    assert SCORES.names.count("best") == 1


@pytest.mark.usefixtures("as_before")
@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("best", None, "table scores has no column best"),
        ("mean", "float | metric | best run", "table scores has another column mean"),
        ("best", "best run", r"is 'name \| type \| unit \| meaning'"),
        ("best", "number | metric | best run", "of type str, int, float or bool"),
    ],
)
def test_a_column_that_cannot_be_added_is_named(name: str, text: str | None, message: str) -> None:
    def function(cell: Sequence[Run], results: Sequence[RunResult]) -> float:
        return 0.0

    function.__name__ = name
    before = SCORES.columns, dict(CELL_FIGURES)
    with pytest.raises(ValueError, match=message):
        score_column(text)(function)
    assert (SCORES.columns, CELL_FIGURES) == before


def test_every_function_has_its_column() -> None:
    assert set(CELL_FIGURES) <= set(SCORES.names)
    row = scores(RUNS, BASELINES, FAST).iloc[0]
    assert (row["unjudged"], row["no_better"], row["n_prefix"], row["trials_mean"]) == (
        0,
        0,
        0,
        1.5,
    )
    assert (row["training_seconds"], row["search_seconds"], row["other_seconds"]) == (10, 1, 1)
