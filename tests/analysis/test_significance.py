"""The verdict on each cell."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from cells import baseline, reaching, score
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import reaching as study_of

from harness.analysis.protocols import CORRECTED, ICST23
from harness.analysis.scores import scores
from harness.analysis.significance import DeclaredFamily, adjusted, verdicts
from harness.analysis.statistics import smallest_p_rank_sum
from harness.views.render import table3_markdown


def test_rounding_can_make_the_studys_test_significant() -> None:
    faulty = [0.19] * 4 + [0.18] * 6
    base = baseline(faulty=faulty, fixed=[0.04] * 10, metric="mae")
    unchanged = reaching([0.184] * 10, metric="mae")
    assert score(unchanged, base, ICST23)["significant"]
    assert not score(unchanged, base, CORRECTED)["significant"]


def figures(p: float | None, **changes: Any) -> dict[str, Any]:
    """A row of the scores before its verdict."""
    setting = {
        "fault": "M1",
        "technique": "random",
        "budget": 20.0,
        "clock": "work",
        "protocol": "corrected",
        "space": "corrected",
    }
    values = {"metric": "accuracy", "mean": 0.5, "faulty_mean": 0.2, "a12": 0.8, "ir": 0.5}
    return {**setting, **values, "p_mannwhitney": p, "p_wilcoxon": p, **changes}


def test_holm_counts_the_cells_of_one_setting() -> None:
    rows = [figures(0.02), figures(0.04), figures(0.02, budget=50.0), figures(None)]
    judged = verdicts(rows, CORRECTED)
    assert [row["p_holm"] for row in judged] == [0.04, 0.04, 0.02, None]
    assert [row["significant"] for row in judged] == [True, True, True, False]
    assert "p_holm" not in rows[0]


@pytest.mark.parametrize(
    ("changes", "significant", "repaired"),
    [
        ({}, True, True),
        ({"a12": 0.7}, True, False),  # below the protocol's 0.71
        ({"a12": 0.5}, False, False),
        ({"mean": 0.1}, False, False),
        ({"mean": 0.1, "metric": "mae"}, True, True),
    ],
)
def test_better_means_mean_and_ranks(
    changes: dict[str, Any], significant: bool, repaired: bool
) -> None:
    (row,) = verdicts([figures(0.01, **changes)], CORRECTED)
    assert (row["significant"], row["repaired"]) == (significant, repaired)


def test_a_protocol_may_ask_for_a_positive_rate_instead() -> None:
    protocol = replace(CORRECTED, require_ir_positive=True)
    assert verdicts([figures(0.01, a12=0.4)], protocol)[0]["significant"]
    assert not verdicts([figures(0.01, ir=None)], protocol)[0]["significant"]


FAMILY = DeclaredFamily("plan", ("M1", "M2"), ("a", "b"))


def test_a_declared_family_counts_cells_without_a_test() -> None:
    rows = [figures(0.01, technique="a"), figures(None, technique="b")]
    assert [row["p_holm"] for row in verdicts(rows, CORRECTED, FAMILY)] == [0.04, None]
    assert {row["tests"] for row in verdicts(rows, CORRECTED, FAMILY)} == {4}
    assert [row["p_holm"] for row in verdicts(rows, CORRECTED)] == [0.01, None]


def test_a_test_beyond_the_family_costs_the_declared_ones_nothing() -> None:
    new, far = {"technique": "new"}, {"fault": "M9", "technique": "new"}
    rows = [figures(0.01, technique="a"), figures(0.01, **new), figures(0.01, **far)]
    found = verdicts(rows, CORRECTED, FAMILY)
    # Two more cells for a technique on both faults; 3 x 3 with a fault more as well.
    assert [row["tests"] for row in found] == [4, 6, 9]
    assert [row["p_holm"] for row in found] == pytest.approx([0.04, 0.06, 0.09])
    assert FAMILY.pairs(frozenset("ab")) == {frozenset("ab")}
    assert len(FAMILY.duels(("M1", frozenset("ab")))) == 2
    assert len(FAMILY.duels(("M9", frozenset("ac")))) == 3 * 3


P_VALUES = st.lists(st.floats(1e-6, 1), min_size=12, max_size=12)


@settings(max_examples=50, deadline=None)
@given(P_VALUES, st.sampled_from([*product(("M1", "M2", "M3"), ("a", "b", "c", "d"))]))
def test_what_else_is_shown_changes_no_adjusted_value(
    p_values: list[float], cell: tuple[str, str]
) -> None:
    keys = list(product(("M1", "M2", "M3"), ("a", "b", "c", "d")))
    whole = dict(zip(keys, adjusted(keys, p_values, FAMILY.cells), strict=True))
    needed = [key for key in keys if key in FAMILY.cells(cell)]
    some = adjusted(needed, [p_values[keys.index(key)] for key in needed], FAMILY.cells)
    assert some[needed.index(cell)] == whole[cell]


STATED = re.compile(r"the smallest p that the test can give is ([0-9.e-]+)")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.9]), min_size=1, max_size=6),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.sampled_from([0.1, 0.2, 0.3]), min_size=1, max_size=5),
)
def test_nothing_is_starred_below_the_smallest_p_that_the_note_states(
    cells: list[list[float]], faulty: list[float]
) -> None:
    runs = [run for i, values in enumerate(cells) for run in reaching(values, technique=f"t{i}")]
    frame = scores(runs, {("M1", "default", 1.0): baseline(faulty=faulty)}, CORRECTED)
    note = table3_markdown(frame, CORRECTED)
    found = STATED.search(note)
    assert found is not None
    stated = float(found[1])  # rounded to two digits
    for _, row in frame.iterrows():
        assert stated <= 1.05 * smallest_p_rank_sum(int(row["n"]), len(faulty))
        assert row["p_mannwhitney"] >= 0.95 * stated and row["p_holm"] >= row["p_mannwhitney"]
    if "no outcome can be significant" in note:
        assert not frame["significant"].any()


def test_few_runs_against_constant_trainings_are_tested_exactly() -> None:
    constant = baseline(faulty=[0.5] * 10)
    one = score(reaching([0.9]), constant)
    assert one["p_mannwhitney"] == pytest.approx(2 / 11) and not one["significant"]
    assert score(reaching([0.9] * 3), constant)["p_mannwhitney"] == pytest.approx(2 / 286)


def test_two_tables_of_the_same_runs_have_the_same_stars() -> None:
    values = {
        (fault, technique): [0.21 + 0.01 * i + 0.3 * (technique == "b") for i in range(6)]
        for fault in ("M1", "M2", "M3")
        for technique in ("a", "b", "c")
    }
    whole = replace(study_of(values), family=FAMILY)
    assert whole.scores["significant"].any()
    for shown in ({("M1", "a")}, {("M3", "c"), ("M1", "b")}, {("M2", "a"), ("M2", "b")}):
        some = replace(
            whole,
            runs=[run for run in whole.runs if (run.fault, run.technique) in shown],
            context=[run for run in whole.runs if (run.fault, run.technique) not in shown],
            techniques=sorted({technique for _, technique in shown}),
        )
        assert len(some.scores) == len(shown) and set(some.faults) == {fault for fault, _ in shown}
        both = some.scores.merge(whole.scores, on=["fault", "technique"])
        for name in ("p_holm", "tests", "significant"):
            assert both[f"{name}_x"].tolist() == both[f"{name}_y"].tolist()
