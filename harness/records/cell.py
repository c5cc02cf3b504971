"""The identity of one run, the same before it is made and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from harness.records.files import digest, plain
from harness.records.schema import Count, Positive, Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One run to be made: its identity, the same before it is made and after."""

    fault: str
    fault_content: str
    """Hash of what the fault and its subject mean."""
    technique: str
    """Its registered name; where its code lies is no part of the identity."""
    technique_version: Count = 1
    """Raised by the technique's author when equal settings no longer mean equal trials."""
    settings: Mapping[str, Any]
    """The technique's settings, as plain JSON values."""
    space: str
    clock: str
    clock_version: Count = 0
    """Of the constants by which it charges; 0 for a clock without any."""
    budget: Positive
    """As a multiple of T."""
    data: str
    fraction: Share
    backend: str
    repetition: Count
    seed: int
    """The study's seed; the run's own is derived from it."""

    @property
    def identity(self) -> str:
        """Twelve hexadecimal digits over all fields that say something."""
        return digest(_said(self))

    def __hash__(self) -> int:
        return hash(self.identity)

    @property
    def folder(self) -> Path:
        """Relative to ``results/runs``."""
        name = f"b{self.budget:g}-s{self.seed}-r{self.repetition:02}-{self.identity}"
        return Path(plain(self.fault)) / plain(self.technique) / name

    @property
    def run_seed(self) -> int:
        """Differs between faults, techniques and repetitions, and with the study's seed."""
        words = [self.fault, self.technique, self.seed, self.repetition]
        return int(digest(words)[:8], 16)


def without_budget(cell: Cell) -> str:
    """The identity of a cell, its budget left out."""
    return digest(_said(replace(cell, budget=0.0)))


def _said(cell: Cell) -> dict[str, Any]:
    """The fields of a cell; without a version that its clock does not have."""
    fields = asdict(cell)
    if not cell.clock_version:
        del fields["clock_version"]
    return fields
