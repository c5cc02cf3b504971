"""Keras models as ``harness.training.watched.network.Network``: inspected, edited, watched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from harness.training.keras.backends import make_loop, make_probe, on_torch
from harness.training.keras.keras_edits import edited_model
from harness.training.keras.keras_layers import chain_of, kind_of_layer, weights_finite
from harness.training.keras.keras_parts import keras_parts
from harness.training.keras.keras_programs import KERAS_OPTIMISERS
from harness.training.keras.loop import LoopParts
from harness.training.programs import Loss
from harness.training.watched.edits import LayerEdit
from harness.training.watched.history import Training
from harness.training.watched.network import WatchedLoop, clipped, output_index
from harness.training.work import training_macs
from harness.vocabulary import HarnessError, unknown


class KerasNetwork:
    """A chain of Keras layers."""

    framework = "keras"

    def __init__(self, model: Any) -> None:
        """Raises HarnessError if ``model`` is not built or no chain of layers."""
        self.model = model
        self._layers = chain_of(model)
        self.kinds = tuple(kind_of_layer(layer) for layer in self._layers)
        output_index(self.kinds)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        import keras

        return np.asarray(keras.ops.convert_to_numpy(self.model(x, training=False)))

    def edited(self, edits: Sequence[LayerEdit], seed: int) -> KerasNetwork:
        return KerasNetwork(edited_model(self.model, self._layers, edits, seed))

    def loop(self, training: Training, loss: Loss, x: Any, y: Any, seed: int) -> WatchedLoop:
        if on_torch():
            import torch

            torch.manual_seed(seed)
        return _KerasLoop(self.model, self._layers, training, loss, x, y)


class _KerasLoop:
    """``harness.training.watched.network.WatchedLoop`` on whichever backend Keras runs."""

    def __init__(
        self, model: Any, layers: Sequence[Any], training: Training, loss: Loss, x: Any, y: Any
    ) -> None:
        import keras

        self._model, self._layers = model, layers
        self._loss, self._options = loss, training.options
        self.macs, self.parts = training_macs(model), keras_parts(model)
        self._optimiser = make_optimiser(training)
        x, y = keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y)
        size = training.batch_size
        loop = make_loop(
            LoopParts(
                model=model,
                loss=loss,
                optimiser=self._optimiser,
                x=x,
                y=y,
                batch_size=size,
                hits=correct_shares,
            )
        )
        self.run, self.predict = loop.run, loop.predict
        counted = [layer for layer in layers if kind_of_layer(layer) != "embedding"]
        trainable = [v for layer in counted for v in layer.weights if v.trainable]
        self._probe = make_probe(model, loss, trainable, x[:size], y[:size])
        self.gradients()  # traces

    @property
    def rate(self) -> float:
        return float(np.asarray(self._optimiser.learning_rate))

    @rate.setter
    def rate(self, value: float) -> None:
        self._optimiser.learning_rate = value

    def loss(self, y: np.ndarray, predicted: np.ndarray) -> float:
        import keras

        tensor = keras.ops.convert_to_tensor
        losses = self._loss(tensor(y), tensor(predicted))
        own = [float(value) for value in self._model.losses]
        return float(keras.ops.mean(losses)) + sum(own)

    def gradients(self) -> list[np.ndarray]:
        return clipped(self._probe(), self._options)

    def finite(self) -> bool:
        return all(weights_finite(layer) for layer in self._layers)


def make_optimiser(training: Training) -> Any:
    """A fresh Keras optimiser.

    Raises:
        HarnessError: If there is none of that name, or it has no such option.
    """
    import keras

    if training.optimiser not in KERAS_OPTIMISERS:
        raise unknown("optimiser", training.optimiser, KERAS_OPTIMISERS)
    kind = getattr(keras.optimizers, KERAS_OPTIMISERS[training.optimiser])
    try:
        return kind(learning_rate=training.learning_rate, **training.options)
    except (TypeError, ValueError) as error:
        raise HarnessError(
            f"optimiser {training.optimiser} cannot be made with {dict(training.options)}: {error}"
        ) from None


def correct_shares(y: Any, predicted: Any) -> Any:
    """1 for each sample classified correctly, else 0; as ``harness.training.judge.accuracy``."""
    from keras import ops

    wide = len(predicted.shape) == 2 and predicted.shape[1] > 1
    if len(y.shape) == 2 and y.shape[1] > 1:
        right = ops.equal(ops.argmax(y, axis=1), ops.argmax(predicted, axis=1))
    elif wide:
        labels = ops.cast(ops.reshape(y, (-1,)), "int32")
        right = ops.equal(labels, ops.cast(ops.argmax(predicted, axis=1), "int32"))
    else:
        high = ops.cast(ops.reshape(predicted, (-1,)) > 0.5, "float32")
        right = ops.equal(ops.cast(ops.reshape(y, (-1,)), "float32"), high)
    return ops.cast(right, "float32")
