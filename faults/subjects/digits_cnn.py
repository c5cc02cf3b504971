"""A small CNN on the 8 x 8 handwritten digits that scikit-learn ships.

The architecture is that of Keras' MNIST example, scaled down. Data: UCI Optical Recognition of
Handwritten Digits, 1,797 images. Regularisers (coefficient 0.01) and biases are settings that only
mutants change.
"""

import numpy as np

from harness.subjects import Data, Subject

TRAIN, SEARCH = 1_400, 198


def load(seed: int, variant: str, fraction: float) -> Data:
    """1,400 training images, 198 search samples, 199 holdout, shuffled by ``seed``."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = np.random.default_rng(seed).permutation(len(digits.target))
    x = (digits.images[order, :, :, None] / 16).astype("float32")
    y = np.eye(10, dtype="float32")[digits.target[order]]
    used = round(TRAIN * fraction)
    cut = TRAIN + SEARCH
    return Data(x[:used], y[:used], x[TRAIN:cut], y[TRAIN:cut], x[cut:], y[cut:])


def build(c):
    from keras import Input, Sequential, layers, regularizers

    from harness.subjects.keras_layers import layer_options

    regularisers = {
        "none": None,
        "l1": regularizers.L1(0.01),
        "l2": regularizers.L2(0.01),
        "l1_l2": regularizers.L1L2(0.01, 0.01),
    }

    def layer(n):
        return {
            **layer_options(c, n),
            "kernel_regularizer": regularisers[c[f"regulariser_{n}"]],
            "use_bias": c[f"use_bias_{n}"],
        }

    return Sequential(
        [
            Input((8, 8, 1)),
            layers.Conv2D(8, 3, **layer(1)),
            layers.Conv2D(16, 3, **layer(2)),
            layers.MaxPooling2D(2),
            layers.Dropout(c["dropout_1"]),
            layers.Flatten(),
            *(layers.Dense(c["units_3"], **layer(3)) for _ in range(c["layers_3"])),
            layers.Dropout(c["dropout_2"]),
            layers.Dense(10, **layer(4)),
        ]
    )


SUBJECT = Subject(
    title="CNN on 8 x 8 handwritten digits",
    metric="accuracy",
    labels="one_hot",
    fixed={
        "loss": "categorical_crossentropy",
        "optimiser": "adam",
        "learning_rate": 0.001,
        "batch_size": 32,
        "epochs": 10,
        "layers_3": 1,
        "units_3": 64,
        "activation_1": "relu",
        "activation_2": "relu",
        "activation_3": "relu",
        "activation_4": "softmax",
        "kernel_initialiser_1": "glorot_uniform",
        "kernel_initialiser_2": "glorot_uniform",
        "kernel_initialiser_3": "glorot_uniform",
        "kernel_initialiser_4": "glorot_uniform",
        "bias_initialiser_1": "zeros",
        "bias_initialiser_2": "zeros",
        "bias_initialiser_3": "zeros",
        "bias_initialiser_4": "zeros",
        "dropout_1": 0.25,
        "dropout_2": 0.25,
        "regulariser_1": "none",
        "regulariser_2": "none",
        "regulariser_3": "none",
        "regulariser_4": "none",
        "use_bias_1": True,
        "use_bias_2": True,
        "use_bias_3": True,
        "use_bias_4": True,
    },
    load=load,
    build=build,
)
