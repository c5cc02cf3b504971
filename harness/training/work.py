"""The work of a training, counted instead of timed: multiply-accumulates (MACs).

Only products with weights count: the layers of the study's subjects spend their time on them. A
backward pass counts as two forward passes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

BACKWARD = 2
"""Forward passes that a backward pass counts as: the gradients of the weights and the inputs."""


def training_macs(model: Any) -> int:
    """MACs of training a built Keras model on one sample: forward and backward; at least 1."""
    forward = sum(forward_macs(layer) for layer in _layers(model))
    return max(1, (1 + BACKWARD) * forward)


def _layers(model: Any) -> Iterator[Any]:
    """All layers that hold weights of their own, those of nested models included."""
    for layer in model.layers:
        if getattr(layer, "layers", None):
            yield from _layers(layer)
        elif layer.weights:
            yield layer


def forward_macs(layer: Any) -> int:
    """MACs of one forward pass of one sample: each kernel's size times its applications.

    In a model that is no graph of layers, shapes are unknown, and each kernel counts once.
    """
    kernels = [w for w in layer.trainable_weights if len(w.shape) > 1]
    size = sum(int(math.prod(w.shape)) for w in kernels)
    if type(layer).__name__ == "Embedding":
        return 0  # looks up, multiplies nothing
    try:
        into, out = layer.input.shape, layer.output.shape
    except (AttributeError, ValueError):
        return size
    if len(kernels) > 1 and not hasattr(layer, "kernel_size"):
        applied = into[1:2]  # recurrent: input and recurrent kernel, at each time step
    else:
        first = getattr(layer, "data_format", "") == "channels_first"
        applied = out[2:] if first else out[1:-1]
    return size * int(math.prod(n or 1 for n in applied))


def samples_seen(steps: int, samples: int, batch_size: int) -> int:
    """Samples in the first ``steps`` steps; the last step of an epoch takes what is left.

    >>> samples_seen(8, samples=200, batch_size=32)  # an epoch of 7 steps, and one more
    232
    """
    epochs, rest = divmod(steps, -(-samples // batch_size))
    return epochs * samples + min(rest * batch_size, samples)


def steps_to_see(wanted: float, samples: int, batch_size: int) -> float:
    """The fewest steps in which ``wanted`` samples are seen.

    >>> steps_to_see(201, samples=200, batch_size=32)
    8
    """
    if math.isinf(wanted):
        return wanted
    epochs, rest = divmod(math.ceil(wanted), samples)
    return epochs * -(-samples // batch_size) + -(-rest // batch_size)
