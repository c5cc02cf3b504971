"""The schemas of the analysis' tables."""

from __future__ import annotations

import pytest

from harness.analysis import schemas
from harness.analysis.schemas import SCORES, SETTING, SUMMARY, OpenTable
from harness.records.tables import Table, table

ALL = [value for value in vars(schemas).values() if isinstance(value, Table)]


def test_each_column_has_a_type_and_a_meaning() -> None:
    for schema in ALL:
        for column in schema.columns:
            assert column.type in ("str", "int", "float", "bool"), column
            assert column.meaning, column


def test_scores_and_summary_share_the_setting() -> None:
    for schema in (SCORES, SUMMARY):
        assert set(SETTING) <= set(schema.names)


def test_a_column_joins_an_open_table() -> None:
    few = table("few", "fault | str | | its id")
    grown = OpenTable(few.name, few.columns)
    grown.add("best | float | metric | best run")
    grown.add("best | float | metric | best run")
    assert grown.names == ["fault", "best"]
    assert (grown.columns[1].unit, grown.columns[1].meaning) == ("metric", "best run")
    with pytest.raises(ValueError, match="table few has another column best"):
        grown.add("best | int | | another")
    assert few.names == ["fault"]
