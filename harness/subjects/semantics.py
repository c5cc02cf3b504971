"""What a program of the study meant, where versions of Keras disagree or say nothing.

The study ran on Keras 2.4 (TensorFlow 2.3). A subject states in its ``semantics`` which of these
meanings it takes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

KERAS2_HARD_SIGMOID = (
    "hard_sigmoid is that of Keras 2: clip(0.2 x + 0.5, 0, 1), not relu6(x + 3) / 6"
)
RENORMALISED = (
    "categorical cross-entropy takes outputs for probabilities: it divides them by their sum and "
    "clips them to [1e-7, 1 - 1e-7], whatever the last activation"
)
SIGNED_HINGE = "hinge losses turn labels 0 and 1 into -1 and 1"
CLIPPED_MSLE = "the logarithmic error clips labels and outputs at 1e-7, so it is blind below zero"
LITERAL_L1_L2 = "regularisers have their coefficients in the configuration; no default is used"
LITERAL_RATE = "every optimiser has its learning rate in the configuration; no default is used"
SEVERAL_CLASSES = "one-hot labels mark several classes, one or none; the first one marked counts"
FRACTIONAL_CLASSES = (
    "sparse categorical cross-entropy makes whole numbers of the labels, cutting the fraction off"
)


def keras2_activation(name: str) -> str | Callable[[Any], Any]:
    """The activation called ``name``, as a layer of Keras 3 takes it, with Keras 2's meaning."""
    return _hard_sigmoid if name == "hard_sigmoid" else name


def _hard_sigmoid(x: Any) -> Any:
    from keras import ops

    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


def l1_l2(l1: float, l2: float) -> Any:
    """A regulariser with these coefficients; None, which costs nothing, if both are 0."""
    from keras import regularizers

    return regularizers.L1L2(l1=l1, l2=l2) if l1 or l2 else None


def angle(labels: Any, outputs: Any) -> Any:
    """Angle between two directions (theta, phi), radians, of each sample: the UnityEyes loss.

    The cosine is clipped to +-0.99999 as in the study. Defined like the metric of the same name,
    in operations that have gradients.
    """
    from keras import ops

    cosine = ops.sum(_direction(labels) * _direction(outputs), axis=-1)
    return ops.arccos(ops.clip(cosine, -0.99999, 0.99999))


def _direction(angles: Any) -> Any:
    from keras import ops

    theta, phi = angles[..., 0], angles[..., 1]
    x, y = ops.sin(theta) * ops.cos(phi), ops.sin(theta) * ops.sin(phi)
    return ops.stack([x, y, ops.cos(theta)], axis=-1)
