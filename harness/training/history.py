"""Trainings that go on from each other: plain data, so that they travel, are stored and repeated.

AutoTrainer does not start afresh: it changes a program that was trained for a while, and trains
on. Such a patch is a history, a list of links. Training all of its links again, with any seed, is
the same recipe: the faulty program for 6 epochs, then SELU, then 20 epochs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from harness.training.symptoms import Symptom, SymptomThresholds
from harness.vocabulary import Configuration, HarnessError, Value, unknown

LayerEdit = Mapping[str, Value]
"""One change of the layers: ``edit`` names it, the other keys say how. See ``EDITS``."""

EDITS: Mapping[str, str] = {
    "activation": "activation of all hidden layers := `to`; `separate` ones replaced as well",
    "advanced_activation": "the same by a layer `to` of its own; `strip_output`: output linear",
    "initialise": "initialisers of all hidden layers := `kernel`, `bias`; `redraw` the weights",
    "batch_normalisation": "after every hidden layer with weights; or `before_activation`",
    "gaussian_noise": "of standard deviation `deviation` before the first layer with weights",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How a program is trained."""

    loss: str
    optimiser: str
    """As in ``harness.space.operators.OPTIMISERS``."""
    learning_rate: float
    batch_size: int
    epochs: int
    options: Mapping[str, Value] = field(default_factory=dict)
    """What else the optimiser is told, in Keras' words: ``momentum``, ``clipvalue`` ..."""
    reduce_rate: bool = False
    """Whether the learning rate falls to a fifth, not below 0.001, when the validation loss has not
    improved for five epochs."""

    def __post_init__(self) -> None:
        if self.batch_size < 1 or self.epochs < 1:
            raise HarnessError(
                "batch size and epochs are whole numbers from 1. "
                f"Received: batch size {self.batch_size}, epochs {self.epochs}"
            )
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise HarnessError(
                f"a learning rate is a positive number. Received: {self.learning_rate}"
            )

    @staticmethod
    def of(configuration: Configuration) -> Training:
        """The training part of a subject's configuration."""
        c = configuration
        return Training(
            loss=str(c["loss"]),
            optimiser=str(c["optimiser"]),
            learning_rate=float(c["learning_rate"]),
            batch_size=int(c["batch_size"]),
            epochs=int(c["epochs"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One training, which goes on from the weights of the link before it."""

    number: int
    """Seeds this training together with the run's seed; a proposal's number within its run."""
    training: Training
    edits: tuple[LayerEdit, ...] = ()
    """Applied to the layers before the training."""
    epochs: int = 0
    """How many epochs it had; 0 as long as it has not been trained, or trained to the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Trainings one after another; the last one is watched, and by default stops at a symptom."""

    links: tuple[Link, ...]
    thresholds: SymptomThresholds = field(default_factory=SymptomThresholds)
    start: Configuration = field(default_factory=dict)
    """What the program is built from, before the first link."""
    stops: bool = True
    """Whether the first symptom ends the training. If not, only numbers that are not finite do, and
    validation waits for the checks, so that watching costs little."""

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @staticmethod
    def parse(content: Mapping[str, Any]) -> History:
        """What :meth:`plain` made."""
        links = (
            Link(
                **{**link, "training": Training(**link["training"]), "edits": tuple(link["edits"])}
            )
            for link in content["links"]
        )
        thresholds = SymptomThresholds(**content["thresholds"])
        return History(
            links=tuple(links),
            thresholds=thresholds,
            start=content["start"],
            stops=content.get("stops", True),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One look at gradients and weights. A value that is not finite is None."""

    epoch: int
    """Index, from 0."""
    first_norm: float | None
    last_norm: float | None
    zero_share: float
    finite: bool
    """Gradients and weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a watched training showed. One value an epoch in the series (of the validation series,
    one a check where symptoms do not stop the training); None if not finite."""

    symptom: Symptom | None
    epochs: int
    """Epochs trained to their end."""
    accuracy: tuple[float, ...]
    val_accuracy: tuple[float, ...]
    val_loss: tuple[float | None, ...]
    checks: tuple[Check, ...]
    check_seconds: float
    """What gradients and weights took, all checks together."""
    layers: tuple[str, ...]
    """Kind of each layer, see ``harness.training.network.KINDS``."""

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @staticmethod
    def parse(content: Mapping[str, Any]) -> Seen:
        """What :meth:`plain` made."""
        symptom = content["symptom"]
        return Seen(
            **{
                **content,
                "symptom": None if symptom is None else Symptom(symptom),
                "checks": tuple(Check(**check) for check in content["checks"]),
                **{
                    name: tuple(content[name])
                    for name in ("accuracy", "val_accuracy", "val_loss", "layers")
                },
            }
        )


def check_edits(edits: Sequence[LayerEdit]) -> None:
    """Raises HarnessError if there is no such edit."""
    for edit in edits:
        if edit.get("edit") not in EDITS:
            raise unknown("edit of the layers", edit.get("edit"), EDITS)
