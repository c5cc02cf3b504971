"""How far the rules look behind a layer."""

from __future__ import annotations

from collections.abc import Collection

from harness.theia.program import POOL, Kind
from harness.theia.thresholds import Thresholds

_NOT_NEXT = frozenset(Kind) - {Kind.ACTIVATION, Kind.BATCHNORM}


def stops(limits: Thresholds) -> Collection[Kind]:
    """The kinds that end a block, besides layers with weights."""
    return {"block": (), "pool": POOL, "next": _NOT_NEXT}[limits.search]
