"""The result of one training, and the trial that it belongs to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from harness.records.observation import Look, Observation, Watched
from harness.vocabulary import Cause, Configuration, TrialStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one training produced. Times are seconds; metrics are in the metric's own unit."""

    status: TrialStatus
    seconds: float
    """Inside training and its evaluation, on the run's one device. Building is not in it."""
    fidelity: float = 1.0
    """Share of the configuration's training steps that the program has had, in (0, 1]."""
    steps: int = 0
    """Training steps that this training added."""
    work: float = 0.0
    """Multiply-accumulates of these steps, forward and backward (``harness.training.work``)."""
    search: float | None = None
    """Metric on the search part: what a technique may see."""
    holdout: float | None = None
    """Metric on the holdout part: what the tables report; no technique reads it."""
    cause: Cause | None = None
    message: str = ""
    losses: tuple[float, ...] = ()
    """Mean training loss of each epoch that this training added."""
    data_seconds: float = 0.0
    build_seconds: float = 0.0
    """Building and compiling; timed apart and not charged by the clock ``training``."""
    evaluate_seconds: float = 0.0
    """The part of ``seconds`` that judged the program."""
    total_seconds: float = 0.0
    """From request to answer, everything included."""
    memory: int = 0
    """Bytes that the training process held afterwards."""
    seen: Observation | None = None
    """What the training showed besides its score; None unless it was watched or looked at."""

    def __post_init__(self) -> None:
        judged = self.search is not None and self.holdout is not None
        may = self.status in (TrialStatus.COMPLETED, TrialStatus.CUT)
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
        if not (self.seconds >= 0 and 0 < self.fidelity <= 1):
            raise ValueError(
                "seconds are >= 0 and fidelity is in (0, 1]. "
                f"Received: seconds={self.seconds}, fidelity={self.fidelity}"
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
class Trial:
    """One training of one configuration, as a technique yields it."""

    proposal: int
    """Number of the configuration within the run, from 0; a configuration that is trained on
    (BOHB) keeps its number."""
    configuration: Configuration
    outcome: Outcome
    suggest_seconds: float = 0.0
    """What the technique spent to decide on this trial."""
    note: Mapping[str, Any] = field(default_factory=dict)
    """Whatever else the technique wants kept, as plain JSON values."""


def parse_outcome(entry: Mapping[str, Any]) -> Outcome:
    """An outcome from its JSON; unknown fields are an error."""
    known = {f.name for f in fields(Outcome)}
    if odd := set(entry) - known:
        raise ValueError(f"unknown fields {sorted(odd)}")
    cause, seen = entry.get("cause"), entry.get("seen")
    return Outcome(
        **{
            **entry,
            "status": TrialStatus(entry["status"]),
            "cause": None if cause is None else Cause(cause),
            "losses": tuple(entry["losses"]),
            "seen": None if seen is None else Observation.parse(seen),
        }
    )
