from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.schemas import SCORES
from harness.records.outcome import Outcome
from harness.records.tables import Column, Table
from harness.vocabulary import HarnessError, TrialStatus, changed

TABLE = Table("t", (Column("a", "str", "", "name"), Column("b", "float", "s", "time")))


@pytest.mark.parametrize(
    ("status", "search", "holdout"),
    [
        (TrialStatus.COMPLETED, None, None),
        (TrialStatus.COMPLETED, 0.5, None),
        (TrialStatus.DIVERGED, 0.5, 0.5),
        (TrialStatus.CUT, 0.5, None),
        (TrialStatus.COMPLETED, float("nan"), 0.5),
    ],
)
def test_an_outcome_refuses_nonsense(status, search, holdout) -> None:
    with pytest.raises(ValueError, match="Received"):
        Outcome(status=status, seconds=1.0, search=search, holdout=holdout)


def test_a_cut_trial_may_be_judged_or_not() -> None:
    assert Outcome(status=TrialStatus.CUT, seconds=1.0, search=0.5, holdout=0.4).judged
    assert not Outcome(status=TrialStatus.CUT, seconds=1.0).judged


def test_a_table_has_its_columns_and_keeps_what_is_missing(tmp_path: Path) -> None:
    frame = TABLE.frame([{"a": "x", "b": 1 / 3}, {"a": None, "b": None}])
    TABLE.write(frame, tmp_path / "t.csv")
    again = TABLE.read(tmp_path / "t.csv")
    pd.testing.assert_frame_equal(frame, again)
    assert again["b"][0] == 1 / 3
    assert again["a"].isna()[1]


@pytest.mark.parametrize("row", [{"a": "x"}, {"a": "x", "b": 1.0, "c": 2}])
def test_a_row_with_other_columns_is_refused(row) -> None:
    with pytest.raises(ValueError, match="missing .*unknown"):
        TABLE.frame([row])


def test_a_file_that_is_no_such_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,x\n1,2\n")
    with pytest.raises(HarnessError, match=r"t\.csv is no table 't': it lacks the columns \['b'\]"):
        TABLE.read(tmp_path / "t.csv")


def test_every_column_of_the_scores_has_a_meaning() -> None:
    assert all(c.meaning and c.type in ("str", "int", "float", "bool") for c in SCORES.columns)


configurations = st.fixed_dictionaries(
    {"epochs": st.integers(1, 5), "loss": st.sampled_from(["a", "b"])}
)


@given(configurations, configurations)
def test_a_patch_leads_from_one_configuration_to_the_other(before, after) -> None:
    patch = changed(before, after)
    assert {**before, **{name: new for name, (_, new) in patch.items()}} == after
    assert all(before[name] == old for name, (old, _) in patch.items())


def test_configurations_of_different_programs_have_no_patch() -> None:
    with pytest.raises(ValueError, match="units_1"):
        changed({"epochs": 1}, {"epochs": 1, "units_1": 2})
