"""The shared parts of the training loops of all Keras backends.

The loops follow Keras' own guides for writing a training loop, and differ from ``fit`` in three
ways: many steps run in one compiled call (``fit`` costs 25-60 ms an epoch on TensorFlow), the order
of the samples is given from outside, and a training can stop and go on at any step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from harness.training.programs import Loss
from harness.training.samples import each, taken

GradientProbe = Callable[[], list[np.ndarray]]
"""() -> the gradient of the total loss with respect to each weight, in inference mode."""

LARGEST_BATCH = 2048
"""Samples of one call of an evaluation, at most."""

BATCH_VALUES = 100_000
"""Input values of one call of an evaluation, about; large samples come in smaller batches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopParts:
    """The parts from which a loop is compiled."""

    model: Any
    """A built Keras model; its variables hold the weights."""
    loss: Loss
    optimiser: Any
    """A Keras optimiser, built for the trainable variables of ``model``."""
    x: Any
    """The training inputs, a tensor of the backend; a tuple of them for several inputs."""
    y: Any
    """The training labels, a tensor of the backend."""
    batch_size: int
    hits: Loss | None = None
    """A second figure of each sample to report beside the loss; it changes no training."""

    @property
    def figures(self) -> tuple[int, ...]:
        """Shape of what one step reports: () for the loss alone, (2,) with ``hits``."""
        return () if self.hits is None else (2,)

    def report(self, mean: Any, y: Any, predicted: Any) -> Any:
        """The report of a step: its mean loss and, if wanted, the mean of ``hits``."""
        from keras import ops

        if self.hits is None:
            return ops.cast(mean, "float32")
        values = (mean, ops.mean(self.hits(y, predicted)))
        return ops.stack([ops.cast(v, "float32") for v in values])


class Loop(Protocol):
    """A compiled program with its training data; its weights are the model's variables."""

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        """Train steps as ``harness.training.programs.Trainable.run`` does.

        Returns:
            (last - first, *figures) float32, see ``LoopParts.figures``.
        """

    def predict(self, x: Any) -> np.ndarray:
        """(n, ...) outputs in inference mode."""


class Backend(Protocol):
    """How one backend of Keras trains."""

    def make_loop(self, parts: LoopParts) -> Loop:
        """Compile a training loop.

        Raises:
            Exception: Whatever the backend raises for a program that cannot train.
        """

    def make_probe(
        self, model: Any, loss: Loss, weights: Sequence[Any], x: Any, y: Any
    ) -> GradientProbe:
        """Compile the gradients of the total loss on one mini-batch, regularisation included.

        Args:
            weights: Trainable variables of ``model``.
            x, y: The mini-batch, as tensors of the backend.
        """


def batched(call: Callable[[Any], Any], x: Any) -> np.ndarray:
    """``call`` on up to 2,048 samples at a time; on fewer of large ones.

    Otherwise the memory of the layers would exceed what the C library keeps for reuse (32 MiB),
    and be fetched from the kernel, cleared, at every call; evaluating D5 took half as long again.
    """
    first = x[0] if isinstance(x, tuple) else x
    size = max(32, min(LARGEST_BATCH, BATCH_VALUES // int(np.prod(first.shape[1:]))))
    parts = [slice(i, i + size) for i in range(0, len(first), size)]
    return np.concatenate([call(taken(x, part)) for part in parts])


def one_sample(x: Any) -> Any:
    """The first sample of the input, or of each of several, as arrays."""
    return each(np.asarray, taken(x, slice(1)))
