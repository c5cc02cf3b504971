from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scikit_posthocs
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests
from studies import baseline, reaching

from harness.analysis import ranks
from harness.analysis import statistics as stats
from harness.analysis.across import across_faults, drawn_faults, ends, members_of
from harness.analysis.schemas import PAIRS, RANKS

SPREAD = np.array([-0.02, -0.01, 0.0, 0.01, 0.02])
"""Five runs around a mean."""

MEANS = {
    "M1": (0.3, 0.5, 0.7),
    "M2": (0.4, 0.45, 0.6),
    "M3": (0.5, 0.35, 0.8),
    "M4": (0.2, 0.6, 0.65),
}
STUDY = reaching(
    {
        (fault, technique): list(mean + SPREAD)
        for fault, means in MEANS.items()
        for technique, mean in zip(("a", "b", "c"), means, strict=True)
    },
    subjects={"M1": "s", "M2": "s", "M3": "s", "M4": "t"},
)


def test_ranks_by_hand() -> None:
    table = ranks.rank_table(STUDY)
    assert table.loc["M1"].tolist() == [3, 2, 1] and table.loc["M3"].tolist() == [2, 3, 1]
    assert table.mean().tolist() == [2.75, 2.25, 1.0]


def test_friedman_by_hand() -> None:
    found = ranks.friedman(ranks.rank_table(STUDY))
    assert found is not None
    # 12 n / (k (k + 1)) (sum of squared mean ranks - k (k + 1)^2 / 4), Demšar 2006.
    by_hand = 12 * 4 / (3 * 4) * (2.75**2 + 2.25**2 + 1 - 3 * 16 / 4)
    assert found.statistic == pytest.approx(by_hand)
    assert found.p == pytest.approx(math.exp(-by_hand / 2))  # chi-squared, two degrees of freedom


def test_friedman_needs_three_techniques_and_a_difference() -> None:
    table = ranks.rank_table(STUDY)
    assert ranks.friedman(table[["a", "b"]]) is None
    assert ranks.friedman(table.iloc[:1]) is None
    assert ranks.friedman(pd.DataFrame(2.0, index=[*"xyz"], columns=[*"abc"])) is None


def test_the_critical_difference_agrees_with_nemenyis_p_values() -> None:
    table = pd.DataFrame([[1, 2, 3]] * 7 + [[2, 1, 3]] * 3, columns=["a", "b", "c"])
    p = scikit_posthocs.posthoc_nemenyi_friedman(table.to_numpy())
    difference = ranks.critical_difference(10, 3)
    assert difference == pytest.approx(2.343 * math.sqrt(3 * 4 / 60), abs=1e-3)  # Demšar, table 5
    means = table.mean()
    for (i, first), (j, second) in [((0, "a"), (2, "c")), ((0, "a"), (1, "b"))]:
        assert (abs(means[first] - means[second]) > difference) == (p.iloc[i, j] < 0.05)


def test_posthoc_agrees_with_scipy_and_statsmodels() -> None:
    found = ranks.posthoc(STUDY)
    pairs = [("a", "b"), ("a", "c"), ("b", "c")]
    rates = {t: [float(STUDY.rates(f, t).mean()) for f in STUDY.faults] for t in "abc"}
    raw = [scipy_stats.wilcoxon(rates[x], rates[y], method="exact").pvalue for x, y in pairs]
    assert [found.loc[x, y] for x, y in pairs] == pytest.approx(
        multipletests(raw, method="holm")[1].tolist()
    )
    assert found.loc["b", "a"] == found.loc["a", "b"] and found.loc["a", "a"] == 1


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=40))
def test_the_interquartile_mean_agrees_with_scipy(values: list[float]) -> None:
    array = np.array([*values, math.nan])
    assert ranks.interquartile_mean(array) == pytest.approx(
        scipy_stats.trim_mean(values, 0.25), abs=1e-9
    )


def test_the_table_of_ranks() -> None:
    table = ranks.ranks(STUDY).set_index("technique")
    assert [*ranks.ranks(STUDY).columns] == RANKS.names
    rates = (np.array([0.7, 0.6, 0.8, 0.65])[:, None] + SPREAD - 0.2) / 0.6
    assert table.loc["c", "iqm"] == pytest.approx(scipy_stats.trim_mean(rates.ravel(), 0.25))
    assert table.loc["c", "iqm_low"] < table.loc["c", "iqm"] < table.loc["c", "iqm_high"]
    assert (table["area_low"] <= table["area"]).all()


def test_pairs_by_hand() -> None:
    table = ranks.pairs(STUDY)
    assert [*table.columns] == PAIRS.names
    first = table.iloc[0]
    assert (first["first"], first["second"]) == ("a", "b")
    assert first["probability"] == pytest.approx((0 + 0 + 1 + 0) / 4)
    assert (first["wins"], first["losses"]) == (0, 0)  # n = 5: 0.0079 does not survive Holm over 12
    assert 0 <= first["low"] <= first["probability"] <= first["high"] <= 1
    last = table.iloc[2]
    assert last["probability"] == 0 and last["p_wilcoxon"] == 0.125


def test_many_pairs_of_lists_at_once() -> None:
    rng = np.random.default_rng(1)
    for n, m in ((5, 7), (10, 10)):
        a, b = rng.integers(0, 9, (30, n)) / 2, rng.random((30, m)) * 4
        a[0], b[0] = 1.0, 1.0
        expected = [stats.mann_whitney(list(x), list(y)) for x, y in zip(a, b, strict=True)]
        assert stats.mann_whitney_rows(a, b) == pytest.approx(expected)
        expected = [
            stats.vargha_delaney(list(x), list(y), higher_is_better=True)
            for x, y in zip(a, b, strict=True)
        ]
        assert stats.superiority(a, b) == pytest.approx(expected)


def test_a_profile_is_a_falling_share() -> None:
    share, low, high = ranks.profile(STUDY, "c", np.linspace(0, 1.2, 30))
    assert share[0] == 1 and share[-1] == 0 and (np.diff(share) <= 0).all()
    assert (low <= share + 1e-12).all() and (share <= high + 1e-12).all()


def test_faults_are_drawn_within_drawn_subjects() -> None:
    rng = np.random.default_rng(0)
    subjects = ["s", "s", "s", "t"]
    sizes = {len(drawn_faults(members_of(subjects), rng)) for _ in range(100)}
    assert sizes == {2, 4, 6}  # twice t, each once, twice s


def test_the_interval_over_subjects_is_wider_than_over_faults() -> None:
    rng = np.random.default_rng(0)
    effects = np.repeat([0.0, 1.0, 0.2], 6)  # three subjects of six faults each
    drawn = [np.full(500, effect) for effect in effects]

    def width(subjects: list[str]) -> float:
        low, high = ends(across_faults(drawn, subjects, lambda v: v.mean(axis=0), rng))
        return float(high - low)

    clustered = width([f"s{i // 6}" for i in range(18)])
    assert clustered > 1.5 * width([str(i) for i in range(18)])
    # With equal groups this is the bootstrap of the three means, whose deviation is known.
    means = across_faults(drawn, [f"s{i // 6}" for i in range(18)], lambda v: v.mean(axis=0), rng)
    assert means.std() == pytest.approx(np.std([0.0, 1.0, 0.2]) / math.sqrt(3), rel=0.1)


def test_a_study_without_a_rate_still_has_ranks() -> None:
    seen = reaching({("M1", t): [0.5] * 5 for t in "ab"})
    base = baseline("M1")
    hidden = replace(base, fixed_holdout=base.faulty_holdout)
    table = ranks.ranks(replace(seen, baselines={("M1", "default", 1.0): hidden}))
    assert table["rated"].tolist() == [0, 0] and table["iqm"].isna().all()
    assert table["mean_rank"].tolist() == [1.5, 1.5]
