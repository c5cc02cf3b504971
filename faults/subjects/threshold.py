"""Is a number below a threshold? One standardised feature (Stack Overflow 45442843).

The post's file is lost. Whole numbers between 15,041 and 24,987 are drawn instead, labelled by
whether they are below 20,000, after a public re-creation of the file.
Source: Kim et al., ICST 2023, fault D3; DeepFD benchmark.
"""

import numpy as np

from harness.subjects import Data, Subject

LOWEST, HIGHEST, THRESHOLD = 15_041, 24_987, 20_000


def load(seed: int, variant: str, fraction: float) -> Data:
    """8,000 training numbers, 1,600 search samples, 1,000 holdout (400 ``icst23``)."""
    rng = np.random.default_rng(seed)
    train, search, holdout = 8_000, 1_600, 400 if variant == "icst23" else 1_000
    x = rng.integers(LOWEST, HIGHEST, size=train + search + holdout, endpoint=True)
    labels = np.eye(2, dtype="float32")[(x < THRESHOLD).astype(int)]
    mean, deviation = x[:train].mean(), x[:train].std()
    feature = ((x - mean) / deviation).astype("float32")[:, None]
    used = round(train * fraction)
    return Data(
        feature[:used],
        labels[:used],
        feature[train : train + search],
        labels[train : train + search],
        feature[train + search :],
        labels[train + search :],
    )


def build(c):
    from keras import Input, Sequential, layers

    from harness.subjects.keras_layers import initialiser_options

    def dense(units: int, n: int) -> layers.Dense:
        return layers.Dense(units, **initialiser_options(c, n))

    return Sequential(
        [
            Input((1,)),
            *(dense(c["units_1"], 1) for _ in range(c["layers_1"])),
            layers.Activation(c["activation_1"]),
            dense(2, 2),
            layers.Activation(c["activation_2"]),
        ]
    )


SUBJECT = Subject(
    title="numbers below and above a threshold",
    metric="accuracy",
    labels="one_hot",
    fixed={
        "loss": "mean_squared_error",
        "optimiser": "adam",
        "learning_rate": 0.001,
        "batch_size": 500,
        "epochs": 100,
        "layers_1": 1,
        "units_1": 1,
        "activation_1": "relu",
        "activation_2": "sigmoid",
        "kernel_initialiser_1": "glorot_uniform",
        "kernel_initialiser_2": "random_normal",
        "bias_initialiser_1": "zeros",
        "bias_initialiser_2": "zeros",
    },
    load=load,
    build=build,
    variants=("default", "icst23"),
)
