"""Columns that other modules add to the scores."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.analysis import score_columns
from harness.analysis.schemas import SCORES
from harness.analysis.score_columns import CELL_FIGURES


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Columns and functions that a test adds are gone after it."""
    columns = SCORES.columns
    monkeypatch.setattr(score_columns, "CELL_FIGURES", CELL_FIGURES)
    before = dict(CELL_FIGURES)
    yield
    object.__setattr__(SCORES, "columns", columns)
    CELL_FIGURES.clear()
    CELL_FIGURES.update(before)
