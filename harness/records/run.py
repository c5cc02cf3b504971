"""A run as the analysis reads it: its trials, its patch, its re-trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.records.outcome import Outcome
from harness.vocabulary import Configuration, TrialStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One trial of a stored run, as the analysis reads it."""

    proposal: int
    status: TrialStatus
    search: float | None
    holdout: float | None
    fidelity: float
    spent: float
    """Charged to the run's clock when this trial had ended, this one included; its unit."""
    configuration: Configuration | None
    """None where the record keeps the outcome only (the published runs of AutoTrainer)."""
    structural: tuple[str, ...] | None = None
    """Of a patch that is a history: the repair operator of each edit that no hyperparameter tells;
    None for an ordinary patch."""
    history: Mapping[str, Any] | None = None
    """That history as stored, see ``harness.training.watched.history``."""
    choice: int | None = None
    """Proposal that the technique would have returned before this trial; None if it did not say."""


@dataclass(frozen=True, slots=True)
class Minimised:
    """What was left of a run's patch when edits were taken back after the run."""

    configuration: Configuration
    trainings: int
    """What that took."""
    taken_back: Sequence[str] = ()
    """The hyperparameters whose edits were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """One re-training of a trial's configuration, with a fresh seed and outside the budget."""

    proposal: int
    fidelity: float
    """That of the trial: the re-training has as many steps."""
    seed: int
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One technique on one fault under one budget, for one repetition: what the analysis reads."""

    fault: str
    technique: str
    budget: float
    """As a multiple of T."""
    clock: str
    space: str
    data: str
    fraction: float
    repetition: int
    metric: str
    faulty: Configuration
    """The faulty program's configuration, settings included."""
    fixed: Configuration
    trials: Sequence[RunRow]
    status: str
    """What the technique itself said: ``ok``, ``not_applicable``, ``no_symptom``; ``timed_out`` if
    it was not done within the budget."""
    training_seconds: float
    search_seconds: float
    total_seconds: float
    choice: int | None = None
    """Proposal that the technique returned; None leaves it to the search metric."""
    minimised: Minimised | None = None
    """None if the patch was not minimised after the run."""
    allowed: float | None = None
    """What the budget came to, in the clock's unit; None where the record does not say: budget
    times T, seconds."""
    confirmed: Sequence[Confirmation] = ()
    """Of the winners of whichever protocols and budgets were asked for; empty if there are none."""
    prefix_of: float | None = None
    """Budget of the recorded run of which this is the beginning; None for a run of its own."""

    @property
    def unit(self) -> float | None:
        """What a budget of 1 comes to, in the clock's unit; None where the record does not say."""
        return None if self.allowed is None else self.allowed / self.budget
