"""Vectors of ones against vectors of zeros (Stack Overflow 31880720).

Any program whose output can leave one class solves it; the post's softmax over one unit is the
constant 1. Source: Kim et al., ICST 2023, fault D1; DeepFD benchmark.
"""

import numpy as np

from harness.subjects import Data, Subject


def load(seed: int, variant: str, fraction: float) -> Data:
    """20,000 training vectors of 128, half ones; 160 search samples, 1,000 holdout (40 ``icst23``).

    Nothing is random here: the seed is not used.
    """
    train = round(20_000 * fraction)
    return Data(*_vectors(train), *_vectors(160), *_vectors(40 if variant == "icst23" else 1000))


def _vectors(n: int) -> tuple[np.ndarray, np.ndarray]:
    labels = (np.arange(n) < n // 2).astype("float32")[:, None]
    return np.repeat(labels, 128, axis=1), labels


def build(c):
    from keras import Input, Sequential, layers

    from harness.subjects.keras_layers import initialiser_options

    def dense(units: int, n: int) -> layers.Dense:
        return layers.Dense(units, **initialiser_options(c, n))

    return Sequential(
        [
            Input((128,)),
            dense(50, 1),
            layers.Activation(c["activation_1"]),
            layers.Dropout(0.2),
            *(dense(50, 2) for _ in range(c["layers_2"])),
            layers.Activation(c["activation_2"]),
            layers.Dropout(0.2),
            dense(1, 3),
            layers.Activation(c["activation_3"]),
        ]
    )


SUBJECT = Subject(
    title="vectors of ones against vectors of zeros",
    metric="accuracy",
    labels="binary",
    fixed={
        "loss": "binary_crossentropy",
        "optimiser": "rmsprop",
        "learning_rate": 0.001,
        "batch_size": 32,
        "epochs": 1,
        "layers_2": 1,
        "activation_1": "relu",
        "activation_2": "relu",
        "activation_3": "sigmoid",
        "kernel_initialiser_1": "glorot_uniform",
        "kernel_initialiser_2": "glorot_uniform",
        "kernel_initialiser_3": "glorot_uniform",
        "bias_initialiser_1": "zeros",
        "bias_initialiser_2": "zeros",
        "bias_initialiser_3": "zeros",
    },
    load=load,
    build=build,
    variants=("default", "icst23"),
)
