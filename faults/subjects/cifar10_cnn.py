"""A CNN with three convolutions on CIFAR-10.

Source: Kim et al., ICST 2023, faults C1 to C3; mutants of DeepCrime's operators.
"""

import numpy as np

from harness.data import STAND_IN, image_parts
from harness.subjects import Data, Subject, semantics


def load(seed: int, variant: str, fraction: float) -> Data:
    """40,000 training images (32, 32, 3) in [0, 1], 8,000 search samples, 2,000 holdout.

    Labels are class numbers (n,). The other 10,000 training images were the study's validation set,
    on which nothing depends.
    """
    parts = image_parts("cifar10", variant, seed, fraction, validation_seed=0)
    return Data(*(a.astype("float32") for x, y in parts for a in (x / np.float32(255), y)))


def build(c):
    from keras import Input, Sequential, layers

    from harness.subjects.keras_layers import initialiser_options

    def layer(n: int) -> dict:
        activation = semantics.keras2_activation(c[f"activation_{n}"])
        return {"activation": activation, **initialiser_options(c, n)}

    return Sequential(
        [
            Input((32, 32, 3)),
            layers.Conv2D(32, 3, **layer(1)),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, **layer(2)),
            layers.MaxPooling2D(2),
            layers.Conv2D(128, 3, **layer(3)),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            *(layers.Dense(c["units_1"], **layer(4)) for _ in range(c["layers_1"])),
            *(layers.Dense(c["units_2"], **layer(5)) for _ in range(c["layers_2"])),
            layers.Dense(10, **layer(6)),
        ]
    )


SUBJECT = Subject(
    title="CNN on CIFAR-10",
    metric="accuracy",
    labels="classes",
    fixed={
        "loss": "sparse_categorical_crossentropy",
        "optimiser": "adam",
        "learning_rate": 0.001,
        "batch_size": 64,
        "epochs": 50,
        "layers_1": 1,
        "layers_2": 1,
        "units_1": 256,
        "units_2": 128,
        "activation_1": "relu",
        "activation_2": "relu",
        "activation_3": "relu",
        "activation_4": "relu",
        "activation_5": "relu",
        "activation_6": "softmax",
        **{f"kernel_initialiser_{n}": "glorot_uniform" for n in range(1, 7)},
        **{f"bias_initialiser_{n}": "zeros" for n in range(1, 7)},
    },
    load=load,
    build=build,
    variants=("default", "icst23", STAND_IN),
    data_set="cifar10",
    epochs_floor=5,
    semantics=(semantics.KERAS2_HARD_SIGMOID, semantics.LITERAL_RATE),
)
