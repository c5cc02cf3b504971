"""One row per cell."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cells import GOOD, baseline, confirmed, reaching, run, score
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.analysis.protocols import CORRECTED, ICST23
from harness.analysis.schemas import SCORES
from harness.analysis.scores import scores
from harness.vocabulary import HarnessError

WORST = replace(CORRECTED, no_better_is_no_patch=False, unjudged="worst")
UNPAIRED = ["mean", "std", "p_mannwhitney", "p_holm", "significant", "a12", "repaired", "ir"]


def test_a_row_by_hand() -> None:
    row = score(reaching(GOOD))
    assert row["mean"] == pytest.approx(0.84)
    assert row["std"] == pytest.approx((0.004 / 4) ** 0.5)
    assert (row["n"], row["n_baseline"]) == (5, 5)
    assert row["faulty_mean"] == pytest.approx(0.15) and row["fix_mean"] == pytest.approx(0.912)
    assert row["a12"] == 1
    assert row["p_wilcoxon"] == 2 / 32
    # The lists do not overlap: two of the 252 ways to deal ten values out, whatever is tied.
    assert row["p_mannwhitney"] == row["p_holm"] == pytest.approx(2 / 252)
    assert row["p_exact"] and not score(reaching(GOOD), protocol=ICST23)["p_exact"]
    assert row["significant"] and row["repaired"] and row["exposed"]
    assert row["ir"] == pytest.approx((0.84 - 0.15) / (0.912 - 0.15))
    assert row["ir_low"] < row["ir"] < row["ir_high"]
    assert row["complexity_mean"] == pytest.approx(2 / 3)
    assert row["fix_complexity"] == pytest.approx(1 / 3)
    assert (row["patches"], row["aj_as_defined_mean"], row["aj_as_published_mean"]) == (5, 1, 1)
    assert (row["no_better"], row["unjudged"], row["trials_mean"]) == (0, 0, 2)
    assert (row["training_seconds"], row["search_seconds"], row["other_seconds"]) == (100, 5, 15)
    assert row["training_time"] == 30
    assert (row["status"], row["protocol"], row["metric"]) == ("ok", "corrected", "accuracy")


def test_the_schema_survives_a_file(tmp_path: Path) -> None:
    frame = scores(
        reaching([None, None]) + reaching(GOOD, technique="hebo"),
        {("M1", "default", 1.0): baseline()},
        CORRECTED,
    )
    SCORES.write(frame, tmp_path / "scores.csv")
    pd.testing.assert_frame_equal(SCORES.read(tmp_path / "scores.csv"), frame)
    assert [*scores([], {}, CORRECTED).columns] == SCORES.names


def test_the_studys_row_by_hand() -> None:
    base = baseline(faulty=[0.10] * 5, fixed=[0.90] * 5)
    row = score(reaching([0.05, 0.304, 0.306, 0.5, 0.5]), base, ICST23)
    # The first falls back; mean and deviation see unrounded values, the rate 0.1, 0.3, 0.31, ...
    assert row["mean"] == pytest.approx((0.1 + 0.304 + 0.306 + 1.0) / 5)
    assert row["ir"] == pytest.approx(((0.1 + 0.3 + 0.31 + 1.0) / 5 - 0.1) / 0.8)
    assert row["patches"] == 4
    # One zero difference: normal approximation with W = 0, n = 4 and a tie of two.
    z = (0 - 5) / ((4 * 5 * 9 - (2**3 - 2) / 2) / 24) ** 0.5
    assert row["p_wilcoxon"] == pytest.approx(math.erfc(-z / 2**0.5))
    assert not row["significant"]


def test_the_paired_test_needs_equal_lengths() -> None:
    row = score(reaching(GOOD[:4]), protocol=ICST23)
    assert math.isnan(row["p_wilcoxon"]) and not row["significant"]


def test_nothing_is_dropped() -> None:
    runs = reaching([0.8, None, 0.9, None])
    row = score(runs)
    assert (row["n"], row["unjudged"], row["no_patch"], row["patches"]) == (4, 2, 2, 2)
    assert row["mean"] == pytest.approx((1.7 + 2 * 0.15) / 4)
    assert row["a12"] == 0.75  # two above all, two like the faulty program
    row = score(runs, protocol=WORST)
    assert (row["n"], row["unjudged"], row["patches"]) == (4, 2, 2)
    assert row["mean"] == pytest.approx(1.7 / 4)
    assert row["a12"] == 0.5
    # Without a worst value, the worst one seen stands in; ranks still come last.
    base = baseline(faulty=[5.0, 7.0], fixed=[1.0, 1.0], metric="mae")
    row = score(reaching([2.0, None], metric="mae"), base, WORST)
    assert row["mean"] == 4.5 and row["a12"] == 0.5
    row = score(reaching([9.0, None], metric="mae"), base, WORST)
    assert row["mean"] == 9.0 and row["a12"] == 0


def test_a_deviation_is_of_single_trainings_or_of_means() -> None:
    values = [0.8, 0.82, 0.84]
    single = score(reaching(values))
    assert single["std"] == single["std_single"] == pytest.approx(0.02)
    assert single["std_of"] == "single trainings" and math.isnan(single["std_confirmed"])
    again = [
        replace(r, confirmed=confirmed(v - 0.1, v - 0.3))
        for r, v in zip(reaching(values), (0.8, 0.9, 1.0), strict=True)
    ]
    row = score(again)
    assert row["std_of"] == "means of re-trainings"
    assert row["std"] == row["std_confirmed"] == pytest.approx(0.1)
    assert row["std_single"] == pytest.approx(0.02)
    unconfirmed = score(again, protocol=replace(CORRECTED, confirmed_counts=False))
    assert unconfirmed["std_of"] == "single trainings"
    assert unconfirmed["std"] == pytest.approx(0.02) and unconfirmed["std_confirmed"] > 0.09
    mixed = score([*again[:2], replace(again[2], confirmed=())])
    assert mixed["std_of"] == "both" and math.isnan(mixed["std_confirmed"])


def test_unexposed_faults_have_no_improvement_rate() -> None:
    base = baseline(fixed=[0.1, 0.2, 0.15, 0.2, 0.16])
    row = score(reaching(GOOD), base)
    assert row["status"] == "not_exposed" and math.isnan(row["ir"]) and math.isnan(row["ir_low"])
    assert row["significant"] and not row["exposed"]
    row = score(reaching(GOOD), base, ICST23)
    assert row["status"] == "ok" and row["ir"] > 1
    row = score(reaching(GOOD), baseline(fixed=baseline().faulty_holdout), ICST23)
    assert math.isnan(row["ir"])


def test_statuses() -> None:
    assert score(reaching([None, None]))["status"] == "timed_out"
    assert score(reaching([0.1, None, 0.12]))["status"] == "no_better"
    assert score(reaching([0.1, 0.9]))["status"] == "ok"
    assert score([run(i, status="not_applicable") for i in range(3)])["status"] == "not_applicable"
    unexposed = baseline(fixed=baseline().faulty_holdout)
    assert score([run(0, status="not_applicable")], unexposed)["status"] == "not_exposed"


def test_a_technique_that_declines() -> None:
    declined = [run(i, status="no_symptom") for i in range(3)]
    row = score(declined)
    assert row["status"] == "no_symptom" and (row["n"], row["unjudged"]) == (3, 3)
    assert all(math.isnan(row[name]) for name in ("mean", "std", "p_mannwhitney", "a12", "ir"))
    assert not row["significant"]
    assert score(declined, protocol=ICST23)["ir"] == 0


def test_a_faulty_program_that_never_trains() -> None:
    row = score(reaching([0.5, None]), baseline(faulty=()))
    assert row["n_baseline"] == 0 and math.isnan(row["p_mannwhitney"])
    assert row["mean"] == 0.25 and not row["significant"] and row["no_better"] == 0
    row = score(reaching([None], metric="mae"), baseline(faulty=(), metric="mae"))
    assert math.isnan(row["mean"]) and row["status"] == "not_exposed"


def test_rows_are_in_natural_order_and_families_are_budgets() -> None:
    base = baseline()
    runs = [
        run
        for fault in ("D10", "D2")
        for technique in ("random", "hebo")
        for budget in (50.0, 20.0)
        for run in reaching(GOOD, fault=fault, technique=technique, budget=budget)
    ]
    frame = scores(runs, {(f, "default", 1.0): base for f in ("D2", "D10")}, CORRECTED)
    assert frame["budget"].tolist() == [20.0] * 4 + [50.0] * 4
    assert frame["fault"].tolist() == ["D2", "D2", "D10", "D10"] * 2
    assert frame["technique"].tolist() == ["hebo", "random"] * 4
    assert frame["p_holm"].tolist() == pytest.approx((4 * frame["p_mannwhitney"]).tolist())


def test_bad_input_is_explained() -> None:
    with pytest.raises(HarnessError, match="no baseline for fault 'M1'"):
        scores(reaching(GOOD), {}, CORRECTED)
    with pytest.raises(HarnessError, match="repetition 0 occurs 2 times"):
        score(reaching(GOOD) + reaching(GOOD[:1]))
    with pytest.raises(HarnessError, match="measured by mae, its baseline by accuracy"):
        score(reaching(GOOD, metric="mae"))


RESULTS = st.lists(
    st.one_of(st.none(), st.sampled_from([0.1, 0.2, 0.5, 0.9])), min_size=4, max_size=6
)


@settings(max_examples=20, deadline=None)
@given(RESULTS, st.randoms())
def test_relabelling_repetitions_changes_no_unpaired_figure(
    values: list[float | None], random: Any
) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)
    for protocol in (CORRECTED, replace(ICST23, test="mannwhitney")):
        one, two = (
            score(reaching(values), protocol=protocol),
            score(reaching(shuffled), protocol=protocol),
        )
        for name in [*UNPAIRED, "ir_low", "ir_high"]:
            assert one[name] == pytest.approx(two[name], nan_ok=True)


@settings(max_examples=20, deadline=None)
@given(RESULTS)
def test_negating_the_metric_changes_no_verdict(values: list[float | None]) -> None:
    up, base = reaching(values), baseline()
    negated: dict[str, Any] = {
        name: [-x for x in getattr(base, name)]
        for name in ("faulty_holdout", "fixed_holdout", "faulty_search", "fixed_search")
    }
    opposite = [None if v is None else -v for v in values]
    one = score(up, base)
    two = score(reaching(opposite, metric="mae"), replace(base, metric="mae", **negated))
    assert one["status"] == two["status"] and one["exposed"] == two["exposed"]
    for name in ("p_wilcoxon", "p_mannwhitney", "p_holm", "a12"):
        assert one[name] == pytest.approx(two[name], nan_ok=True)
    if None not in values:
        # The stand-in of an unjudged run depends on whether the metric has a worst value.
        assert bool(one["significant"]) == bool(two["significant"])
        assert one["ir"] == pytest.approx(two["ir"])


def test_the_analysis_imports_no_framework() -> None:
    code = (
        "import sys, harness.views.render; "
        "print([m for m in ('ray', 'keras', 'torch', 'tensorflow', 'jax') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
