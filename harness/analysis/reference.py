"""The reference values of a fault: holdout metric of its faulty and of its fixed program.

Improvement rates and tests compare a technique with these values.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from harness.analysis import statistics as stats
from harness.analysis.protocols import Protocol
from harness.records.baseline import Baseline
from harness.vocabulary import METRICS

BaselineKey = tuple[str, str, float]
"""Fault, data variant and fraction of the training data: what a baseline belongs to."""


def mean_of_faulty(baseline: Baseline) -> float | None:
    """Mean holdout metric of the faulty program: the known mean, else that of its trainings.

    None if neither exists. Trainings without a value count as in :func:`trained_faulty`.
    """
    known = baseline.faulty_mean
    return mean_or_none(trained_faulty(baseline)) if known is None else known


def mean_of_fixed(baseline: Baseline) -> float | None:
    """Mean holdout metric of the fixed program: the known mean, else that of its trainings.

    None if neither exists. Trainings without a value are left out.
    """
    known = baseline.fixed_mean
    return mean_or_none(baseline.fixed_holdout) if known is None else known


class Exposure(NamedTuple):
    """Whether the trainings of a baseline separate the fixed program from the faulty one."""

    p: float | None
    """Two-sided Mann-Whitney p-value on the holdout metric; None without judged trainings."""
    a12: float | None
    """Chance that a fixed training is better than a faulty one; None without judged trainings."""
    exposed: bool


def exposure(baseline: Baseline, protocol: Protocol) -> Exposure:
    """Test of the fixed program's trainings against those of the faulty one.

    Mann-Whitney and A12 on the holdout metric, with the protocol's bounds. Trainings that diverged
    or crashed rank worst. A fix whose mean is no better than the faulty one exposes nothing,
    however the ranks lie: no improvement rate could be told from a gap that points backwards. Where
    only the fixed program's mean is known, that alone decides.
    """
    metric = METRICS[baseline.metric]
    faulty = [*baseline.faulty_holdout, *[metric.nothing] * baseline.faulty_unjudged]
    fixed = [*baseline.fixed_holdout, *[metric.nothing] * baseline.fixed_unjudged]
    p = stats.mann_whitney(faulty, fixed, ties=protocol.ties)
    a12 = stats.vargha_delaney(fixed, faulty, higher_is_better=metric.higher_is_better)
    if not fixed and baseline.fixed_mean is not None and faulty:
        return Exposure(p, a12, exposed=fix_is_better(baseline))
    if p is None or a12 is None:
        return Exposure(p, a12, exposed=False)
    shows = p < protocol.exposure_alpha and a12 >= protocol.exposure_a12
    return Exposure(p, a12, exposed=shows and fix_is_better(baseline))


def fix_is_better(baseline: Baseline) -> bool:
    """Whether the fixed program's mean is better than the faulty one's on the measured data.

    A training without a value counts as the metric's worst value; without such a value, as the
    worst one seen in any training of both programs.
    """
    metric = METRICS[baseline.metric]
    seen = [*baseline.faulty_holdout, *baseline.fixed_holdout]
    if not seen:
        return False
    worst = max(seen, key=metric.loss) if metric.worst is None else metric.worst
    faulty = [*baseline.faulty_holdout, *[worst] * baseline.faulty_unjudged]
    fixed = [*baseline.fixed_holdout, *[worst] * baseline.fixed_unjudged]
    before = baseline.faulty_mean if baseline.faulty_mean is not None else mean_or_none(faulty)
    after = baseline.fixed_mean if baseline.fixed_mean is not None else mean_or_none(fixed)
    return before is not None and after is not None and metric.better(after, before)


def gap_of(baseline: Baseline, protocol: Protocol) -> tuple[float, float] | None:
    """Mean holdout metric of the faulty and the fixed program: what an improvement rate divides by.

    None where a rate means nothing: the fix is no better than the fault on the measured data, or
    (if the protocol asks for it) the baseline does not expose the fault.
    """
    worse, better = mean_of_faulty(baseline), mean_of_fixed(baseline)
    if worse is None or better is None or not METRICS[baseline.metric].better(better, worse):
        return None
    hidden = protocol.ir_needs_exposure and not exposure(baseline, protocol).exposed
    return None if hidden else (worse, better)


def metered(values: Sequence[float | None], baseline: Baseline) -> list[float]:
    """The values with a number in place of each None.

    The number is the metric's worst value. A metric without a worst value takes the worst one seen
    in the cell or in the trainings of the faulty program. If nothing was judged, the Nones are left
    out.
    """
    metric = METRICS[baseline.metric]
    judged = [v for v in values if v is not None]
    worst = metric.worst
    if worst is None and (seen := [*judged, *baseline.faulty_holdout]):
        worst = max(seen, key=metric.loss)
    return judged + [worst] * (len(values) - len(judged)) if worst is not None else judged


def trained_faulty(baseline: Baseline) -> list[float]:
    """Holdout metric of the faulty program's trainings; one that diverged counts as the worst."""
    return metered([*baseline.faulty_holdout, *[None] * baseline.faulty_unjudged], baseline)


def mean_or_none(values: Sequence[float]) -> float | None:
    """The mean; None without any value."""
    return fmean(values) if values else None


def rounded(values: Sequence[float], protocol: Protocol) -> list[float]:
    """The values with the decimals that the protocol gives tests and improvement rates."""
    if protocol.decimals is None:
        return list(values)
    return [round(v, protocol.decimals) for v in values]
