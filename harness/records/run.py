"""A run as the analysis reads it: its trials, its patch, its re-trainings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.records.outcome import Outcome, Trial
from harness.records.schema import Count, NonNegative, Share
from harness.vocabulary import Configuration


@dataclass(frozen=True, slots=True)
class Minimised:
    """The patch of a run after edits were taken back, outside the run's budget."""

    configuration: Configuration
    trainings: Count
    """Trainings that minimising took."""
    taken_back: Sequence[str] = ()
    """The hyperparameters whose edits were taken back."""
    margin: float = 0.0
    """Share of the repair that taking an edit back may cost."""
    alpha: float = 0.0
    """Significance level of the test that decides on it."""
    retrainings: Count = 0
    """Trainings of each configuration that is compared."""
    cost: NonNegative | None = None
    """Work of all trainings, in multiples of one training of the faulty program's work; None if
    work was not counted."""
    holdout_before: Sequence[float | None] = ()
    """Holdout metric of the patch's re-trainings; None for one that was not judged."""
    holdout_after: Sequence[float | None] = ()
    """The same, after edits were taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """One re-training of a trial's configuration, with a fresh seed and outside the budget."""

    proposal: Count
    fidelity: Share
    """That of the trial: the re-training has as many steps."""
    seed: Count
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Confirmations:
    """The re-trainings of one run, ``confirmed.json``."""

    trainings: Sequence[Confirmation]


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
    trials: Sequence[Trial]
    status: str
    """The technique's own closing word: ``ok``, ``not_applicable``, ``no_symptom``; ``timed_out``
    if it was not done within the budget."""
    training_seconds: float
    search_seconds: float
    total_seconds: float
    choice: int | None = None
    """Proposal that the technique returned; None leaves it to the search metric."""
    minimised: Minimised | None = None
    """None if the patch was not minimised after the run."""
    allowed: float | None = None
    """The budget in the clock's unit; None where the record does not say: budget times T, seconds.
    """
    confirmed: Sequence[Confirmation] = ()
    """Of the winners of whichever protocols and budgets were asked for; empty if there are none."""
    prefix_of: float | None = None
    """Budget of the recorded run of which this is the beginning; None for a run of its own."""

    @property
    def unit(self) -> float | None:
        """A budget of 1 in the clock's unit; None where the record does not say."""
        return None if self.allowed is None else self.allowed / self.budget
