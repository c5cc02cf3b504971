from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from studies import FAST, T, Trials, baseline, reaching, run, study

from harness.analysis import trust
from harness.analysis.protocols import ICST23
from harness.analysis.schemas import AUDIT
from harness.analysis.winners import run_result
from harness.vocabulary import HarnessError


def random_like(seed: int, runs: int = 10, faults: int = 4) -> dict[tuple[str, str], list[Trials]]:
    """Runs whose trials are independent draws: durations, values, some of them failures."""
    rng = np.random.default_rng(seed)

    def trials() -> Trials:
        ends = np.cumsum(rng.exponential(1.0, size=12))
        values = rng.beta(2, 4, size=12)
        failed = rng.random(12) < 0.2
        return [
            (float(at), None if bad else float(v))
            for at, v, bad in zip(ends, values, failed, strict=True)
            if at <= 10
        ]

    return {(f"M{i}", "random"): [trials() for _ in range(runs)] for i in range(faults)}


def test_the_audit_stays_silent_on_equals_and_finds_what_was_planted() -> None:
    audited = trust.audit(study(random_like(1)), "random", comparisons=4000, seed=0)
    assert [*audited.columns] == AUDIT.names
    null = audited.iloc[0]
    assert null["comparisons"] == 4000 and null["rate"] > 0.02
    assert null["low"] <= 0.05 and null["rate"] < 0.055
    planted = audited[audited["planted"] > 0]["rate"]
    assert planted.is_monotonic_increasing and planted.iloc[-1] == 1
    assert trust.passes(audited)


def test_the_audit_notices_a_test_that_rejects_too_often() -> None:
    loose = replace(FAST, alpha=0.1, exposure_alpha=0.05)
    audited = trust.audit(study(random_like(1), protocol=loose), "random", comparisons=2000, seed=0)
    assert trust.passes(audited)
    audited["nominal"] = 0.05
    assert not trust.passes(audited)


def test_the_audit_notices_a_difference_that_is_missed() -> None:
    blind = replace(FAST, alpha=1e-9)
    audited = trust.audit(study(random_like(1), protocol=blind), "random", comparisons=400, seed=0)
    assert not trust.passes(audited)


def test_an_audit_repeats_exactly() -> None:
    small = study(random_like(2, faults=2))
    one, two = (trust.audit(small, "random", comparisons=200, seed=3) for _ in range(2))
    assert one.equals(two)


def test_the_paired_test_is_audited_too() -> None:
    audited = trust.audit(
        study(random_like(2, faults=2), protocol=ICST23), "random", comparisons=100, seed=0
    )
    assert audited["test"].str.endswith("wilcoxon").all()


def test_a_replay_is_what_the_pipeline_makes_of_such_trials() -> None:
    """With one recorded run of one trial the replay can only be that trial, over and over."""
    base = baseline("M1")
    for trials in ([(3.0, 0.4)], [(11.0, 0.4)], [(3.0, None)]):
        recorded = run(trials)
        found = trust.replayed([recorded], base, FAST, (5,), np.random.default_rng(0))
        fits = [t for t in trials if t[0] <= 10]
        value = run_result(
            replace(recorded, trials=recorded.trials if fits else []), base, FAST
        ).value
        assert found.tolist() == [-np.inf if value is None else value] * 5


def test_replays_pick_by_search_within_the_budget() -> None:
    base = baseline("M1")
    recorded = [run([(1.0, 0.1), (2.0, 0.7)]), run([(1.0, 0.5)])]
    found = trust.replayed(recorded, base, FAST, (2000,), np.random.default_rng(0))
    assert set(found) <= {0.1, 0.5, 0.7}
    # Each trial takes 1 of 10 T: ten draws, the best of which is 0.7 unless all miss it.
    assert (found == 0.7).mean() == pytest.approx(1 - (2 / 3) ** 10, abs=0.02)
    assert base.training_time == T


def test_bad_input_is_explained() -> None:
    with pytest.raises(HarnessError, match="no runs of 'hebo' to audit. Found: random"):
        trust.audit(study(random_like(1, faults=1)), "hebo", comparisons=10, seed=0)
    with pytest.raises(HarnessError, match="no recorded trial of random on M1"):
        trust.audit(study({("M1", "random"): [[]] * 4}), "random", comparisons=10, seed=0)
    assert reaching({("M1", "random"): [0.5]}).budget == 10
