"""Techniques against each other on one fault."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from studies import reaching

from harness.analysis import statistics as stats
from harness.analysis.duels import compared, duels
from harness.analysis.ranks import pairs
from harness.analysis.runset import RunSet
from harness.analysis.schemas import DUELS
from harness.analysis.significance import DeclaredFamily

LOW = [0.30, 0.31, 0.31, 0.32, 0.33, 0.33]
HIGH = [0.60, 0.61, 0.61, 0.62, 0.63, 0.63]
CELLS = {
    ("M1", "a"): HIGH, ("M1", "b"): LOW, ("M1", "c"): LOW,
    ("M2", "a"): LOW, ("M2", "b"): LOW, ("M2", "c"): HIGH,
}  # fmt: skip
STUDY = reaching(CELLS)


def only(study: RunSet, *techniques: str) -> RunSet:
    """The study with some techniques shown."""
    return replace(
        study,
        runs=[run for run in study.runs if run.technique in techniques],
        context=[run for run in study.runs if run.technique not in techniques],
        techniques=list(techniques),
    )


def test_duels_by_hand() -> None:
    table = duels(STUDY)
    assert [*table.columns] == DUELS.names and len(table) == 3 * 2
    first = table.iloc[0]
    assert (first["fault"], first["first"], first["second"]) == ("M1", "a", "b")
    assert (first["a12"], first["better"], first["n_first"]) == (1.0, "a", 6)
    assert first["p_mannwhitney"] == pytest.approx(stats.smallest_p_rank_sum(6, 6))
    assert first["p_holm"] == pytest.approx(6 * first["p_mannwhitney"]) and first["tests"] == 6
    assert first["p_exact"] and first["mean_first"] == pytest.approx(0.6166666)
    same = table[(table["fault"] == "M2") & (table["second"] == "b")].iloc[0]
    assert same["a12"] == 0.5 and same["p_mannwhitney"] == 1 and pd.isna(same["better"])


def test_a_comparison_can_be_turned() -> None:
    one, other = compared(STUDY, "a", "c"), compared(STUDY, "c", "a")
    assert one["fault"].tolist() == other["fault"].tolist() == ["M1", "M2"]
    assert one["a12"].tolist() == [1, 0] and other["a12"].tolist() == [0, 1]
    assert one["mean_first"].tolist() == other["mean_second"].tolist()
    assert one["better"].tolist() == other["better"].tolist() == ["a", "c"]


def test_wins_and_losses_are_those_of_the_duels() -> None:
    table = pairs(STUDY).set_index(["first", "second"])
    assert table.loc[("a", "b"), ["wins", "losses"]].tolist() == [1, 0]
    assert table.loc[("a", "c"), ["wins", "losses"]].tolist() == [1, 1]
    assert table.loc[("b", "c"), ["wins", "losses"]].tolist() == [0, 1]


@pytest.mark.parametrize(
    "family",
    [
        None,
        DeclaredFamily("p", ("M1", "M2"), ("a", "b", "c")),
        DeclaredFamily("p", ("M1",), ("a",)),
    ],
)
def test_what_is_shown_changes_no_verdict(family: DeclaredFamily | None) -> None:
    study = replace(STUDY, family=family)
    whole = duels(study)
    some = duels(only(study, "a", "c"))
    same = whole[(whole["first"] == "a") & (whole["second"] == "c")].reset_index(drop=True)
    assert some[["p_holm", "tests", "better"]].equals(same[["p_holm", "tests", "better"]])


def test_the_family_counts_what_has_no_runs() -> None:
    family = DeclaredFamily("p", ("M1", "M2", "M3"), ("a", "b", "c", "d"))
    table = duels(replace(STUDY, family=family))
    assert set(table["tests"]) == {3 * 6}
    assert table["p_holm"].iloc[0] == pytest.approx(18 * table["p_mannwhitney"].iloc[0])
