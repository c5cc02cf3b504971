"""The CNN of ``digits_cnn`` as a native PyTorch program: same layers, values and data.

Cross-entropy takes probabilities here, as in Keras. Data: UCI Optical Recognition of Handwritten
Digits, 1,797 images of 8 x 8, as scikit-learn ships them.
"""

from itertools import pairwise

import numpy as np

from harness.subjects import Data, Subject


def load(seed: int, variant: str, fraction: float) -> Data:
    """1,400 training images (n, 1, 8, 8), 198 search samples, 199 holdout, shuffled by ``seed``."""
    from sklearn.datasets import load_digits

    images, digits = load_digits(return_X_y=True)
    x = (images / 16).astype("float32").reshape(-1, 1, 8, 8)
    y = np.eye(10, dtype="float32")[digits]
    return Data.shuffled(x, y, seed, fraction, train=1_400, search=198)


def build(c):
    from torch import nn

    from harness.subjects.pytorch import block

    widths = [16 * 2 * 2, *[c["units_3"]] * c["layers_3"]]
    return nn.Sequential(
        *block(nn.Conv2d(1, 8, 3), c, 1),
        *block(nn.Conv2d(8, 16, 3), c, 2),
        nn.MaxPool2d(2),
        nn.Dropout(c["dropout_1"]),
        nn.Flatten(),
        *(module for i, o in pairwise(widths) for module in block(nn.Linear(i, o), c, 3)),
        nn.Dropout(c["dropout_2"]),
        *block(nn.Linear(widths[-1], 10), c, 4),
    )


SUBJECT = Subject(
    title="CNN on 8 x 8 handwritten digits, in PyTorch",
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
    },
    load=load,
    build=build,
    framework="pytorch",
)
