"""What a framework has to offer so that its programs can be trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

Loss = Callable[[Any, Any], Any]
"""(labels, predictions) -> the loss of each sample."""


class Trainable(Protocol):
    """A model with its loss, optimiser and training data, ready to be trained."""

    model: Any
    macs: int
    """Multiply-accumulates of training on one sample, see ``harness.training.work``."""

    def start(self, fresh: Any, learning_rate: float, seed: int) -> None:
        """Take the weights of a freshly built model, and a new optimiser."""

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        """Train steps ``first`` to ``last`` (excluded) of an epoch.

        Args:
            order: (samples,) int32, the epoch's order; step i takes its i-th batch, and the last
                step what is left.

        Returns:
            (last - first,) the mean loss of each step.
        """

    def predict(self, x: np.ndarray) -> np.ndarray:
        """(n, ...) outputs in inference mode."""

    def finite(self) -> bool:
        """Whether every trainable weight is."""

    def state(self) -> Any:
        """All that the rest of a training depends on, copied."""

    def restore(self, state: Any) -> None:
        """Go on where ``state`` was called."""


class Framework(Protocol):
    """How programs are made; one object lives as long as its training process."""

    def seed(self, seed: int) -> None:
        """Fix what building a model draws."""

    def tensor(self, array: np.ndarray) -> Any:
        """The array where programs train."""

    def loss(self, name: str, own: Mapping[str, Loss]) -> Loss:
        """The loss of that name, a subject's own first."""

    def outputs(self, model: Any, x: Any) -> Any:
        """What a model makes of some samples in inference mode."""

    def program(
        self, model: Any, loss: Loss, optimiser: str, x: Any, y: Any, batch_size: int
    ) -> Trainable:
        """Make a program of a model.

        Raises:
            Exception: Whatever the framework raises for a program that cannot train.
        """


def framework(name: str) -> Framework:
    """The framework of that name, a key of ``harness.subjects.subject.FRAMEWORKS``; imports it."""
    if name == "pytorch":
        from harness.training.native_torch import NativeTorch

        return NativeTorch()
    from harness.training.keras_programs import Keras

    return Keras()
