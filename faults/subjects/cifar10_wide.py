"""A wide CNN with two convolutions on CIFAR-10 (Stack Overflow 48594888).

Source: Kim et al., ICST 2023, fault D5; DeepFD benchmark.
"""

from harness.data import STAND_IN, image_parts, one_hot
from harness.subjects import Data, Subject, semantics


def load(seed: int, variant: str, fraction: float) -> Data:
    """50,000 training images (32, 32, 3) in [0, 1], 8,000 search samples, 2,000 holdout."""
    parts = map(one_hot, image_parts("cifar10", variant, seed, fraction))
    return Data(*(array for part in parts for array in part))


def build(c):
    from keras import Input, Sequential, layers

    from harness.subjects.keras_layers import layer_options

    return Sequential(
        [
            Input((32, 32, 3)),
            layers.Conv2D(256, 3, **layer_options(c, 1)),
            layers.MaxPooling2D(2),
            layers.Conv2D(128, 2, **layer_options(c, 2)),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            *(layers.Dense(c["units_3"], **layer_options(c, 3)) for _ in range(c["layers_3"])),
            layers.Dropout(0.5),
            layers.Dense(10, **layer_options(c, 4)),
        ]
    )


SUBJECT = Subject(
    title="wide CNN on CIFAR-10",
    metric="accuracy",
    labels="one_hot",
    fixed={
        "loss": "categorical_crossentropy",
        "optimiser": "adam",
        "learning_rate": 0.001,
        "batch_size": 500,
        "epochs": 15,
        "layers_3": 1,
        "units_3": 1024,
        "activation_1": "relu",
        "activation_2": "relu",
        "activation_3": "relu",
        "activation_4": "softmax",
        **{f"kernel_initialiser_{n}": "glorot_uniform" for n in range(1, 5)},
        **{f"bias_initialiser_{n}": "zeros" for n in range(1, 5)},
    },
    load=load,
    build=build,
    variants=("default", "icst23", STAND_IN),
    data_set="cifar10",
    semantics=(semantics.LITERAL_RATE,),
)
