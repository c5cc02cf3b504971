"""A model as AutoTrainer sees it: a chain of layers that can be inspected, edited and trained.

Keras and PyTorch models implement the same two protocols.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from harness.training.anatomy import Part
from harness.training.programs import Loss
from harness.training.watched.edits import LayerEdit
from harness.training.watched.history import Training
from harness.vocabulary import HarnessError

LAYER_KINDS: Mapping[str, str] = {
    "dense": "fully connected",
    "convolution": "of any dimension",
    "recurrent": "LSTM, GRU, simple",
    "embedding": "its gradient is left out of all figures",
    "activation": "an activation as a layer of its own",
    "normalisation": "batch normalisation",
    "noise": "Gaussian noise",
    "other": "pooling, dropout, reshaping and the like",
}

WEIGHTED_KINDS = ("dense", "convolution", "recurrent")
"""Kinds that hold the weights of a program; the last of them is its output layer."""


class WatchedLoop(Protocol):
    """A network in training, which can be inspected between two calls."""

    rate: float
    """The learning rate; may be set between two calls."""

    macs: int
    """Multiply-accumulates of training on one sample, see ``harness.training.work``."""
    parts: tuple[Part, ...]
    """Its layers, as far as its cost depends on them."""

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        """Train steps as ``harness.training.programs.Trainable.run`` does.

        Returns:
            (last - first, 2): of each step the mean loss and the share of samples classified
            correctly, both in training mode.
        """

    def predict(self, x: np.ndarray) -> np.ndarray:
        """(n, ...) outputs in inference mode."""

    def loss(self, y: np.ndarray, predicted: np.ndarray) -> float:
        """Mean loss of predictions, regularisation included."""

    def gradients(self) -> list[np.ndarray]:
        """Gradients of the total loss, one array a trainable weight, in the order of the layers.

        They are those of the first mini-batch of the training data, in inference mode, with
        regularisation, clipped as the optimiser clips. Embeddings have none.
        """

    def finite(self) -> bool:
        """Whether all weights are finite."""


class Network(Protocol):
    """A model with its weights. Only training changes it."""

    framework: str
    """A key of ``harness.subjects.subject.FRAMEWORKS``."""

    @property
    def model(self) -> Any:
        """The framework's own object."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kind of each layer, in order; keys of ``LAYER_KINDS``."""

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """Outputs of the model for a few samples, in inference mode."""

    def edited(self, edits: Sequence[LayerEdit], seed: int) -> Network:
        """A copy with the same weights, and ``edits`` applied.

        New weights are drawn from ``seed``.
        """

    def loop(self, training: Training, loss: Loss, x: Any, y: Any, seed: int) -> WatchedLoop:
        """Compile for training; the optimiser starts afresh.

        Args:
            x, y: Training data, as arrays or as tensors of the framework.
            seed: Of dropout, where the model does not bring its own.

        Raises:
            Exception: Whatever the framework raises for a program that cannot train.
        """


def output_index(kinds: Sequence[str]) -> int:
    """Index of the output layer: the last one with weights.

    Raises:
        HarnessError: If there is none.
    """
    places = [i for i, kind in enumerate(kinds) if kind in WEIGHTED_KINDS]
    if not places:
        raise HarnessError(
            "AutoTrainer needs a model with at least one dense, convolution or recurrent layer. "
            f"Found: {', '.join(kinds) or 'no layer'}"
        )
    return places[-1]


def first_weighted(kinds: Sequence[str]) -> int:
    """Index of the first layer with weights; there must be one."""
    return next(i for i, kind in enumerate(kinds) if kind in WEIGHTED_KINDS)


def clipped(gradients: Sequence[np.ndarray], options: Mapping[str, Any]) -> list[np.ndarray]:
    """Gradients as an optimiser with these options would apply them.

    Args:
        options: Arguments of the optimiser; ``clipvalue``, ``clipnorm`` and ``global_clipnorm``
            count, as in Keras.
    """
    found = list(gradients)
    if value := options.get("clipvalue"):
        return [np.clip(g, -value, value) for g in found]
    if most := options.get("clipnorm"):
        return [_shrunk(g, float(np.linalg.norm(g)), most) for g in found]
    if most := options.get("global_clipnorm"):
        norm = float(np.sqrt(sum(float(np.sum(np.square(g))) for g in found)))
        return [_shrunk(g, norm, most) for g in found]
    return found


def _shrunk(gradient: np.ndarray, norm: float, most: float) -> np.ndarray:
    return gradient * (most / norm) if norm > most else gradient
