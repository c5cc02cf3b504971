"""The line y = 5x through 80 points (Stack Overflow 51181393).

Source: Kim et al., ICST 2023, fault D7; DeepFD benchmark. The study offers a number of neurons for
this program that changes nothing; it is left out here.
"""

import numpy as np

from harness.subjects import Data, Subject


def load(seed: int, variant: str, fraction: float) -> Data:
    """80 training points, 16 search samples; 1,000 holdout samples (4 ``icst23``), x in [1, 2]."""
    rng = np.random.default_rng(seed)
    x = rng.permutation(np.linspace(1, 2, 100)).astype("float32")[:, None]
    holdout = x[96:] if variant == "icst23" else rng.uniform(1, 2, (1000, 1)).astype("float32")
    parts = (x[: round(80 * fraction)], x[80:96], holdout)
    return Data(*(array for part in parts for array in (part, 5 * part)))


def build(c):
    from keras import Input, Sequential, layers

    from harness.subjects.keras_layers import layer_options

    return Sequential(
        [
            Input((1,)),
            layers.Dense(
                1,
                **layer_options(c, 1),
            ),
        ]
    )


SUBJECT = Subject(
    title="the line y = 5x",
    metric="mae",
    labels="real",
    fixed={
        "loss": "mean_squared_error",
        "optimiser": "rmsprop",
        "learning_rate": 0.1,
        "batch_size": 32,
        "epochs": 200,
        "activation_1": "linear",
        "kernel_initialiser_1": "glorot_uniform",
        "bias_initialiser_1": "zeros",
    },
    load=load,
    build=build,
    variants=("default", "icst23"),
)
