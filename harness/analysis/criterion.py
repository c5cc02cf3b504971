"""When a mutant counts as killed, and which killed mutants are faults worth repairing."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.stats import fisher_exact

from harness.vocabulary import Metric

ALPHA = 0.05
SMALLEST_EFFECT = 0.5
"""Cohen's d from which on an effect counts. DeepCrime's paper says "not negligible", which is 0.2;
its tool uses 0.5."""

LEAST_SHARE = 0.10
"""Classification: a mutant with less than this share of the original's accuracy is too strong."""
LEAST_DROP = 0.15
"""Classification: a mutant that loses less than this share of the original's is too weak."""
LEAST_RATIO, LARGEST_RATIO = 1.5, 5.0
"""Regression: bounds of the mutant's mean error as a multiple of the original's."""


class Fate(StrEnum):
    """What became of a mutant."""

    INVALID = "invalid"
    """It cannot be trained."""
    SURVIVED = "survived"
    """Not killed."""
    TOO_WEAK = "too_weak"
    """Killed, but too close to the original."""
    TOO_STRONG = "too_strong"
    """Killed, and too far from the original."""
    KEPT = "kept"
    """Killed, and inside the filter."""

    @property
    def killed(self) -> bool:
        return self in (Fate.TOO_WEAK, Fate.TOO_STRONG, Fate.KEPT)


@dataclass(frozen=True, slots=True)
class KillVerdict:
    """A mutant's trainings against the original's."""

    n: int
    """Trainings of the mutant, and of the original."""
    unscored: int
    """Of the mutant's trainings, those without a finite score."""
    mean_original: float
    mean_mutant: float
    """In the metric's unit; infinite if a training has no score and the metric has no worst."""
    p: float
    d: float
    """Cohen's d, positive where the mutant is worse; infinite where nothing varies."""
    killed: bool


def kill_verdict(
    original: Sequence[float], mutant: Sequence[float | None], metric: Metric
) -> KillVerdict:
    """Whether the mutant is killed: p < 0.05 and d >= 0.5 towards the worse.

    A training without a finite score counts as the metric's worst value. Where the metric has no
    worst, the share of such trainings is tested by itself (Fisher's exact test; d is infinite); if
    it proves nothing, the scores that there are get tested as usual.

    Args:
        original, mutant: Score of each training, None for one that has no finite score; as many
            of the one as of the other, two at least.
        metric: Its direction says what worse means.

    Source: DeepCrime's tool; Kim et al., ICST 2023, section III-A. Scores without variance or
    value are left undefined there.
    """
    n = len(mutant)
    if len(original) != n or n < 2:
        raise ValueError(f"as many trainings of both, 2 at least. Received: {len(original)}, {n}")
    after = [metric.worst if score is None else score for score in mutant]
    scored = [score for score in after if score is not None]
    failed = n - len(scored)
    p, d = 1.0, 0.0
    if failed:
        p, d = float(fisher_exact(np.array([[0, n], [failed, n - failed]])).pvalue), math.inf
    if p >= ALPHA and len(scored) > 1:
        p, d = glm_p(original, scored), cohens_d(original, scored, metric)
    return KillVerdict(
        n=n,
        unscored=sum(score is None for score in mutant),
        mean_original=statistics.fmean(original),
        mean_mutant=math.inf if failed else statistics.fmean(scored),
        p=p,
        d=d,
        killed=p < ALPHA and d >= SMALLEST_EFFECT,
    )


def glm_p(a: Sequence[float], b: Sequence[float]) -> float:
    """Two-sided p-value of the slope in the Gaussian linear model ``score ~ is_mutant``.

    Wald's z with the normal tail, as DeepCrime has it; with s^2 = RSS / (n - 2) it is the
    difference of the means over s * sqrt(1/len(a) + 1/len(b)).

    Returns:
        In [0, 1]. Where neither list varies: 0 if they differ, otherwise 1.

    >>> round(glm_p([1, 2, 3], [2, 3, 4]), 4)
    0.2207
    """
    if np.ptp(a) == np.ptp(b) == 0:
        return float(a[0] == b[0])
    import statsmodels.api as sm

    scores = np.concatenate([a, b]).astype(float)
    is_mutant = np.repeat([0.0, 1.0], [len(a), len(b)])
    fitted = sm.GLM(scores, sm.add_constant(is_mutant), family=sm.families.Gaussian()).fit()
    return float(fitted.pvalues[1])


def cohens_d(a: Sequence[float], b: Sequence[float], metric: Metric) -> float:
    """How much worse ``b`` is than ``a``, in pooled standard deviations (ddof 1).

    Returns:
        Positive where ``b`` is worse. Where neither list varies: infinite if they differ,
        otherwise 0.

    Source: Cohen, Statistical Power Analysis for the Behavioral Sciences (1988).
    """
    if np.ptp(a) == np.ptp(b) == 0:
        worse = metric.loss(b[0]) - metric.loss(a[0])
        return math.copysign(math.inf, worse) if worse else 0.0
    squares = (len(a) - 1) * statistics.variance(a) + (len(b) - 1) * statistics.variance(b)
    pooled = math.sqrt(squares / (len(a) + len(b) - 2))
    worse = metric.loss(statistics.fmean(b)) - metric.loss(statistics.fmean(a))
    return worse / pooled


def fate(verdict: KillVerdict, metric: Metric) -> Fate:
    """Where a mutant stands after the criterion and the study's filter.

    "15 % worse" is read as relative to the original's accuracy.

    Source: Kim et al., ICST 2023, section III-A.
    """
    if not verdict.killed:
        return Fate.SURVIVED
    before, after = verdict.mean_original, verdict.mean_mutant
    if metric.higher_is_better:
        weak, strong = after > (1 - LEAST_DROP) * before, after < LEAST_SHARE * before
    else:
        weak, strong = after < LEAST_RATIO * before, after > LARGEST_RATIO * before
    if weak:
        return Fate.TOO_WEAK
    return Fate.TOO_STRONG if strong else Fate.KEPT
