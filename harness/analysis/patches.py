"""The patches of a cell: how much they change, and how like the fix they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from harness.analysis.metrics import (
    asymmetric_jaccard_as_defined,
    asymmetric_jaccard_as_published,
    complexity,
    hyperparameters,
)
from harness.analysis.protocols import Protocol
from harness.analysis.reference import mean_or_none
from harness.analysis.winners import RunResult
from harness.records.run import Run
from harness.vocabulary import Configuration


def patch_figures(
    cell: Sequence[Run], results: Sequence[RunResult], protocol: Protocol
) -> dict[str, Any]:
    """Complexity and asymmetric Jaccard of a cell's patches.

    A run that returns no patch changes nothing, and so shares nothing with the fix: both are 0, but
    for the formula of the study's scripts, to which no change is the best patch. Runs without a
    patch for another reason are left out.
    """
    faulty, fixed = cell[0].faulty, cell[0].fixed
    patches = [(r.patch, r.structural) for r in results if r.patch is not None]
    returned = [*patches, *[(faulty, ())] * sum(r.no_patch for r in results)]
    defined = [aj_as_defined(faulty, fixed, *patch, protocol) for patch in returned]
    published = [asymmetric_jaccard_as_published(faulty, fixed, *patch) for patch in patches]
    return {
        "patches": len(patches),
        "complexity_mean": mean_or_none(
            [
                patch_complexity(faulty, patch, protocol, structural=len(structural))
                for patch, structural in returned
            ]
        ),
        "fix_complexity": fix_complexity(faulty, fixed, protocol),
        "aj_as_defined_mean": mean_or_none([aj for aj in defined if aj is not None]),
        "aj_as_published_mean": mean_or_none(published),
    }


def patch_complexity(
    faulty: Configuration, patched: Configuration, protocol: Protocol, structural: int = 0
) -> float:
    """:func:`complexity` as the protocol counts."""
    return complexity(
        faulty,
        patched,
        settings=protocol.settings_count,
        structural=structural,
        empty_counts=protocol.empty_counts,
    )


def aj_as_defined(
    faulty: Configuration,
    fixed: Configuration,
    patched: Configuration,
    structural: Iterable[str],
    protocol: Protocol,
) -> float | None:
    """:func:`asymmetric_jaccard_as_defined`, with the protocol's value for a fix out of reach."""
    share = asymmetric_jaccard_as_defined(faulty, fixed, patched, structural)
    return protocol.unreachable_fix_aj if share is None else share


def fix_complexity(faulty: Configuration, fixed: Configuration, protocol: Protocol) -> float:
    """Complexity of the true fix.

    A fix that changes no counted hyperparameter has complexity 0, or that of one change if the
    protocol says so.
    """
    share = complexity(faulty, fixed, settings=protocol.settings_count)
    if share == 0 and protocol.unreachable_fix_counts_one:
        return 1 / len(hyperparameters(faulty, settings=protocol.settings_count))
    return share
