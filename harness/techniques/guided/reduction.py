"""The smallest part of a patch that is not worse: delta debugging, the least suspected edits first.

Source: Zeller and Hildebrandt, *Simplifying and Isolating Failure-Inducing Input*, TSE 2002. Here
an improvement is kept instead of a failure, and a statistical test decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from scipy import stats

from harness.vocabulary import Configuration, Value, changed

Errors = Callable[[Configuration], Sequence[float]]
"""Configuration -> errors of some trainings on the search part, infinite for failures."""


@dataclass(frozen=True, slots=True)
class Margin:
    """Criterion for a smaller patch that is not worse than the whole one."""

    share: float = 0.1
    """Share of the whole patch's gain over the faulty program that may be lost on average."""
    alpha: float = 0.05
    """Level of the one-sided Welch test. A smaller patch that it finds worse is refused, however
    small the loss."""

    def not_worse(self, smaller: Sequence[float], whole: Sequence[float], faulty: float) -> bool:
        """Whether the errors of the smaller patch are as good as those of the whole one.

        Args:
            smaller, whole: Errors of the re-trainings, two or more each.
            faulty: Mean error of the faulty program.
        """
        if not all(map(math.isfinite, smaller)):
            return not all(map(math.isfinite, whole))
        allowed = self.share * max(faulty - fmean(whole), 0.0)
        loss = fmean(smaller) - fmean(whole)
        if not loss <= allowed:
            return False
        if loss <= 0 or len({*smaller}) == len({*whole}) == 1:
            return True
        p = stats.ttest_ind(smaller, whole, equal_var=False, alternative="greater").pvalue
        return bool(p >= self.alpha)


@dataclass(frozen=True, slots=True)
class Reduction:
    """A patch, and the part of it that is left."""

    configuration: dict[str, Value]
    """The faulty configuration with the edits that are left."""
    taken_back: tuple[str, ...]
    before: tuple[float, ...]
    """Errors of the whole patch's re-trainings."""
    after: tuple[float, ...]
    """Errors of the re-trainings of the part that is left."""


def reduced(
    faulty: Configuration,
    patched: Configuration,
    suspicion: Mapping[str, float],
    errors: Errors,
    faulty_error: float,
    margin: Margin,
) -> Reduction:
    """Take back edits as long as the patch is not worse, halves first, then ever smaller parts.

    At least one edit is left, and taking back any single one of those left was tried.

    Args:
        suspicion: Hyperparameter -> how much it is suspected; the least suspected go first.
        errors: Trains a configuration.
        faulty_error: Mean error of the faulty program.
    """
    names = sorted(changed(faulty, patched), key=lambda n: (suspicion.get(n, 0.0), n))
    current = dict(patched)
    before = after = tuple(errors(current))
    left, size = list(names), max(1, len(names) // 2)
    while len(left) > 1:
        start, shrunk = 0, False
        while start < len(left) and len(left) > 1:
            part = left[start : start + size]
            if len(part) < len(left):
                smaller = {**current, **{name: faulty[name] for name in part}}
                found = tuple(errors(smaller))
                if margin.not_worse(found, before, faulty_error):
                    current, after, shrunk = smaller, found, True
                    left = [name for name in left if name not in part]
                    continue
            start += size
        if size == 1 and not shrunk:
            break
        size = max(1, size // 2)
    taken_back = tuple(name for name in names if name not in left)
    return Reduction(current, taken_back, before, after)
