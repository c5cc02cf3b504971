"""A CNN on MNIST, from Keras' examples.

Source: Kim et al., ICST 2023, faults M1 to M3; mutants of DeepCrime's operators.
"""

from harness.data import STAND_IN, image_parts, one_hot
from harness.subjects import Data, Subject, semantics


def load(seed: int, variant: str, fraction: float) -> Data:
    """60,000 training images (28, 28, 1) in [0, 1], 8,000 search samples, 2,000 holdout."""
    parts = map(one_hot, image_parts("mnist", variant, seed, fraction))
    return Data(*(array for part in parts for array in part))


def build(c):
    from keras import Input, Sequential, layers

    from harness.subjects.keras_layers import layer_options

    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Conv2D(32, 3, **layer_options(c, 1)),
            layers.Conv2D(64, 3, **layer_options(c, 2)),
            layers.MaxPooling2D(2),
            layers.Dropout(c["dropout_1"]),
            layers.Flatten(),
            *(layers.Dense(c["units_1"], **layer_options(c, 3)) for _ in range(c["layers_1"])),
            layers.Dropout(c["dropout_2"]),
            layers.Dense(10, **layer_options(c, 4)),
        ]
    )


SUBJECT = Subject(
    title="CNN on MNIST",
    metric="accuracy",
    labels="one_hot",
    fixed={
        "loss": "categorical_crossentropy",
        "optimiser": "adadelta",
        "learning_rate": 1.0,
        "batch_size": 128,
        "epochs": 12,
        "layers_1": 1,
        "units_1": 128,
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
        "dropout_2": 0.5,
    },
    load=load,
    build=build,
    variants=("default", "icst23", STAND_IN),
    data_set="mnist",
    epochs_floor=5,
    semantics=(semantics.RENORMALISED, semantics.LITERAL_RATE),
)
