"""What the tables report of a patch: plain functions, one definition for every technique."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean

import numpy as np

from harness.space.operators import operator_of, operators_of
from harness.vocabulary import Configuration, changed

EMPTY = "None"
"""An activation that is none: an empty cell in the study's result files."""

UNSEEN_BY_SCRIPTS = ("layer", "neurons")
"""Operators that the study's scripts cannot recognise; bias initialisers escape them as well."""


def improvement_rate(
    faulty: Sequence[float], patched: Sequence[float], fixed: Sequence[float]
) -> float:
    """Share of the gap between faulty and fixed program that the patches close.

    Args:
        faulty, patched, fixed: Holdout metric of each repetition, any lengths, one unit.

    Returns:
        0 for no gain, 1 for the developers' fix; negative if worse, above 1 if better than the
        fix. Needs no direction: the sign of the gap cancels.

    Raises:
        ValueError: If the faulty and the fixed program have the same mean, or a list is empty.

    Source: Kim et al., ICST 2023, improvement rate.

    >>> improvement_rate([0.25, 0.25], [0.5, 0.5], [0.75, 0.75])
    0.5
    """
    worse, better = fmean(faulty), fmean(fixed)
    if worse == better:
        raise ValueError(
            "without a gap between faulty and fixed program there is no improvement rate. "
            f"Received: a mean of {worse} for both"
        )
    return (fmean(patched) - worse) / (better - worse)


def stability(values: Sequence[float], ddof: int) -> float | None:
    """Standard deviation of the values that a technique reaches over its runs.

    Args:
        values: Holdout metric of each run, one unit.
        ddof: 0 divides by n, as the study does; 1 by n - 1, for a sample.

    Returns:
        In the unit of the values, smaller is steadier; None with ``ddof`` values or fewer.

    Source: Kim et al., ICST 2023, stability.

    >>> stability([1.0, 3.0], ddof=0)
    1.0
    """
    return float(np.std(values, ddof=ddof)) if len(values) > ddof else None


def complexity(
    faulty: Configuration,
    patched: Configuration,
    *,
    settings: bool = False,
    structural: int = 0,
    empty_counts: bool = False,
) -> float:
    """Share of the hyperparameters that a patch changes.

    A hyperparameter is what a repair operator reaches; settings beyond them count neither above
    nor below the line. Numbers are compared as numbers: 1 equals 1.0.

    Args:
        faulty, patched: Configurations of one program, settings included.
        settings: Whether settings count all the same, as in the study's scripts, which divide by
            the number of columns of a result file.
        structural: Edits of the patch that no hyperparameter tells (a layer more, clipped
            gradients); each adds one above and one below the line.
        empty_counts: Whether a value that is None before and after counts as changed all the same,
            as in the study's scripts, to which an empty cell of a file equals nothing.

    Returns:
        In [0, 1]; smaller is simpler, 0 is no change.

    Raises:
        ValueError: If these are not configurations of one program, or nothing can be changed.

    Source: Kim et al., ICST 2023, complexity.

    >>> before = {"loss": "hinge", "epochs": 5, "dropout_1": 0.25, "learning_rate": 1}
    >>> complexity(before, {**before, "loss": "poisson", "learning_rate": 1.0})
    0.3333333333333333
    >>> complexity(before, {**before, "loss": "poisson"}, settings=True)
    0.25
    >>> complexity(before, before, structural=1)
    0.25
    >>> complexity({"activation_1": "None"}, {"activation_1": "None"}, empty_counts=True)
    1.0
    """
    counted = hyperparameters(faulty, settings=settings)
    differing = {*changed(faulty, patched)}
    if empty_counts:
        differing |= {name for name in counted if patched[name] == EMPTY}
    return (sum(name in differing for name in counted) + structural) / (len(counted) + structural)


def hyperparameters(configuration: Configuration, *, settings: bool = False) -> list[str]:
    """The names that complexity counts, see there.

    Raises:
        ValueError: If there are none.
    """
    names = [name for name in configuration if settings or operator_of(name) is not None]
    if not names:
        raise ValueError(
            f"no hyperparameter that an operator reaches. Received: {dict(configuration)}"
        )
    return names


def asymmetric_jaccard_as_defined(
    faulty: Configuration,
    fixed: Configuration,
    patched: Configuration,
    structural: Iterable[str] = (),
) -> float | None:
    """Share of the fix's repair operators that the patch applies as well, as the paper defines it.

    The operators of the fix are those of the hyperparameters in which the fix differs from the
    fault, the operators of the patch those in which the *patch* differs from the *fault*. The new
    values need not agree.

    Args:
        faulty, fixed, patched: Configurations of one program, settings included.
        structural: Repair operators of the patch's edits that no hyperparameter tells.

    Returns:
        In [0, 1]; 1 if the patch applies every operator of the fix, whatever else it does. None
        if no operator reaches the fix: there is nothing to share.

    Raises:
        ValueError: If these are not configurations of one program.

    Source: Kim et al., ICST 2023, asymmetric Jaccard.

    >>> fault = {"loss": "hinge", "epochs": 1, "units_1": 8}
    >>> fix = {**fault, "loss": "poisson", "epochs": 10}
    >>> asymmetric_jaccard_as_defined(fault, fix, {**fault, "epochs": 2, "units_1": 16})
    0.5
    """
    of_fix = {row.name for row in operators_of(changed(faulty, fixed))}
    of_patch = {row.name for row in operators_of(changed(faulty, patched))} | set(structural)
    return len(of_fix & of_patch) / len(of_fix) if of_fix else None


def asymmetric_jaccard_as_published(
    faulty: Configuration,
    fixed: Configuration,
    patched: Configuration,
    structural: Iterable[str] = (),
) -> float:
    """The figure that the study's scripts compute under the name of asymmetric Jaccard.

    It departs from the definition twice. The operators of the patch are those in which the
    *patch* differs from the *fix*, so that repeating the fix scores 0 and any other change of the
    same kind scores 1. And numbers of units, layers and bias initialisers belong to no operator.

    Args:
        faulty, fixed, patched: Configurations of one program, settings included.
        structural: Repair operators of the patch's edits that no hyperparameter tells.

    Returns:
        In [0, 1]; 0 if no operator that the scripts know reaches the fix.

    Raises:
        ValueError: If these are not configurations of one program.

    Source: replication package of Kim et al., ICST 2023.

    >>> fault = {"loss": "hinge", "epochs": 1, "units_1": 8}
    >>> fix = {**fault, "loss": "poisson", "epochs": 10}
    >>> asymmetric_jaccard_as_published(fault, fix, {**fault, "epochs": 2, "units_1": 16})
    1.0
    >>> asymmetric_jaccard_as_published(fault, fix, fix)
    0.0
    """
    of_fix = _as_the_scripts_see(changed(faulty, fixed))
    of_patch = _as_the_scripts_see(changed(fixed, patched)) | set(structural)
    return len(of_fix & of_patch) / len(of_fix) if of_fix else 0.0


def _as_the_scripts_see(hyperparameters: Iterable[str]) -> set[str]:
    """The operators of ``hyperparameters`` that the study's scripts recognise."""
    seen = [name for name in hyperparameters if not name.startswith("bias_")]
    return {row.name for row in operators_of(seen)} - {*UNSEEN_BY_SCRIPTS}
