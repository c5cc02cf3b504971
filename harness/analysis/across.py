"""Uncertainty across faults: subjects are drawn first, then faults, then runs.

Mutants of one subject share data and architecture, so they are not independent; an interval that
draws faults alone would be too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.analysis.statistics import Floats


def drawn_runs(values: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    """Resamples of one cell's runs.

    Args:
        values: Of shape (runs, ...).

    Returns:
        Of shape (resamples, runs, ...): as many runs as there were, drawn with replacement.
    """
    return values[rng.integers(len(values), size=(resamples, len(values)))]


def members_of(subjects: Sequence[str]) -> list[NDArray[np.int64]]:
    """The faults of each subject, as their numbers.

    Args:
        subjects: The subject of each fault.
    """
    names = np.asarray(subjects)
    return [np.flatnonzero(names == name) for name in dict.fromkeys(subjects)]


def drawn_faults(
    members: Sequence[NDArray[np.int64]], rng: np.random.Generator
) -> NDArray[np.int64]:
    """One resample of the faults, as their numbers.

    Args:
        members: The faults of each subject (:func:`members_of`).

    Returns:
        As many subjects as there are, drawn with replacement, and for each of them as many of its
        faults as it has, drawn likewise.
    """
    chosen = [members[i] for i in rng.integers(len(members), size=len(members))]
    return np.concatenate([of[rng.integers(len(of), size=len(of))] for of in chosen])


def across_faults(
    drawn: Sequence[Floats],
    subjects: Sequence[str],
    statistic: Callable[[Floats], Floats | float],
    rng: np.random.Generator,
) -> Floats:
    """A statistic over the faults, for many resamples of subjects, faults and runs.

    Args:
        drawn: For each fault what its resampled runs amount to, of shape (resamples, ...), the
            same for all faults.
        subjects: The subject of each fault.
        statistic: Takes the faults of one resample, of shape (faults drawn, ...), and reduces the
            first axis.

    Returns:
        Of shape (resamples, ...).
    """
    stacked = np.stack(drawn)
    resamples = stacked.shape[1]
    members = members_of(subjects)
    found = []
    for _ in range(resamples):
        faults = drawn_faults(members, rng)
        found.append(statistic(stacked[faults, rng.integers(resamples, size=len(faults))]))
    return np.asarray(found)


def ends(resampled: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Lower and upper end of the percentile interval along the first axis.

    NaN where the interval is unbounded.
    """
    tail = (1 - level) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail], axis=0, method="inverted_cdf")
    return tuple(np.where(np.isfinite(end), end, np.nan) for end in (low, high))  # type: ignore[return-value]
