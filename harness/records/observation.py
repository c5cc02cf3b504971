"""What a training showed besides its score: symptoms, and what a localiser blames.

Plain data, stored like every record (``harness.records.schema``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.records.schema import from_json
from harness.vocabulary import Value


class Symptom(StrEnum):
    """A problem of a training. Where several show, the first in this order is reported.

    Source: Zhang et al., AutoTrainer, ICSE 2021.
    """

    EXPLODING = "exploding_gradient"
    DYING = "dying_relu"
    VANISHING = "vanishing_gradient"
    SLOW = "slow_convergence"
    OSCILLATING = "oscillating_loss"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of gradients and weights. A value that is not finite is None."""

    epoch: int
    """Index, from 0."""
    first_norm: float | None
    """Euclidean norm of the first kernel's gradient."""
    last_norm: float | None
    """Euclidean norm of the last kernel's gradient."""
    zero_share: float
    """Share of gradient entries that are exactly zero, in [0, 1]."""
    finite: bool
    """Whether all gradients and weights are finite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What a watched training showed.

    A series has one value an epoch. A validation series has one value a check where symptoms do
    not stop the training. A value that is not finite is None.
    """

    symptom: Symptom | None
    """The first symptom; None if there was none."""
    epochs: int
    """Epochs trained to their end."""
    accuracy: tuple[float, ...]
    """Share of training samples classified correctly, in [0, 1]."""
    val_accuracy: tuple[float, ...]
    """The same of the validation samples."""
    val_loss: tuple[float | None, ...]
    """Mean validation loss."""
    checks: tuple[Check, ...]
    check_seconds: float
    """Seconds spent on gradients and weights, all checks together."""
    layers: tuple[str, ...]
    """Kind of each layer, see ``harness.training.watched.network.LAYER_KINDS``."""


@dataclass(frozen=True, slots=True)
class Blame:
    """A hyperparameter that a finding of Theia names."""

    hyperparameter: str
    severity: str
    """``bug`` or ``advice``."""
    rule: str
    reason: str
    """What the finding observed and expected."""
    value: Value | None = None
    """The suggested value, where the finding has one for this hyperparameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a localiser says of a program before it trains, and how large the data are."""

    blames: tuple[Blame, ...]
    """Hyperparameters that the findings reach: bugs first."""
    samples: int
    """Samples of the training part."""
    judged: int
    """Samples of the search part, on which a technique's metric is measured."""
    seconds: float
    """Seconds that the look took, without building programs: building is not charged."""
    build_seconds: float
    """Seconds that building programs took."""
    error: str = ""
    """Why the localiser could not read the program; '' if it could."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a training showed besides its score. At least one part is there."""

    watched: Watched | None = None
    """The symptoms, if the training was watched."""
    look: Look | None = None
    """The localiser's view, if a look was asked for."""

    def __post_init__(self) -> None:
        if self.watched is None and self.look is None:
            raise ValueError("an observation needs a watched training, a look, or both")

    @staticmethod
    def of(watched: Watched | None, look: Look | None) -> Observation | None:
        """The observation of both parts; None if neither is there."""
        if watched is None and look is None:
            return None
        return Observation(watched=watched, look=look)

    @staticmethod
    def from_v1(content: Mapping[str, Any]) -> Observation:
        """The observation that version 1 of the results wrote.

        It kept one part only, flat: a look if it has ``blames``, else a watched training.

        Raises:
            Misfit: If it is neither.
        """
        if "blames" in content:
            return Observation(look=from_json(Look, content))
        return Observation(watched=from_json(Watched, content))
