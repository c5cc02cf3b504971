"""The result of one training, and the trial that it belongs to."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from harness.records.observation import Look, Observation, Watched
from harness.records.schema import Count, NonNegative, Positive, Seconds, Share, from_json
from harness.vocabulary import Cause, Configuration, TrialStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a training was worth when a smaller budget would have ended: judged there, uncharged."""

    budget: Positive
    """As a multiple of T."""
    ended: bool
    """Whether the training would have come to its own end, so that the budget ended in its
    evaluation; then its outcome says the rest."""
    left: NonNegative = 0.0
    """What was left of that budget when the training began, in the unit of the clock."""
    steps: Count = 0
    fidelity: Share = 1.0
    work: NonNegative = 0.0
    reference_seconds: Seconds = 0.0
    search: float | None = None
    """None, like ``holdout``, if the program could not be judged there."""
    holdout: float | None = None

    def __post_init__(self) -> None:
        if (self.search is None) != (self.holdout is None):
            raise ValueError(
                "a mark has search and holdout values or neither. Received: "
                f"search={self.search}, holdout={self.holdout}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one training produced. Times are seconds; metrics are in the metric's own unit."""

    SCORED: ClassVar[tuple[TrialStatus, ...]] = (TrialStatus.COMPLETED, TrialStatus.CUT)
    """Statuses that may come with values."""

    status: TrialStatus
    seconds: Seconds
    """Inside training and its evaluation, on the run's one device. Building is not in it."""
    fidelity: Share = 1.0
    """Share of the configuration's training steps that the program has had, in (0, 1]."""
    steps: Count = 0
    """Training steps that this training added."""
    work: NonNegative = 0.0
    """Multiply-accumulates of these steps, forward and backward (``harness.training.work``)."""
    reference_seconds: Seconds = 0.0
    """What the reference machine would need for these steps and their evaluation, computed
    (``harness.training.reference``); 0 in records that are older than that clock."""
    whole_reference_seconds: Seconds = 0.0
    """The same for the configuration's whole training."""
    search: float | None = None
    """Metric on the search part: what a technique may see."""
    holdout: float | None = None
    """Metric on the holdout part: what the tables report; no technique reads it."""
    cause: Cause | None = None
    message: str = ""
    losses: tuple[float, ...] = ()
    """Mean training loss of each epoch that this training added."""
    data_seconds: Seconds = 0.0
    build_seconds: Seconds = 0.0
    """Building and compiling; timed apart and not charged by the clock ``training``."""
    evaluate_seconds: Seconds = 0.0
    """The part of ``seconds`` that judged the program."""
    total_seconds: Seconds = 0.0
    """From request to answer, everything included."""
    memory: Count = 0
    """Bytes that the training process held afterwards."""
    marks: tuple[Mark, ...] = ()
    """For each smaller budget that would have ended within this training."""
    seen: Observation | None = None
    """What the training showed besides its score; None unless it was watched or looked at."""

    def __post_init__(self) -> None:
        self._check_values()
        if not (self.seconds >= 0 and 0 < self.fidelity <= 1):
            raise ValueError(
                "seconds are >= 0 and fidelity is in (0, 1]. "
                f"Received: seconds={self.seconds}, fidelity={self.fidelity}"
            )

    def _check_values(self) -> None:
        judged = self.search is not None and self.holdout is not None
        may = self.status in self.SCORED
        must = self.status is TrialStatus.COMPLETED
        if (
            (must and not judged)
            or (judged and not may)
            or (self.search is None) != (self.holdout is None)
        ):
            raise ValueError(
                "a completed trial has search and holdout values, a cut one may, others have none."
                f" Received: status={self.status.value}, search={self.search}, "
                f"holdout={self.holdout}"
            )
        if judged and not (math.isfinite(self.search) and math.isfinite(self.holdout)):  # type: ignore[arg-type]
            raise ValueError(
                f"a judged trial has finite values. Received: search={self.search}, "
                f"holdout={self.holdout}"
            )

    @property
    def judged(self) -> bool:
        return self.search is not None

    @property
    def watched(self) -> Watched | None:
        """The symptoms, if the training was watched."""
        return None if self.seen is None else self.seen.watched

    @property
    def look(self) -> Look | None:
        """The localiser's view of the program, if it was asked for."""
        return None if self.seen is None else self.seen.look


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOutcome(Outcome):
    """An outcome as a technique sees it: without a holdout value, and sharing nothing."""

    holdout: None = None
    """Always None: what judges a patch must not guide the search for it."""

    def _check_values(self) -> None:
        if self.holdout is not None:
            raise ValueError("what a technique sees has no holdout value")

    @staticmethod
    def of(outcome: Outcome) -> ShownOutcome:
        """What a technique may know of ``outcome``."""
        shown = {f.name: getattr(outcome, f.name) for f in fields(Outcome)}
        return ShownOutcome(
            **{
                **shown,
                "holdout": None,
                "memory": 0,
                "marks": (),
                "seen": copy.deepcopy(outcome.seen),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredOutcome(Outcome):
    """An outcome of the published study, which scored diverged trainings like all others."""

    SCORED: ClassVar[tuple[TrialStatus, ...]] = (*Outcome.SCORED, TrialStatus.DIVERGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One training of one configuration within a run.

    A technique yields it with its first fields; the runner adds number, charge and time when it
    records the trial. One line of a trial log is a trial.
    """

    index: Count | None = None
    """Position in the run's log, from 0; None until the trial is recorded."""
    proposal: Count
    """Number of the configuration within the run, from 0; a configuration that is trained on
    (BOHB) keeps its number."""
    configuration: Configuration | None
    """The program that was trained; None where a published record keeps the outcome only."""
    outcome: Outcome
    suggest_seconds: Seconds = 0.0
    """Time the technique needed to decide on this trial."""
    charged: NonNegative | None = None
    """Charge of the run's clock for this trial, in the clock's unit; None until it is recorded."""
    spent: NonNegative = 0.0
    """All charges so far, this trial included, in the clock's unit; 0 until it is recorded."""
    at: str = ""
    """Time at which the trial ended, UTC, ISO 8601; empty until it is recorded."""
    note: Mapping[str, Any] = field(default_factory=dict)
    """Whatever else the technique wants kept, as plain JSON values."""

    def __post_init__(self) -> None:
        note = self.note
        if "history" in note:
            named = note.get("structural")
            if not (isinstance(note["history"], Mapping) and isinstance(named, Mapping)):
                raise ValueError(
                    "a note with a history is a mapping, and so is its 'structural': edit -> "
                    f"repair operator. Received: structural={named!r}"
                )
        choice = note.get("choice")
        if choice is not None and type(choice) is not int:
            raise ValueError(f"the choice in a note is a proposal or None. Received: {choice!r}")

    @property
    def program(self) -> Configuration:
        """The configuration of a trial that must have one.

        Raises:
            ValueError: If the record keeps the outcome only.
        """
        if self.configuration is None:
            raise ValueError(f"trial {self.proposal} was recorded without its configuration")
        return self.configuration

    @property
    def status(self) -> TrialStatus:
        return self.outcome.status

    @property
    def search(self) -> float | None:
        """Metric on the search part; None if the training was not judged."""
        return self.outcome.search

    @property
    def holdout(self) -> float | None:
        """Metric on the holdout part; None if the training was not judged."""
        return self.outcome.holdout

    @property
    def fidelity(self) -> float:
        return self.outcome.fidelity

    @property
    def history(self) -> Mapping[str, Any] | None:
        """Of a patch that is a history: that history, see ``harness.training.watched.history``."""
        history: Mapping[str, Any] | None = self.note.get("history")
        return history

    @property
    def structural(self) -> tuple[str, ...] | None:
        """Of a patch that is a history: the repair operators of edits outside the configuration.

        None for an ordinary patch.
        """
        return tuple(self.note["structural"].values()) if "history" in self.note else None

    @property
    def choice(self) -> int | None:
        """Proposal that the technique would have returned before this trial; None if unknown."""
        choice: int | None = self.note.get("choice")
        return choice


def parse_outcome(entry: Any) -> Outcome:
    """An outcome from its JSON values.

    Raises:
        Misfit: If a field is missing, unknown, or not of its type and range.
    """
    return from_json(Outcome, entry)
