"""The study's figures and claims as tables for people."""

from __future__ import annotations

from dataclasses import fields

from harness.analysis.protocols import CORRECTED, ICST23, Protocol
from harness.analysis.published import sheets
from harness.analysis.published.answers import Answer


def cells(layout: sheets.Layout) -> list[list[str]]:
    return [[field.text for field in row] for row in layout.rows]


def test_counts_of_the_techniques(published: Answer) -> None:
    rows = {row[0]: row for row in cells(sheets.summary_sheet(published))}
    assert rows["random"][1:5] == ["14", "17", "23", "33"]
    assert rows["hebo"][6].startswith("0.55 [")
    assert rows["autotrainer"][1:5] == ["6", "10", "11", "27"]


def test_boxes_of_the_figures(published: Answer) -> None:
    one = cells(sheets.improvement_sheet(published))
    assert [row[:2] for row in one[:3]] == [["random", b] for b in ("10", "20", "50")]
    assert len(cells(sheets.complexity_sheet(published))) == 23
    two = sheets.values(published, ["R4"])
    assert len(two.rows) == 9
    assert "the first faulty value takes the place" in two.notes[0]


def test_both_formulas_of_the_asymmetric_jaccard(published: Answer) -> None:
    rows = cells(sheets.jaccards(published))
    assert ["real", "as coded", "significant", "656", "0.967"] in [row[:5] for row in rows]
    assert ["artificial", "as defined", "significant", "830", "0.819"] in [row[:5] for row in rows]


def test_the_choices_are_the_fields_that_differ() -> None:
    rows = cells(sheets.choices(ICST23, CORRECTED))
    differing = [
        f.name
        for f in fields(Protocol)
        if f.name != "name" and getattr(ICST23, f.name) != getattr(CORRECTED, f.name)
    ]
    assert [row[0] for row in rows] == differing
    assert cells(sheets.choices(ICST23, ICST23)) == []
