"""The tables of a study, those of other modules among them."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
from studies import reaching

from harness.analysis import study_tables
from harness.analysis.runset import RunSet
from harness.analysis.study_tables import STUDY_TABLES, added_tables, study_table
from harness.records.tables import table

STUDY = reaching({("M1", "a"): [0.3, 0.4], ("M1", "b"): [0.6], ("M2", "a"): [0.5]})
SIZES = table("sizes", "fault | str | | its id\nruns | int | | of all techniques")


@pytest.fixture
def added() -> Iterator[None]:
    @study_table(SIZES)
    def sizes(study: RunSet) -> pd.DataFrame:
        counts = study.scores.groupby("fault")["n"].sum()
        return SIZES.frame({"fault": fault, "runs": n} for fault, n in counts.items())

    yield
    del study_tables._tables["sizes"]


def test_each_function_fills_its_schema() -> None:
    for name, (schema, make) in STUDY_TABLES.items():
        assert name == schema.name
        assert [*make(STUDY).columns] == schema.names
    assert added_tables() == []


@pytest.mark.usefixtures("added")
def test_another_module_adds_a_table() -> None:
    assert [*STUDY_TABLES][-1] == "sizes"
    (row,) = added_tables()
    assert row.make(STUDY).to_dict("list") == {"fault": ["M1", "M2"], "runs": [3, 1]}


def test_a_table_of_the_package_stays() -> None:
    with pytest.raises(ValueError, match="table scores is one of the package"):
        study_table(table("scores", "fault | str | | its id"))
