"""The backend that Keras runs on, for training loops and gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.training.device import BACKENDS
from harness.training.keras.loop import Backend, GradientProbe, Loop, LoopParts
from harness.training.programs import Loss
from harness.vocabulary import unknown


def backend() -> Backend:
    """The backend that Keras runs on; imports both.

    Raises:
        HarnessError: If Keras runs on another one.
    """
    import keras

    name = keras.config.backend()
    if name == "tensorflow":
        from harness.training.keras.tensorflow_backend import TensorFlowBackend

        return TensorFlowBackend()
    if name == "jax":
        from harness.training.keras.jax_backend import JaxBackend

        return JaxBackend()
    if name == "torch":
        from harness.training.keras.torch_backend import TorchBackend

        return TorchBackend()
    raise unknown("Keras backend", name, BACKENDS)


def make_loop(parts: LoopParts) -> Loop:
    """Build the optimiser, and compile a training loop.

    Raises:
        Exception: Whatever the framework raises for a program that cannot train.
    """
    current = backend()
    parts.optimiser.build(parts.model.trainable_variables)
    return current.make_loop(parts)


def make_probe(model: Any, loss: Loss, weights: Sequence[Any], x: Any, y: Any) -> GradientProbe:
    """Compile the gradients of the total loss on one mini-batch, see ``Backend.make_probe``."""
    return backend().make_probe(model, loss, weights, x, y)


def on_torch() -> bool:
    """Whether dropout draws from PyTorch's generator; elsewhere it draws from the model's own."""
    import keras

    return bool(keras.config.backend() == "torch")
