"""Chains of trainings, each of which continues the one before. Plain data.

AutoTrainer changes a program that was trained for a while, and continues its training. Such a
patch is a history, a list of links: the faulty program for 6 epochs, then SELU, then 20 epochs.
A history can be stored, sent to another process, and trained again with any seed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from harness.training.watched.edits import LayerEdit
from harness.training.watched.symptoms import SymptomThresholds
from harness.vocabulary import Configuration, HarnessError, Value


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
    """Further arguments of the optimiser, by Keras' names: ``momentum``, ``clipvalue`` ..."""
    reduce_rate: bool = False
    """Whether the learning rate falls to a fifth after five epochs without a lower validation loss;
    never below 0.001."""

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
    """One training, which starts from the weights of the link before it."""

    number: int
    """The proposal's number within its run; seeds this training together with the run's seed."""
    training: Training
    edits: tuple[LayerEdit, ...] = ()
    """Edits of the layers before the training."""
    epochs: int = 0
    """Epochs that it had; 0 if it has not been trained yet, or was trained to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Trainings in order. The last one is watched, and by default stops at a symptom."""

    links: tuple[Link, ...]
    thresholds: SymptomThresholds = field(default_factory=SymptomThresholds)
    start: Configuration = field(default_factory=dict)
    """Configuration from which the program is built, before the first link."""
    stops: bool = True
    """Whether the first symptom ends the training. If not, only numbers that are not finite end it,
    and validation happens at the checks only, which keeps watching cheap."""

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @staticmethod
    def parse(content: Mapping[str, Any]) -> History:
        """The history that :meth:`plain` wrote."""
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
