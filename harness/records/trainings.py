"""Trainings of one configuration on one set of data, by seed: a file below ``trainings``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.records.files import read_record
from harness.records.outcome import Outcome
from harness.records.schema import Misfit, Share
from harness.vocabulary import Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTraining:
    """One training and where it was made."""

    device: str
    """Framework and device."""
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingsRecord:
    """All trainings that differ in their seeds only."""

    subject: str
    backend: str
    configuration: Configuration
    """Complete, settings included."""
    data_seed: int
    """Seed of the order of the samples."""
    data: str
    """Data variant."""
    fraction: Share
    """Share of the training data."""
    trainings: Mapping[str, KeptTraining]
    """Seed, as text -> the training with it."""

    def __post_init__(self) -> None:
        for seed in self.trainings:
            if not (seed.isascii() and seed.isdecimal()):
                raise Misfit(f"has the key {seed[:40]!r}, which is no seed", ("trainings",))


def read_trainings(path: Path) -> TrainingsRecord:
    """Raises HarnessError if the file is damaged or of another version."""
    return read_record(path, TrainingsRecord, "record of trainings")
