import math

import numpy as np
import pytest
from scipy import stats

from harness.analysis.criterion import Fate, KillVerdict, cohens_d, fate, glm_p, kill_verdict
from harness.vocabulary import METRICS

ACCURACY, MAE = METRICS["accuracy"], METRICS["mae"]


def test_hand_computed_values() -> None:
    """Means 3 and 1, variances 1 and 1: d = 2, and z = 2 / sqrt(1 * (1/3 + 1/3)) = 2.449."""
    verdict = kill_verdict([2, 3, 4], [0, 1, 2], ACCURACY)
    assert verdict.d == pytest.approx(2)
    assert verdict.p == pytest.approx(0.014306, abs=1e-6)
    assert (verdict.mean_original, verdict.mean_mutant) == (3, 1)
    assert (verdict.n, verdict.unscored, verdict.killed) == (3, 0, True)


@pytest.mark.parametrize("seed", range(5))
def test_the_slope_has_the_t_statistic_of_the_pooled_test_and_a_normal_tail(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(0.9, 0.02, 20), rng.normal(0.89, 0.03, 20)
    z = stats.ttest_ind(a, b).statistic
    assert glm_p(list(a), list(b)) == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-9)
    assert abs(cohens_d(list(a), list(b), ACCURACY)) == pytest.approx(abs(z) * math.sqrt(2 / 20))


def test_a_better_mutant_is_never_killed() -> None:
    for metric, worse, better in ((ACCURACY, 0.0, 9.0), (MAE, 9.0, 0.0)):
        original = [3.0, 4.0, 5.0]
        assert kill_verdict(original, [worse + x / 9 for x in range(3)], metric).killed
        verdict = kill_verdict(original, [better + x / 9 for x in range(3)], metric)
        assert verdict.p < 0.05 and verdict.d < -0.5
        assert not verdict.killed


def test_a_significant_but_small_effect_does_not_kill() -> None:
    original = [0.0, 1.0] * 100
    verdict = kill_verdict(original, [x - 0.2 for x in original], ACCURACY)
    assert verdict.p < 0.05 and 0.2 < verdict.d < 0.5
    assert not verdict.killed


@pytest.mark.parametrize(
    ("original", "mutant", "p", "d"),
    [(0.9, 0.9, 1.0, 0.0), (0.9, 0.1, 0.0, math.inf), (0.1, 0.9, 0.0, -math.inf)],
)
def test_without_variance(original: float, mutant: float, p: float, d: float) -> None:
    verdict = kill_verdict([original] * 4, [mutant] * 4, ACCURACY)
    assert (verdict.p, verdict.d) == (p, d)
    assert verdict.killed == (d == math.inf)


def test_one_list_without_variance_is_an_ordinary_case() -> None:
    verdict = kill_verdict([0.9] * 4, [0.1, 0.1, 0.1, 0.2], ACCURACY)
    assert verdict.killed and math.isfinite(verdict.d)


def test_an_unscored_training_counts_as_the_worst_value() -> None:
    assert kill_verdict([0.9, 0.8], [None, 0.5], ACCURACY) == KillVerdict(
        n=2,
        unscored=1,
        mean_original=pytest.approx(0.85),
        mean_mutant=0.25,
        p=glm_p([0.9, 0.8], [0.0, 0.5]),
        d=cohens_d([0.9, 0.8], [0.0, 0.5], ACCURACY),
        killed=True,
    )


def test_unscored_trainings_of_a_metric_without_worst_are_tested_by_themselves() -> None:
    original = [1.0 + x / 100 for x in range(20)]
    verdict = kill_verdict(original, [*original[:15], *[None] * 5], MAE)
    assert verdict.p == pytest.approx(0.0471, abs=1e-4)  # 2 * C(20, 5) / C(40, 5)
    assert verdict.killed and verdict.d == math.inf
    verdict = kill_verdict(original, [*original[:16], *[None] * 4], MAE)
    assert not verdict.killed
    verdict = kill_verdict(original, [*[5 + x for x in original[:19]], None], MAE)
    assert verdict.killed and math.isfinite(verdict.d)
    assert verdict.mean_mutant == math.inf
    verdict = kill_verdict(original[:2], [None, 1.0], MAE)
    assert not verdict.killed and verdict.d == math.inf


def test_lists_of_one_length_are_needed() -> None:
    for a, b in (([1.0, 2.0], [1.0]), ([1.0], [1.0])):
        with pytest.raises(ValueError, match="as many trainings of both"):
            kill_verdict(a, b, ACCURACY)


def verdict_of(original: float, mutant: float, killed: bool = True) -> KillVerdict:
    return KillVerdict(20, 0, original, mutant, 0.01, 1.0, killed)


@pytest.mark.parametrize(
    ("metric", "original", "mutant", "wanted"),
    [
        (ACCURACY, 0.8, 0.69, Fate.TOO_WEAK),  # 14 % worse
        (ACCURACY, 0.8, 0.67, Fate.KEPT),
        (ACCURACY, 0.8, 0.09, Fate.KEPT),
        (ACCURACY, 0.8, 0.07, Fate.TOO_STRONG),
        (MAE, 2.0, 2.9, Fate.TOO_WEAK),
        (MAE, 2.0, 3.0, Fate.KEPT),
        (MAE, 2.0, 10.0, Fate.KEPT),
        (MAE, 2.0, 10.1, Fate.TOO_STRONG),
        (MAE, 2.0, math.inf, Fate.TOO_STRONG),
    ],
)
def test_the_study_s_filter(metric, original: float, mutant: float, wanted: Fate) -> None:
    assert fate(verdict_of(original, mutant), metric) is wanted
    assert fate(verdict_of(original, mutant, killed=False), metric) is Fate.SURVIVED
