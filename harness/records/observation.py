"""What a training showed besides its score: symptoms, and what a localiser blames.

Plain data. :meth:`Observation.plain` writes its JSON, :meth:`Observation.parse` reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

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

    def plain(self) -> dict[str, Any]:
        """As JSON values: ``watched`` and ``look``, each a mapping or None."""
        return asdict(self)

    @staticmethod
    def parse(content: Mapping[str, Any]) -> Observation:
        """The observation that :meth:`plain` wrote.

        Raises:
            ValueError: If a field is missing, unknown or not of its type.
        """
        watched, look = content.get("watched"), content.get("look")
        _same_names(Observation, content)
        return Observation(
            watched=None if watched is None else _watched(watched),
            look=None if look is None else _look(look),
        )

    @staticmethod
    def from_v1(content: Mapping[str, Any]) -> Observation:
        """The observation that version 1 of the results wrote.

        It kept one part only, flat: a look if it has ``blames``, else a watched training.
        """
        if "blames" in content:
            return Observation(look=_look(content))
        return Observation(watched=_watched(content))


def _watched(content: Mapping[str, Any]) -> Watched:
    _same_names(Watched, content)
    symptom = content["symptom"]
    return Watched(
        symptom=None if symptom is None else Symptom(symptom),
        epochs=int(content["epochs"]),
        accuracy=tuple(content["accuracy"]),
        val_accuracy=tuple(content["val_accuracy"]),
        val_loss=tuple(content["val_loss"]),
        checks=tuple(_check(check) for check in content["checks"]),
        check_seconds=float(content["check_seconds"]),
        layers=tuple(content["layers"]),
    )


def _check(content: Mapping[str, Any]) -> Check:
    _same_names(Check, content)
    return Check(**content)


def _look(content: Mapping[str, Any]) -> Look:
    _same_names(Look, content)
    blames = tuple(parse_blame(blame) for blame in content["blames"])
    return Look(**{**content, "blames": blames})


def parse_blame(content: Mapping[str, Any]) -> Blame:
    """A blame from its JSON values.

    Raises:
        ValueError: If a field is missing or unknown.
    """
    _same_names(Blame, content)
    return Blame(**content)


def _same_names(kind: type, content: object) -> None:
    """Raises ValueError unless ``content`` is a mapping with exactly the fields of ``kind``."""
    if not isinstance(content, Mapping):
        raise ValueError(f"{kind.__name__} is a mapping. Received: {content!r}")
    names = {entry.name for entry in fields(kind)}
    if lacking := names - set(content):
        raise ValueError(f"{kind.__name__} lacks the fields {sorted(lacking)}")
    if odd := set(content) - names:
        raise ValueError(f"{kind.__name__} has unknown fields {sorted(odd)}")
