"""The verdict on each test: adjusted for all tests of its family, significant, repaired.

Every star of every table comes from here, so that two tables of the same runs agree.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

from harness.analysis import statistics as stats
from harness.analysis.protocols import Protocol
from harness.analysis.schemas import SETTING
from harness.vocabulary import METRICS

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeclaredFamily:
    """Tests that are adjusted together, as they were declared before any of them was made.

    All faults x techniques of one budget. A test that cannot be made, for want of runs or since the
    technique does not apply, counts all the same. What is tested beyond is adjusted over the family
    and all that is beyond: it costs the declared tests nothing.
    """

    name: str
    """Of the plan that declares it."""
    faults: tuple[str, ...]
    techniques: tuple[str, ...]

    @property
    def cells(self) -> frozenset[tuple[str, str]]:
        """Techniques against the faulty program: fault and technique."""
        return frozenset((f, t) for f in self.faults for t in self.techniques)

    @property
    def duels(self) -> frozenset[tuple[str, frozenset[str]]]:
        """Techniques against each other: fault and two techniques."""
        pairs = [frozenset(pair) for pair in combinations(self.techniques, 2)]
        return frozenset((f, pair) for f in self.faults for pair in pairs)

    @property
    def pairs(self) -> frozenset[frozenset[str]]:
        """Techniques against each other over all faults."""
        return frozenset(frozenset(pair) for pair in combinations(self.techniques, 2))


class Adjusted(NamedTuple):
    """A p-value after Holm."""

    p: float | None
    """None if there is no test."""
    tests: int
    """Size of the family."""


def adjusted(
    keys: Sequence[Hashable],
    p_values: Sequence[float | None],
    declared: Collection[Hashable] | None,
) -> list[Adjusted]:
    """Holm over a family of tests.

    Args:
        keys: What each test is about.
        p_values: None for one that could not be made.
        declared: The keys of the family. None: the tests that there are.
    """
    if declared is None:
        size = sum(p is not None for p in p_values)
        return [Adjusted(p, size) for p in stats.holm(p_values)]
    whole = len({*declared, *keys})
    inside = [p if key in declared else None for key, p in zip(keys, p_values, strict=True)]
    own = stats.holm(inside, size=len(declared))
    beyond = stats.holm(p_values, size=whole)
    return [
        Adjusted(mine, len(declared)) if key in declared else Adjusted(other, whole)
        for key, mine, other in zip(keys, own, beyond, strict=True)
    ]


def verdicts(
    rows: Sequence[Row], protocol: Protocol, family: DeclaredFamily | None = None
) -> list[Row]:
    """Copies of the rows with ``p_holm``, ``tests``, ``significant`` and ``repaired`` added.

    Args:
        rows: Of the scores; all those whose tests are adjusted together.
        family: The declared family; by default the tests among these rows, one family per setting.
    """
    judged = [dict(row) for row in rows]
    _adjust(judged, family)
    for row in judged:
        row["significant"] = _significant(row, protocol)
        row["repaired"] = row["significant"] and row["a12"] >= protocol.repaired_a12
    return judged


def _adjust(rows: Sequence[Row], family: DeclaredFamily | None) -> None:
    """Holm over the cells of one budget; one family per setting."""
    settings: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        settings.setdefault(tuple(row[name] for name in SETTING), []).append(row)
    for of_setting in settings.values():
        keys = [(row.get("fault"), row.get("technique")) for row in of_setting]
        declared = None if family is None else family.cells
        found = adjusted(keys, [row["p_mannwhitney"] for row in of_setting], declared)
        for row, (p, tests) in zip(of_setting, found, strict=True):
            row |= {"p_holm": p, "tests": tests}


def _significant(row: Row, protocol: Protocol) -> bool:
    """Whether the cell is significantly better than the faulty program; False without a test."""
    p = row["p_holm" if protocol.holm else f"p_{protocol.test}"]
    if p is None or p >= protocol.alpha:
        return False
    if protocol.require_ir_positive:
        return row["ir"] is not None and row["ir"] > 0
    better: bool = METRICS[row["metric"]].better(row["mean"], row["faulty_mean"])
    return better and row["a12"] > 0.5
