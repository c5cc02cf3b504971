"""The numbers behind the study's figures and text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import cbook

from harness.analysis.published.answers import ALL, Answer, box
from harness.vocabulary import HarnessError


@given(st.lists(st.floats(-100, 100).map(lambda v: round(v, 3)), min_size=1, max_size=40))
def test_a_box_is_what_matplotlib_draws(values: list[float]) -> None:
    drawn, (told,) = box(values), cbook.boxplot_stats(values)
    assert drawn is not None
    expected = [told[name] for name in ("whislo", "q1", "med", "q3", "whishi")]
    assert drawn[1:6] == pytest.approx(expected)
    assert sorted(drawn.outliers) == pytest.approx(sorted(told["fliers"]))


def test_counts_of_the_study(published: Answer) -> None:
    """Kim et al., ICST 2023, and its replication package."""
    assert published.cases == 52
    assert [published.significant_in_comparable(t) for t in ALL] == [33, 36, 35, 27]
    counts = {t: [published.significant(t, b) for b in (10, 20, 50)] for t in ALL}
    assert counts == {
        "random": [14, 17, 23],
        "hebo": [11, 19, 26],
        "bohb": [18, 19, 25],
        "autotrainer": [6, 10, 11],
    }


def test_rates_patches_and_deviations_of_the_study(published: Answer) -> None:
    medians = [published.improvement_median(t, 20).value for t in ALL]
    assert medians == pytest.approx([0.5455, 0.5502, 0.4539, 0.1752], abs=5e-5)
    shares = {
        way: [published.jaccard(way, faults=published.real(real)) for real in (True, False)]
        for way in ("as_published", "as_defined")
    }
    assert [s.n for s in shares["as_published"]] == [656, 830]
    assert [s.mean for s in shares["as_published"]] == pytest.approx([0.967, 0.905], abs=5e-4)
    assert [s.mean for s in shares["as_defined"]] == pytest.approx([0.918, 0.819], abs=5e-4)
    deviations = [published.mean_deviation(t) for t in ("random", "hebo", "bohb")]
    assert deviations == pytest.approx([0.0853, 0.0598, 0.0935], abs=5e-5)


def test_complexities_of_the_study(published: Answer) -> None:
    faults = list(published.study.facts)
    assert sum(published.complexity_box(name) is not None for name in faults) == 23
    fixes = {name: published.fix_complexity(name) for name in ("M1", "D2", "D5", "U2", "R1", "D3")}
    expected = {"M1": 1 / 21, "D2": 3 / 21, "D5": 2 / 19, "U2": 1 / 19, "R1": 1 / 12, "D3": 6 / 13}
    assert fixes == pytest.approx(expected)


def test_an_empty_cell_equals_nothing_to_the_studys_scripts(published: Answer) -> None:
    """13 of 270 cells, all of the two faults that start with no activation."""
    plain = replace(published, protocol=replace(published.protocol, empty_counts=False))
    own, other = (a.cells.set_index(["fault", "technique", "budget"]) for a in (published, plain))
    both = own["complexity_mean"].compare(other["complexity_mean"]).dropna()
    assert len(both) == 13 and {fault for fault, *_ in both.index} == {"D4", "D9"}
    assert (both["self"] > both["other"]).all()


def test_figure_2_clamps_to_the_first_faulty_value(published: Answer, corrected: Answer) -> None:
    as_found = replace(corrected.protocol, no_better_is_no_patch=False)
    answers = (published, corrected, replace(corrected, protocol=as_found))
    clamped, own, found = (a.values("R4", "hebo", 10) for a in answers)
    assert clamped is not None and own is not None and found is not None
    assert clamped.low == 0.66 and found.low < 0.5
    # No run finds anything better on the search part: each counts as the faulty mean.
    assert own.low == own.high == pytest.approx(0.653, abs=5e-4)
    with pytest.raises(HarnessError, match="no published fault 'R9'"):
        published.values("R9", "hebo", 10)


def test_the_corrected_analysis_of_unityeyes(corrected: Answer) -> None:
    cells = corrected.cells
    eyes = cells[cells["fault"].str.startswith("U") & (cells["technique"] != "autotrainer")]
    assert len(eyes) == 72 and not eyes["significant"].any()
    assert not (eyes["mean"] < 0.0045).any()


def test_the_corrected_analysis_flags_what_it_cannot_compare(corrected: Answer) -> None:
    assert set(corrected.flags()) == {"R5", "U7"}
    cells = corrected.cells
    assert set(cells.loc[~cells["exposed"], "fault"]) == {"D8"}
    assert cells.loc[cells["fault"] == "D8", "ir"].isna().all()


def test_an_interval_is_seeded_and_holds_the_median(published: Answer) -> None:
    first, second = (published.improvement_median("hebo", 20) for _ in range(2))
    assert first == second and first.low < first.value < first.high  # type: ignore[operator]


def test_the_summary_is_plain_json(corrected: Answer) -> None:
    summary = corrected.summary()
    assert summary["significant"]["random"]["20"] == corrected.significant("random", 20)
    assert summary["comparable_cases"] == 52
    assert np.isfinite(summary["aj"]["as_defined"]["real"]["significant"]["mean"])
