"""A small network for the breast cancer data of Wisconsin (scikit-learn, 569 samples)."""

import numpy as np

from harness.subjects import Data, Subject

TRAIN, SEARCH = 349, 110


def load(seed: int, variant: str, fraction: float) -> Data:
    """349 training, 110 search and 110 holdout samples, standardised, shuffled by ``seed``."""
    from sklearn.datasets import load_breast_cancer

    cancer = load_breast_cancer()
    order = np.random.default_rng(seed).permutation(len(cancer.target))
    x = (cancer.data - cancer.data.mean(axis=0)) / cancer.data.std(axis=0)
    x, y = x[order].astype("float32"), cancer.target[order, None].astype("float32")
    used, cut = round(TRAIN * fraction), TRAIN + SEARCH
    return Data(x[:used], y[:used], x[TRAIN:cut], y[TRAIN:cut], x[cut:], y[cut:])


def build(c):
    from keras import Input, Sequential, layers

    from harness.subjects.keras_layers import layer_options

    def dense(n: int, units: int):
        return layers.Dense(units, **layer_options(c, n))

    return Sequential([Input((30,)), dense(1, c["units_1"]), dense(2, c["units_2"]), dense(3, 1)])


SUBJECT = Subject(
    title="network for breast cancer",
    metric="accuracy",
    labels="binary",
    fixed={
        "loss": "binary_crossentropy",
        "optimiser": "sgd",
        "learning_rate": 0.05,
        "batch_size": 32,
        "epochs": 15,
        "units_1": 20,
        "units_2": 10,
        "activation_1": "tanh",
        "activation_2": "tanh",
        "activation_3": "sigmoid",
        "kernel_initialiser_1": "glorot_normal",
        "kernel_initialiser_2": "glorot_normal",
        "kernel_initialiser_3": "glorot_normal",
        "bias_initialiser_1": "zeros",
        "bias_initialiser_2": "zeros",
        "bias_initialiser_3": "zeros",
    },
    load=load,
    build=build,
)
