"""The printed figures beside the computed ones."""

from __future__ import annotations

from harness.analysis.published.agreement import Item, agreement, side_by_side
from harness.analysis.published.answers import Answer


def test_every_printed_figure_of_the_searchers_comes_out(published: Answer) -> None:
    items = agreement(published)
    by_name = {item.name: item for item in items}
    for what in ("means", "standard deviations", "marks"):
        item = by_name[f"Table III, {what}, searchers"]
        assert (item.cells, item.agree) == (90, 90), item.differ
    assert all(item.agree + item.within == item.cells for item in items)
    assert sum(item.cells for item in items) == 365
    assert "0.76 (0.24)* = 0.76 (0.24)*" in side_by_side(published).markdown().replace("\\", "")


def test_an_item_counts_what_differs_and_what_draws_explain() -> None:
    item = Item("means")
    item.add("D1", "0.5", "0.5")
    item.add("D2", "0.5", "0.6")
    assert (item.cells, item.agree, item.within) == (2, 1, 0)
    assert len(item.differ) == 1 and "D2" in item.differ[0]
