"""A CNN on MNIST whose data code divides the labels, not the test images (Stack Overflow 59325381).

The post scales training images and, by mistake, training labels by 255, and leaves the test images
as they are. Divided labels are all of class 0 once the loss has made whole numbers of them.
Source: Kim et al., ICST 2023, fault D9; DeepFD benchmark.
"""

import numpy as np

from harness.data import STAND_IN, image_parts
from harness.subjects import Data, Subject, semantics


def load(
    seed: int, variant: str, fraction: float, *, divided_labels: bool, raw_test_images: bool
) -> Data:
    """60,000 training images (28, 28, 1), 8,000 search samples, 2,000 holdout; labels (n,)."""
    training, *testing = image_parts("mnist", variant, seed, fraction, split_seed=1)
    scale = np.float32(1 if raw_test_images else 255)
    return Data(
        training[0] / np.float32(255),
        training[1] / np.float32(255 if divided_labels else 1),
        *(array for x, y in testing for array in (x / scale, y.astype("float32"))),
    )


def load_defective(seed: int, variant: str, fraction: float) -> Data:
    """:func:`load` with both defects, which no value of the configuration mends."""
    return load(seed, variant, fraction, divided_labels=True, raw_test_images=True)


def build(c):
    from keras import Input, Sequential, layers

    from harness.subjects.keras_layers import layer_options

    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Conv2D(64, 3, padding="same", **layer_options(c, 1)),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, padding="same", **layer_options(c, 2)),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            *(layers.Dense(c["units_2"], **layer_options(c, 3)) for _ in range(c["layers_2"])),
            layers.Dense(10, **layer_options(c, 4)),
        ]
    )


HYPERPARAMETERS = {
    "loss": "sparse_categorical_crossentropy",
    "optimiser": "adam",
    "learning_rate": 0.001,
    "batch_size": 200,
    "epochs": 10,
    "layers_2": 1,
    "units_2": 128,
    "activation_1": "selu",
    "activation_2": "sigmoid",
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
}
SEMANTICS = (
    semantics.FRACTIONAL_CLASSES,
    semantics.LITERAL_RATE,
)

SUBJECT = Subject(
    title="CNN on MNIST, its data code mended",
    metric="accuracy",
    labels="classes",
    fixed={**HYPERPARAMETERS, "divided_labels": False, "raw_test_images": False},
    load=load,
    build=build,
    variants=("default", "icst23", STAND_IN),
    data_set="mnist",
    data_settings=("divided_labels", "raw_test_images"),
    semantics=SEMANTICS,
)

PACKAGE = Subject(
    title="CNN on MNIST with defective data code",
    metric="accuracy",
    labels="classes",
    fixed=HYPERPARAMETERS,
    load=load_defective,
    build=build,
    variants=("default", "icst23", STAND_IN),
    data_set="mnist",
    semantics=SEMANTICS,
)
