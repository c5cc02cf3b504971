"""The verdict on each test: adjusted for all tests of its family, significant, repaired.

Every star of every table comes from here, so that two tables of the same runs agree.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, NamedTuple, TypeVar

from harness.analysis import statistics as stats
from harness.analysis.protocols import Protocol
from harness.analysis.schemas import SETTING
from harness.vocabulary import METRICS

Row = dict[str, Any]
Key = TypeVar("Key", bound=Hashable)
CellTest = tuple[str, str]
"""Fault and technique."""
DuelTest = tuple[str, frozenset[str]]
"""Fault and two techniques."""


@dataclass(frozen=True, slots=True)
class DeclaredFamily:
    """Tests that are adjusted together, as they were declared before any of them was made.

    All faults x techniques of one budget. A test that cannot be made, for want of runs or since the
    technique does not apply, counts all the same. A test of another fault or technique is adjusted
    over the family and all that this fault or technique adds to it. So the family of a test depends
    on the test and the plan alone, and never on what else a table shows.
    """

    name: str
    """Of the plan that declares it."""
    faults: tuple[str, ...]
    techniques: tuple[str, ...]

    def cells(self, key: CellTest) -> frozenset[CellTest]:
        """The family of a technique on a fault against the faulty program."""
        fault, technique = key
        return frozenset(product({*self.faults, fault}, {*self.techniques, technique}))

    def duels(self, key: DuelTest) -> frozenset[DuelTest]:
        """The family of two techniques against each other on a fault."""
        fault, pair = key
        return frozenset(product({*self.faults, fault}, self.pairs(pair)))

    def pairs(self, key: frozenset[str]) -> frozenset[frozenset[str]]:
        """The family of two techniques against each other over all faults."""
        return frozenset(map(frozenset, combinations({*self.techniques, *key}, 2)))


class Adjusted(NamedTuple):
    """A p-value after Holm."""

    p: float | None
    """None if there is no test."""
    tests: int
    """Size of the family."""


def adjusted(
    keys: Sequence[Key],
    p_values: Sequence[float | None],
    family_of: Callable[[Key], frozenset[Key]] | None,
) -> list[Adjusted]:
    """Holm over families of tests.

    Args:
        keys: What each test is about.
        p_values: None for one that could not be made.
        family_of: The family of a test. None: the tests that there are, for all of them.
    """
    if family_of is None:
        size = sum(p is not None for p in p_values)
        return [Adjusted(p, size) for p in stats.holm(p_values)]
    families = [family_of(key) for key in keys]
    found: list[Adjusted | None] = [None] * len(keys)
    for family in set(families):
        inside = [p if key in family else None for key, p in zip(keys, p_values, strict=True)]
        for number, p in enumerate(stats.holm(inside, size=len(family))):
            if families[number] == family:
                found[number] = Adjusted(p, len(family))
    return [after for after in found if after is not None]


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
        keys = [(row["fault"], row["technique"]) for row in of_setting]
        p_values = [row["p_mannwhitney"] for row in of_setting]
        found = adjusted(keys, p_values, None if family is None else family.cells)
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
