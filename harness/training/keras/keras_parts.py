"""The parts of a Keras model, as ``harness.training.anatomy`` counts them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from harness.training.anatomy import LINEAR, Part
from harness.training.work import forward_macs

_FREE = ("InputLayer", "Flatten", "Reshape", "Permute")


def keras_parts(model: Any) -> tuple[Part, ...]:
    """The layers of a built model, those of nested models included.

    In a model that is no graph of layers shapes are unknown, and count as one number.
    """
    return tuple(_part(layer) for layer in _layers(model) if not _free(layer))


def _free(layer: Any) -> bool:
    """Whether a layer costs nothing; Keras skips a dropout of 0."""
    import keras

    none = isinstance(layer, keras.layers.Dropout) and not layer.rate
    return none or type(layer).__name__ in _FREE


def _layers(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        if getattr(layer, "layers", None):
            yield from _layers(layer)
        else:
            yield layer


def _part(layer: Any) -> Part:
    kind, weights = _kind(layer), layer.trainable_weights
    out, into = _shape(layer, "output"), _shape(layer, "input")
    return Part(
        kind=kind,
        macs=forward_macs(layer),
        weights=sum(int(math.prod(w.shape)) for w in weights),
        variables=len(weights),
        inputs=_size(into),
        outputs=_size(out),
        channels=int(layer.filters) if kind == "convolution" and hasattr(layer, "filters") else 1,
        times=int(into[0] or 1) if kind == "recurrent" and into else 0,
        activation=_activation(layer, kind),
    )


_KINDS: Mapping[str, frozenset[str]] = {
    "dense": frozenset({"Dense", "EinsumDense"}),
    "convolution": frozenset({"BaseConv", "BaseConvTranspose", "BaseSeparableConv"})
    | {"BaseDepthwiseConv"},
    "recurrent": frozenset({"RNN", "Bidirectional"}),
    "embedding": frozenset({"Embedding"}),
    "activation": frozenset({"Activation", "ReLU", "LeakyReLU", "ELU", "PReLU", "Softmax"})
    | {"ThresholdedReLU"},
}
"""By the names of classes: to make those of a layer that Keras lacks would register it."""


def _kind(layer: Any) -> str:
    name, bases = type(layer).__name__, {base.__name__ for base in type(layer).__mro__}
    if "Pooling" in name:
        return "pooling"
    if "Dropout" in name:
        return "dropout"
    if name.endswith("Normalization"):
        return "normalisation"
    return next((kind for kind, names in _KINDS.items() if names & bases), "other")


def _activation(layer: Any, kind: str) -> str:
    function = getattr(layer, "activation", None)
    if function is None:
        return type(layer).__name__ if kind == "activation" else LINEAR
    return str(getattr(function, "__name__", type(function).__name__))


def _shape(layer: Any, which: str) -> tuple[int | None, ...]:
    """Shape of a layer's tensor, without the batch; () if unknown, or of several tensors."""
    try:
        return tuple(getattr(layer, which).shape[1:])
    except (AttributeError, ValueError):
        return ()


def _size(shape: tuple[int | None, ...]) -> int:
    return int(math.prod(n or 1 for n in shape))
