"""The verdict on each cell: adjusted for all tests of its family, significant, repaired."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.analysis import statistics as stats
from harness.analysis.protocols import Protocol
from harness.analysis.schemas import SETTING
from harness.vocabulary import METRICS

Row = dict[str, Any]


def verdicts(rows: Sequence[Row], protocol: Protocol) -> list[Row]:
    """Copies of the rows with ``p_holm``, ``significant`` and ``repaired`` added."""
    judged = [dict(row) for row in rows]
    _adjust(judged)
    for row in judged:
        row["significant"] = _significant(row, protocol)
        row["repaired"] = row["significant"] and row["a12"] >= protocol.repaired_a12
    return judged


def _adjust(rows: Sequence[Row]) -> None:
    """Holm over the cells of one budget; one family per setting."""
    families: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        families.setdefault(tuple(row[name] for name in SETTING), []).append(row)
    for family in families.values():
        adjusted = stats.holm([row["p_mannwhitney"] for row in family])
        for row, p in zip(family, adjusted, strict=True):
            row["p_holm"] = p


def _significant(row: Row, protocol: Protocol) -> bool:
    """Whether the cell is significantly better than the faulty program; False without a test."""
    p = row["p_holm" if protocol.holm else f"p_{protocol.test}"]
    if p is None or p >= protocol.alpha:
        return False
    if protocol.require_ir_positive:
        return row["ir"] is not None and row["ir"] > 0
    better: bool = METRICS[row["metric"]].better(row["mean"], row["faulty_mean"])
    return better and row["a12"] > 0.5
