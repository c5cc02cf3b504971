"""The record of a finished run, ``run.json``: one class, its writer and its reader.

The types of the fields are the schema: nobody else names a key of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.records.cell import Cell
from harness.records.files import read_record, write_record
from harness.records.log import RunHeader
from harness.records.schema import Count, Misfit, NonNegative, Positive, Seconds
from harness.vocabulary import METRICS, CellStatus, Configuration, TrialStatus, Value

RUN = "run.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairedFault:
    """The fault of a run, as far as its trials need it to be understood."""

    title: str
    metric: str
    """Name of the metric of all values of the run."""
    faulty: Configuration
    """The faulty program, settings included."""
    fixed: Configuration
    """The developers' program, with the same names."""

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise Misfit(f"is {self.metric!r}, not one of {', '.join(METRICS)}", ("metric",))
        if set(self.faulty) != set(self.fixed):
            odd = sorted(set(self.faulty) ^ set(self.fixed))
            raise Misfit(f"and 'faulty' differ in their names: {', '.join(odd)}", ("fixed",))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSeconds:
    """Wall-clock time of a run, by purpose; seconds."""

    training: Seconds
    """Training and judging the trials."""
    search: Seconds
    """Deciding on the trials."""
    building: Seconds
    """Building and compiling the trials' programs."""
    total: Seconds
    """The whole run, everything included; of a continued run, the sum over its trials."""
    opening: Seconds
    """From the start of the slot to the opened log; no part of ``total``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnvironment:
    """Software and machine that made a record; no part of any identity."""

    harness: str
    """Version of this package."""
    results_version: Count
    """Version of the results that the harness wrote then."""
    python: str
    """Version of Python."""
    packages: Mapping[str, str]
    """Package -> its version; empty if it was not installed."""
    host: str
    """Name of the machine."""
    machine: str
    """Operating system and processor."""
    commit: str
    """Git commit of the harness; empty outside a checkout."""
    dirty: bool
    """Whether the checkout had changes that were not committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A finished run: its identity, how it ended and what it took. Its trials are in the log."""

    cell: Cell
    """The run's identity."""
    status: str
    """The technique's closing word: ``ok``, ``not_applicable`` or ``no_symptom``."""
    choice: Count | None
    """Proposal that the technique returned; None leaves it to the search metric."""
    trials: Count
    """Number of trials in the log."""
    counts: Mapping[str, Count]
    """Trial status -> number of trials that ended so."""
    health: Mapping[str, Value]
    """The technique's counters, and ``peak_worker_bytes``: the highest memory of a worker."""
    fault: RepairedFault
    training_time: Positive
    """T, seconds: one training of the faulty program."""
    allowed: Positive
    """The budget, in the clock's unit."""
    spent: NonNegative
    """The clock's reading at the end, in its unit."""
    seconds: RunSeconds
    run_seed: Count
    """Seed of the run, derived from its cell."""
    continued_after: Count
    """Trials in the log when the last driver took the run up; 0 for a run made in one go."""
    device: str
    """Framework and device of the trainings."""
    environment: RunEnvironment
    started: str
    """Time at which the run began, UTC, ISO 8601."""
    ended: str
    """Time at which the run ended, UTC, ISO 8601."""

    def __post_init__(self) -> None:
        if odd := sorted(set(self.counts) - {*TrialStatus}):
            raise Misfit(f"names {', '.join(odd)}, which is no trial status", ("counts",))
        if self.status not in {*CellStatus}:
            raise Misfit(f"is {self.status!r}, not one of {', '.join(CellStatus)}", ("status",))
        if sum(self.counts.values()) != self.trials:
            raise Misfit(
                f"add up to {sum(self.counts.values())}, but there are {self.trials} trials",
                ("counts",),
            )

    @property
    def header(self) -> RunHeader:
        """The header that the run's log has."""
        return RunHeader(cell=self.cell, metric=self.fault.metric, training_time=self.training_time)

    def write(self, folder: Path) -> None:
        """Write the record atomically into the run's folder.

        Raises:
            HarnessError: If a field is of another type or out of range, or on a full disk.
        """
        write_record(folder / RUN, self)


def read_run_record(folder: Path) -> RunRecord:
    """The record in a run's folder.

    Raises:
        HarnessError: If it is missing, damaged or of another version.
    """
    return read_record(folder / RUN, RunRecord, "record of a run")
