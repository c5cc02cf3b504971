"""The table of published trials, and files that are none."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from harness.analysis.published import Published
from harness.analysis.published.trials import TRIALS_FILE, checked, read_trials
from harness.vocabulary import HarnessError


def test_a_parquet_with_missing_columns_is_one_message(tmp_path: Path) -> None:
    pd.DataFrame({"fault": ["D1"], "trial": [0]}).to_parquet(tmp_path / TRIALS_FILE)
    with pytest.raises(HarnessError, match="no table of published trials: it lacks .*technique"):
        read_trials(tmp_path / TRIALS_FILE)


def test_a_file_that_is_no_parquet_is_one_message(tmp_path: Path) -> None:
    (tmp_path / TRIALS_FILE).write_text("fault,technique\n")
    with pytest.raises(HarnessError, match="cannot be read as a table of trials"):
        read_trials(tmp_path / TRIALS_FILE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"technique": "annealing"}, "column technique says annealing"),
        ({"budget": 30}, "column budget says 30"),
        ({"trial": 1}, "no run of D1 has its first trial"),
    ],
)
def test_odd_trials_are_one_message(
    study: Published, change: dict[str, object], message: str
) -> None:
    few = study.trials[study.trials["fault"] == "D1"].head(1)
    with pytest.raises(HarnessError, match=message):
        checked(few.assign(**change), "here")
    with pytest.raises(HarnessError, match="1 trials occur twice"):
        checked(pd.concat([few, few]), "here")
    with pytest.raises(HarnessError, match="holds no trials"):
        checked(few.head(0), "here")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("repeat", -1),
        ("repeat", 0.5),
        ("trial", float("nan")),
        ("search_metric", float("inf")),
        ("holdout_metric", "much"),
        ("train_s", -3.0),
        ("start_s", float("-inf")),
    ],
)
def test_a_number_that_cannot_be_is_one_message(
    study: Published, column: str, value: object
) -> None:
    few = study.trials[study.trials["fault"] == "D1"].head(3)
    odd = few.astype({column: object})
    odd.iloc[1, odd.columns.get_loc(column)] = value
    with pytest.raises(HarnessError, match=f"row 2 has {value!r} as {column}, which is no "):
        checked(odd, "here")
    with pytest.raises(HarnessError, match=f"the column {column} holds numbers as text"):
        checked(few.assign(**{column: ["0", "0", "0"]}), "here")
