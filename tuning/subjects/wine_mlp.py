"""A small network that tells three wines apart by 13 measurements (scikit-learn, 178 samples)."""

import numpy as np

from harness.subjects import Data, Subject

TRAIN, SEARCH = 98, 40


def load(seed: int, variant: str, fraction: float) -> Data:
    """98 training, 40 search and 40 holdout samples, standardised, shuffled by ``seed``."""
    from sklearn.datasets import load_wine

    wine = load_wine()
    order = np.random.default_rng(seed).permutation(len(wine.target))
    x = ((wine.data - wine.data.mean(axis=0)) / wine.data.std(axis=0))[order].astype("float32")
    y = np.eye(3, dtype="float32")[wine.target[order]]
    used, cut = round(TRAIN * fraction), TRAIN + SEARCH
    return Data(x[:used], y[:used], x[TRAIN:cut], y[TRAIN:cut], x[cut:], y[cut:])


def build(c):
    from keras import Input, Sequential, layers

    from harness.subjects.keras_layers import layer_options

    def dense(n: int, units: int):
        return layers.Dense(units, **layer_options(c, n))

    return Sequential(
        [
            Input((13,)),
            dense(1, c["units_1"]),
            *(dense(2, c["units_2"]) for _ in range(c["layers_2"])),
            dense(3, 3),
        ]
    )


SUBJECT = Subject(
    title="network for three kinds of wine",
    metric="accuracy",
    labels="one_hot",
    fixed={
        "loss": "categorical_crossentropy",
        "optimiser": "adam",
        "learning_rate": 0.01,
        "batch_size": 16,
        "epochs": 20,
        "layers_2": 1,
        "units_1": 16,
        "units_2": 16,
        "activation_1": "relu",
        "activation_2": "relu",
        "activation_3": "softmax",
        "kernel_initialiser_1": "glorot_uniform",
        "kernel_initialiser_2": "glorot_uniform",
        "kernel_initialiser_3": "glorot_uniform",
        "bias_initialiser_1": "zeros",
        "bias_initialiser_2": "zeros",
        "bias_initialiser_3": "zeros",
    },
    load=load,
    build=build,
)
