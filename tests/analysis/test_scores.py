from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import recorded_trial

from harness.analysis import scores as analysis
from harness.analysis.protocols import CORRECTED, ICST23, Protocol
from harness.analysis.schemas import SCORES, SUMMARY
from harness.analysis.scores import exposure, run_result, scores, summarise, winner
from harness.records.baseline import Baseline
from harness.records.outcome import Outcome, Trial
from harness.records.run import Confirmation, Run
from harness.records.tables import Column, Table
from harness.vocabulary import HarnessError, TrialStatus, Value

FAULTY: dict[str, Value] = {"loss": "hinge", "epochs": 1, "units_1": 8, "dropout_1": 0.25}
FIXED: dict[str, Value] = {**FAULTY, "loss": "poisson"}
PATCH: dict[str, Value] = {**FAULTY, "loss": "logcosh", "units_1": 16}
UNPAIRED = ["mean", "std", "p_mannwhitney", "p_holm", "significant", "a12", "repaired", "ir"]


def trial(
    proposal: int,
    search: float | None,
    holdout: float | None = None,
    status: TrialStatus | None = None,
    fidelity: float = 1.0,
    configuration: dict[str, Value] = PATCH,
) -> Trial:
    holdout = search if holdout is None else holdout
    judged = TrialStatus.DIVERGED if search is None else TrialStatus.COMPLETED
    return recorded_trial(
        proposal,
        status=status or judged,
        search=search,
        holdout=holdout,
        fidelity=fidelity,
        spent=10.0 * (proposal + 1),
        configuration=configuration,
    )


def run(repetition: int, *trials: Trial, **changes: Any) -> Run:
    base = Run(
        fault="M1",
        technique="random",
        budget=20.0,
        clock="training",
        space="corrected",
        data="default",
        fraction=1.0,
        repetition=repetition,
        metric="accuracy",
        faulty=FAULTY,
        fixed=FIXED,
        trials=trials,
        status="ok",
        training_seconds=100.0,
        search_seconds=5.0,
        total_seconds=120.0,
    )
    return replace(base, **changes)


def reaching(values: Sequence[float | None], **changes: Any) -> list[Run]:
    """One run per value: a trial that diverges, then a patch of that value."""
    start = trial(0, None)
    return [
        run(i, start, trial(1, v), **changes)
        if v is not None
        else run(i, trial(0, None), **changes)
        for i, v in enumerate(values)
    ]


def baseline(
    faulty: Sequence[float] = (0.1, 0.2, 0.1, 0.2, 0.15),
    fixed: Sequence[float] = (0.9, 0.91, 0.92, 0.9, 0.93),
    **changes: Any,
) -> Baseline:
    base = Baseline(
        fault="M1",
        metric="accuracy",
        faulty_holdout=faulty,
        fixed_holdout=fixed,
        faulty_search=faulty,
        fixed_search=fixed,
        training_time=30.0,
    )
    return replace(base, **changes)


def score(
    runs: Sequence[Run], base: Baseline | None = None, protocol: Protocol = CORRECTED
) -> pd.Series[Any]:
    frame = scores(runs, {("M1", "default", 1.0): base or baseline()}, protocol)
    assert len(frame) == 1
    return frame.iloc[0]


GOOD = [0.8, 0.82, 0.84, 0.86, 0.88]


def confirmed(*holdouts: float | None, proposal: int = 1) -> list[Confirmation]:
    return [
        Confirmation(
            proposal=proposal,
            fidelity=1.0,
            seed=seed,
            outcome=Outcome(status=TrialStatus.DIVERGED, seconds=1.0)
            if value is None
            else Outcome(status=TrialStatus.COMPLETED, seconds=1.0, search=0.5, holdout=value),
        )
        for seed, value in enumerate(holdouts)
    ]


def test_a_confirmed_run_counts_as_the_mean_of_its_re_trainings() -> None:
    other = confirmed(0.1, 0.1, proposal=0)  # of a trial that does not win
    runs = reaching([0.9, 0.9, 0.9], confirmed=(*confirmed(0.5, 0.7), *other))
    runs[2] = replace(runs[2], confirmed=other)
    row = score(runs)
    assert row["mean"] == pytest.approx((0.6 + 0.6 + 0.9) / 3)
    assert (row["n_confirmed"], row["confirmed_mean"]) == (2, pytest.approx(0.6))
    unconfirmed = score(runs, protocol=replace(CORRECTED, confirmed_counts=False))
    assert unconfirmed["mean"] == pytest.approx(0.9)
    assert score(runs, protocol=ICST23)["mean"] == pytest.approx(0.9)


def test_a_re_training_that_diverges_is_the_worst_value() -> None:
    (one,) = reaching([0.9], confirmed=confirmed(0.6, None, 0.6))
    assert run_result(one, baseline(), CORRECTED).value == pytest.approx(0.4)
    unbounded = replace(one, metric="mae")
    assert run_result(unbounded, baseline(metric="mae"), CORRECTED).value is None


def test_the_winner_is_the_best_by_the_search_metric_the_first_on_ties() -> None:
    trials = [trial(0, 0.5), trial(1, 0.7, 0.1), trial(2, 0.7, 0.9), trial(3, None)]
    best = winner(run(0, *trials), CORRECTED)
    assert best is trials[1]
    lower = winner(run(0, *trials, metric="mae"), CORRECTED)
    assert lower is trials[0]
    assert winner(run(0, trial(0, None)), CORRECTED) is None
    assert winner(run(0), CORRECTED) is None


@pytest.mark.parametrize(
    ("field", "excluded"),
    [
        ("skip_first_trial", trial(0, 0.9, configuration=FAULTY)),
        ("cut_may_win", trial(1, 0.9, status=TrialStatus.CUT, fidelity=0.5)),
        ("partial_may_win", trial(1, 0.9, fidelity=0.5)),
    ],
)
def test_which_trials_may_win_is_the_protocols(field: str, excluded: Trial) -> None:
    other = trial(2, 0.4)
    some = run(0, excluded, other)
    yes: dict[str, Any] = {field: field != "skip_first_trial"}
    no: dict[str, Any] = {field: field == "skip_first_trial"}
    assert winner(some, replace(CORRECTED, **yes)) is excluded
    assert winner(some, replace(CORRECTED, **no)) is other


def test_a_run_worse_than_the_fault_keeps_its_value_or_falls_back() -> None:
    base = baseline(faulty=[0.5, 0.7], fixed=[0.9, 0.9])
    bad = run(0, trial(0, 0.1), trial(1, 0.2))
    kept = run_result(bad, base, CORRECTED)
    assert (kept.value, kept.patch, kept.better) == (0.2, PATCH, False)
    fallen = run_result(bad, base, ICST23)
    assert fallen.value == pytest.approx(0.6)
    assert fallen.patch is None and fallen.judged


def test_a_run_without_a_judged_trial() -> None:
    none = run(0, trial(0, None))
    assert run_result(none, baseline(), CORRECTED).value is None
    assert run_result(none, baseline(), ICST23).value == pytest.approx(0.15)


def test_exposed() -> None:
    assert exposure(baseline(), CORRECTED).exposed
    assert not exposure(baseline(fixed=[0.1, 0.2, 0.1, 0.2, 0.15]), CORRECTED).exposed
    swapped = baseline(faulty=baseline().fixed_holdout, fixed=baseline().faulty_holdout)
    assert not exposure(swapped, CORRECTED).exposed
    assert exposure(replace(swapped, metric="mae"), CORRECTED).exposed
    assert not exposure(baseline(faulty=()), CORRECTED).exposed


def test_a_row_by_hand() -> None:
    row = score(reaching(GOOD))
    assert row["mean"] == pytest.approx(0.84)
    assert row["std"] == pytest.approx((0.004 / 4) ** 0.5)
    assert (row["n"], row["n_baseline"]) == (5, 5)
    assert row["faulty_mean"] == pytest.approx(0.15) and row["fix_mean"] == pytest.approx(0.912)
    assert row["a12"] == 1
    assert row["p_wilcoxon"] == 2 / 32
    # Two pairs of faulty values are tied, so the normal approximation: U = 0 of 25.
    assert 0.005 < row["p_mannwhitney"] < 0.02 and row["p_holm"] == row["p_mannwhitney"]
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


def test_a_new_figure_is_a_function_and_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    column = Column("longest_run", "float", "s", "seconds of the longest run")
    monkeypatch.setattr(analysis, "SCORES", Table("scores", (*SCORES.columns, column)))
    monkeypatch.setattr(analysis, "CELL_FIGURES", dict(analysis.CELL_FIGURES))

    @analysis.figure
    def longest_run(cell: Sequence[Run], results: Sequence[Any]) -> float:
        return max(run.total_seconds for run in cell)

    assert score(reaching(GOOD))["longest_run"] == 120
    monkeypatch.setattr(analysis, "SCORES", SCORES)
    with pytest.raises(ValueError, match="unknown \\['longest_run'\\]"):
        score(reaching(GOOD))


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


def test_rounding_can_make_the_studys_test_significant() -> None:
    faulty = [0.19] * 4 + [0.18] * 6
    base = baseline(faulty=faulty, fixed=[0.04] * 10, metric="mae")
    unchanged = reaching([0.184] * 10, metric="mae")
    assert score(unchanged, base, ICST23)["significant"]
    assert not score(unchanged, base, CORRECTED)["significant"]


def test_the_paired_test_needs_equal_lengths() -> None:
    row = score(reaching(GOOD[:4]), protocol=ICST23)
    assert math.isnan(row["p_wilcoxon"]) and not row["significant"]


def test_nothing_is_dropped() -> None:
    row = score(reaching([0.8, None, 0.9, None]))
    assert (row["n"], row["unjudged"], row["patches"]) == (4, 2, 2)
    assert row["mean"] == pytest.approx(1.7 / 4)
    assert row["a12"] == 0.5
    # Without a worst value, the worst one seen stands in; ranks still come last.
    base = baseline(faulty=[5.0, 7.0], fixed=[1.0, 1.0], metric="mae")
    row = score(reaching([2.0, None], metric="mae"), base)
    assert row["mean"] == 4.5 and row["a12"] == 0.5
    row = score(reaching([9.0, None], metric="mae"), base)
    assert row["mean"] == 9.0 and row["a12"] == 0


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


def test_a_fix_out_of_reach() -> None:
    runs = [replace(r, fixed={**FAULTY, "dropout_1": 0.5}) for r in reaching(GOOD)]
    row = score(runs)
    assert row["fix_complexity"] == 0 and math.isnan(row["aj_as_defined_mean"])
    row = score(runs, protocol=ICST23)
    assert row["fix_complexity"] == 1 / 4 and row["aj_as_published_mean"] == 0
    assert row["aj_as_defined_mean"] == 0


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


def test_summary_by_hand() -> None:
    base, hidden = baseline(), baseline(fixed=baseline().faulty_holdout)
    runs = [
        *reaching(GOOD, fault="M1"),
        *reaching([0.15, 0.1, 0.2, 0.15, 0.1], fault="M2"),
        *reaching(GOOD, fault="M3"),
        *(run(i, fault="M4", status="not_applicable") for i in range(5)),
    ]
    bases = {(f, "default", 1.0): base for f in ("M1", "M2", "M4")} | {
        ("M3", "default", 1.0): hidden
    }
    frame = scores(runs, bases, CORRECTED)
    table = summarise(frame, CORRECTED)
    assert [*table.columns] == SUMMARY.names and len(table) == 1
    row = table.iloc[0]
    assert (row["faults"], row["exposed"], row["significant"], row["repaired"]) == (4, 3, 2, 2)
    assert row["ir_median"] == pytest.approx(frame["ir"].iloc[:2].mean())
    assert row["std_mean"] == pytest.approx(frame["std"].iloc[:3].mean())
    assert row["complexity_median"] == pytest.approx(2 / 3) and row["aj_mean"] == 1
    assert row["trials_per_run"] == 1.5
    assert row["training_seconds"] == 2000 and row["other_seconds"] == 300
    only = summarise(frame, replace(CORRECTED, summarise_significant_only=True)).iloc[0]
    assert only["std_mean"] == pytest.approx(frame["std"].iloc[[0, 2]].mean())


def test_summary_keeps_settings_apart() -> None:
    runs = reaching(GOOD) + reaching(GOOD, clock="work") + reaching(GOOD, budget=50.0)
    table = summarise(scores(runs, {("M1", "default", 1.0): baseline()}, CORRECTED), CORRECTED)
    assert table[["budget", "clock"]].to_numpy().tolist() == [
        [20.0, "training"],
        [20.0, "work"],
        [50.0, "training"],
    ]


def test_the_analysis_imports_no_framework() -> None:
    code = (
        "import sys, harness.views.render; "
        "print([m for m in ('ray', 'keras', 'torch', 'tensorflow', 'jax') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
