"""What a Keras layer takes from a configuration, by the names of ``harness.space.operators``.

A subject imports these inside its ``build``; ``harness.subjects.pytorch`` is their counterpart.
"""

from __future__ import annotations

from typing import Any

from harness.vocabulary import Configuration


def layer_options(c: Configuration, n: int) -> dict[str, Any]:
    """Activation and initialisers of layer ``n``, as keyword arguments of a Keras layer.

    >>> c = {"activation_1": "relu", "kernel_initialiser_1": "he_normal",
    ...      "bias_initialiser_1": "zeros"}
    >>> layer_options(c, 1)["activation"], layer_options(c, 1)["kernel_initializer"]
    ('relu', 'he_normal')
    """
    return {"activation": c[f"activation_{n}"], **initialiser_options(c, n)}


def initialiser_options(c: Configuration, n: int) -> dict[str, Any]:
    """Initialisers of layer ``n`` alone, for programs whose activation is a layer of its own."""
    return {
        "kernel_initializer": c[f"kernel_initialiser_{n}"],
        "bias_initializer": c[f"bias_initialiser_{n}"],
    }
