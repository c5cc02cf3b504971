"""Points of two squares in the plane (Stack Overflow 50306988).

Source: Kim et al., ICST 2023, fault D6; DeepFD benchmark.
"""

import numpy as np

from harness.subjects import Data, Subject


def load(seed: int, variant: str, fraction: float) -> Data:
    """160 training points, 32 search samples, 1,000 holdout (8 ``icst23``).

    The post draws its points anew at every start; here one seed gives one set.
    """
    rng = np.random.default_rng(seed)
    holdout = 8 if variant == "icst23" else 1_000
    used = slice(round(160 * fraction))
    training = (array[used] for array in _points(rng, 160))
    return Data(*training, *_points(rng, 32), *_points(rng, holdout))


def _points(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Points in [0.2, 0.4]^2 (class 0) and [0.5, 0.7]^2 (class 1), in turns; one-hot labels."""
    second = np.arange(n) % 2
    points = rng.uniform(0.2, 0.4, size=(n, 2)) + 0.3 * second[:, None]
    return points.astype("float32"), np.eye(2, dtype="float32")[second]


def build(c):
    from keras import Input, Sequential, layers

    from harness.subjects.keras_layers import layer_options

    def dense(units: int, n: int) -> layers.Dense:
        return layers.Dense(units, **layer_options(c, n))

    return Sequential([Input((2,)), dense(c["units_1"], 1), dense(2, 2)])


SUBJECT = Subject(
    title="points of two squares",
    metric="accuracy",
    labels="one_hot",
    fixed={
        "loss": "binary_crossentropy",
        "optimiser": "adam",
        "learning_rate": 0.1,
        "batch_size": 32,
        "epochs": 100,
        "units_1": 2,
        "activation_1": "sigmoid",
        "activation_2": "sigmoid",
        "kernel_initialiser_1": "glorot_uniform",
        "kernel_initialiser_2": "glorot_uniform",
        "bias_initialiser_1": "zeros",
        "bias_initialiser_2": "zeros",
    },
    load=load,
    build=build,
    variants=("default", "icst23"),
)
