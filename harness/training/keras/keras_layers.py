"""The layers of a Keras model: in a chain, each of a kind."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from harness.vocabulary import HarnessError


def chain_of(model: Any) -> list[Any]:
    """The layers of a model in order, without its input.

    Raises:
        HarnessError: If it is not built, or branches, or shares or nests layers.
    """
    import keras

    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise HarnessError(
            f"model '{getattr(model, 'name', type(model).__name__)}' is not built as a chain of "
            "layers. AutoTrainer takes a Sequential model that knows its input shape (start it "
            "with keras.Input), or a functional model without branches"
        )
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise HarnessError(
            "AutoTrainer repairs models with one input and one output. Found: "
            f"{len(model.inputs)} inputs and {len(model.outputs)} outputs"
        )
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    reached = model.inputs[0]
    for layer in layers:
        if isinstance(layer, keras.Model):
            raise HarnessError(
                f"layer '{layer.name}' is a model of its own. AutoTrainer changes single layers: "
                "list the inner model's layers in the outer one"
            )
        if not isinstance(model, keras.Sequential):
            nodes = layer._inbound_nodes
            if len(nodes) != 1 or [id(t) for t in nodes[0].input_tensors] != [id(reached)]:
                raise HarnessError(
                    f"the model is no chain: layer '{layer.name}' branches, joins or is shared. "
                    "AutoTrainer takes models in which each layer feeds the next one only"
                )
            reached = nodes[0].output_tensors[0]
    return layers


@cache
def _classes() -> Mapping[str, tuple[type, ...]]:
    from keras import layers as k

    names = {
        "dense": ["Dense", "EinsumDense"],
        "convolution": [
            f"{kind}{n}D{end}" for kind in ("Conv",) for n in (1, 2, 3) for end in ("", "Transpose")
        ]
        + ["SeparableConv1D", "SeparableConv2D", "DepthwiseConv1D", "DepthwiseConv2D"],
        "recurrent": ["RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Bidirectional"],
        "embedding": ["Embedding"],
        "activation": ["Activation", "ReLU", "LeakyReLU", "ELU", "PReLU", "Softmax"],
        "normalisation": ["BatchNormalization"],
        "noise": ["GaussianNoise"],
    }
    known = {kind: tuple(getattr(k, name) for name in some) for kind, some in names.items()}
    return {**known, "activation": (*known["activation"], thresholded_relu())}


def kind_of_layer(layer: Any) -> str:
    """Kind of a layer, a key of ``harness.training.watched.network.LAYER_KINDS``."""
    return next((kind for kind, some in _classes().items() if isinstance(layer, some)), "other")


@cache
def thresholded_relu() -> Any:
    """The layer class x -> x if x > theta else 0, which Keras 3 no longer has."""
    import keras

    @keras.saving.register_keras_serializable(package="dnn_repair_harness")
    class ThresholdedReLU(keras.layers.Layer):  # type: ignore[misc]
        """Source: Keras 2, layer of the same name, theta 1 by default."""

        def __init__(self, theta: float = 1.0, **more: Any) -> None:
            super().__init__(**more)
            self.theta = theta

        def call(self, x: Any) -> Any:
            return x * keras.ops.cast(x > self.theta, x.dtype)

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "theta": self.theta}

    return ThresholdedReLU


def weights_finite(layer: Any) -> bool:
    """Whether all weights of a layer are finite."""
    import keras

    arrays = map(keras.ops.convert_to_numpy, layer.weights)
    return all(bool(np.isfinite(array).all()) for array in arrays)
