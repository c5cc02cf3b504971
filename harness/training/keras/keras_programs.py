"""Keras programs, on whichever backend Keras runs."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.training.anatomy import Part
from harness.training.device import restore_torch_state, torch_state
from harness.training.keras.backends import make_loop, on_torch
from harness.training.keras.keras_parts import keras_parts
from harness.training.keras.loop import Loop, LoopParts
from harness.training.programs import Loss
from harness.training.work import training_macs

KERAS_OPTIMISERS = {
    "sgd": "SGD",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
    "adam": "Adam",
    "adamax": "Adamax",
    "nadam": "Nadam",
}


class Keras:
    """``harness.training.programs.Framework`` for Keras models."""

    def seed(self, seed: int) -> None:
        """Seed the generators from which Keras seeds initialisers and dropout: Python's, NumPy's.

        ``keras.utils.set_random_seed`` would also reset TensorFlow's kernels; each compiled call
        then took 10 ms instead of 1 ms.
        """
        random.seed(seed)
        np.random.seed(seed % 2**32)
        if on_torch():
            import torch

            torch.manual_seed(seed)

    def tensor(self, array: np.ndarray) -> Any:
        import keras

        return keras.ops.convert_to_tensor(array)

    def loss(self, name: str, own: Mapping[str, Loss]) -> Loss:
        import keras

        loss: Loss = own.get(name) or keras.losses.get(name)
        return loss

    def outputs(self, model: Any, x: Any) -> Any:
        return model(x, training=False)

    def parts(self, model: Any, x: Any) -> tuple[Part, ...]:
        return keras_parts(model)

    def program(
        self, model: Any, loss: Loss, optimiser: str, x: Any, y: Any, batch_size: int
    ) -> KerasProgram:
        import keras

        made = keras.optimizers.get(KERAS_OPTIMISERS.get(optimiser))
        parts = LoopParts(model=model, loss=loss, optimiser=made, x=x, y=y, batch_size=batch_size)
        return KerasProgram(model, made, make_loop(parts))


class KerasProgram:
    """``harness.training.programs.Trainable`` for a compiled Keras model.

    One compilation serves many trainings: ``start`` sets its variables to those of a fresh model.
    """

    def __init__(self, model: Any, optimiser: Any, loop: Loop) -> None:
        self.model, self.optimiser = model, optimiser
        self.run, self.predict = loop.run, loop.predict
        self.macs, self.parts = training_macs(model), keras_parts(model)
        # Every variable of an optimiser starts from a constant, which need not be 0.
        self._slots = [float(np.ravel(v)[0]) for v in optimiser.variables]

    @property
    def reusable(self) -> bool:
        """A layer that is not Keras' own may keep state that no variable holds."""
        layers = self.model._flatten_layers(include_self=False)
        return all(type(layer).__module__.startswith("keras.") for layer in layers)

    def fits(self, fresh: Any) -> bool:
        return _parts(self.model) == _parts(fresh)

    @property
    def _variables(self) -> list[Any]:
        return [*self.model.variables, *self.optimiser.variables]

    def start(self, fresh: Any, learning_rate: float, seed: int) -> None:
        import keras

        for variable, new in zip(self.model.variables, fresh.variables, strict=True):
            variable.assign(new)
        for variable, start in zip(self.optimiser.variables, self._slots, strict=True):
            variable.assign(keras.ops.full(variable.shape, start, variable.dtype))
        self.optimiser.learning_rate = learning_rate
        if on_torch():
            import torch

            torch.manual_seed(seed)

    def finite(self) -> bool:
        import keras

        weights = self.model.trainable_variables
        return all(bool(keras.ops.all(keras.ops.isfinite(v.value))) for v in weights)

    def state(self) -> Any:
        values = [np.array(v) for v in self._variables]
        return values, torch_state() if on_torch() else None

    def restore(self, state: Any) -> None:
        values, generators = state
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)
        if generators is not None:
            restore_torch_state(generators)


def _parts(model: Any) -> list[Any]:
    """Classes of the layers, and shapes and types of the variables."""
    layers = [type(layer) for layer in model._flatten_layers(include_self=False)]
    return [*layers, *((v.path.rpartition("/")[2], v.shape, v.dtype) for v in model.variables)]
