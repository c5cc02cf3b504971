"""The two protocols that a framework implements so that its programs can be trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from harness.training.anatomy import Part

Loss = Callable[[Any, Any], Any]
"""(labels, predictions) -> (n,) the loss of each sample."""


class Trainable(Protocol):
    """A model with its loss, optimiser and training data, ready to be trained."""

    model: Any
    macs: int
    """Multiply-accumulates of training on one sample, see ``harness.training.work``."""
    parts: tuple[Part, ...]
    """Its layers, as far as its cost depends on them."""

    @property
    def reusable(self) -> bool:
        """Whether trainings of models that it ``fits`` may share it: it holds no hidden state."""

    def fits(self, fresh: Any) -> bool:
        """Whether a freshly built model has the same parts."""

    def start(self, fresh: Any, learning_rate: float, seed: int) -> None:
        """Take over the weights of a freshly built model, with a new optimiser."""

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        """Train steps ``first`` to ``last`` (excluded) of an epoch.

        Args:
            order: (samples,) int32, the epoch's order. Step i takes its i-th batch; the last step
                takes the rest.

        Returns:
            (last - first,) the mean loss of each step.
        """

    def predict(self, x: np.ndarray) -> np.ndarray:
        """(n, ...) outputs in inference mode."""

    def finite(self) -> bool:
        """Whether all trainable weights are finite."""

    def state(self) -> Any:
        """A copy of everything on which the rest of a training depends."""

    def restore(self, state: Any) -> None:
        """Return to a state, so that the training continues from there."""


class Framework(Protocol):
    """Makes programs of models; one object serves a training process."""

    def seed(self, seed: int) -> None:
        """Seed the generators from which a model draws its weights."""

    def tensor(self, array: np.ndarray) -> Any:
        """The array as a tensor on the device that trains."""

    def loss(self, name: str, own: Mapping[str, Loss]) -> Loss:
        """The loss of that name; a subject's own losses come first."""

    def outputs(self, model: Any, x: Any) -> Any:
        """Outputs of a model for some samples, in inference mode."""

    def parts(self, model: Any, x: Any) -> tuple[Part, ...]:
        """The layers of a model that takes samples such as those of ``x``."""

    def program(
        self, model: Any, loss: Loss, optimiser: str, x: Any, y: Any, batch_size: int
    ) -> Trainable:
        """Make a program of a model.

        Raises:
            Exception: Whatever the framework raises for a program that cannot train.
        """
