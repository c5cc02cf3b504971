"""A CNN in PyTorch whose outputs are logits, on handwritten digits (Stack Overflow 58666904).

The post trains on MNIST with padding 0. Declared substitutes: the 8 x 8 digits that scikit-learn
ships, scaled to [-1, 1] like the post's images; padding 1, so that three poolings still leave one
pixel; a quarter of the post's filters and neurons. The post's softmax-free fix hands logits to
``torch.nn.CrossEntropyLoss``, which is the loss ``cross_entropy`` here; all other cross-entropies
take probabilities. PyTorch's own initial weights are not among the values of the study's operator;
Keras' defaults stand in for them. Source: Theia benchmark, program 14.
"""

from itertools import pairwise

import numpy as np

from harness.subjects import Data, Subject


def load(seed: int, variant: str, fraction: float) -> Data:
    """1,400 training images (n, 1, 8, 8), 198 search samples, 199 holdout, shuffled by ``seed``."""
    from sklearn.datasets import load_digits

    images, digits = load_digits(return_X_y=True)
    x = (images / 8 - 1).astype("float32").reshape(-1, 1, 8, 8)
    y = np.eye(10, dtype="float32")[digits]
    return Data.shuffled(x, y, seed, fraction, train=1_400, search=198)


def build(c):
    from torch import nn

    from harness.subjects.pytorch import block

    def convolution(inputs: int, filters: int, n: int) -> tuple[nn.Module, ...]:
        layer = nn.Conv2d(inputs, filters, 3, padding=1)
        return (*block(layer, c, n), nn.MaxPool2d(2))

    widths = [c["units_4"], *[c["units_5"]] * c["layers_5"]]
    return nn.Sequential(
        *convolution(1, 8, 1),
        *convolution(8, 16, 2),
        *convolution(16, 32, 3),
        nn.Flatten(),
        *block(nn.Linear(32, widths[0]), c, 4),
        *(module for i, o in pairwise(widths) for module in block(nn.Linear(i, o), c, 5)),
        nn.Dropout(c["dropout_1"]),
        *block(nn.Linear(widths[-1], 10), c, 6),
    )


def cross_entropy(labels, logits):
    from torch.nn import functional

    return functional.cross_entropy(logits, labels, reduction="none")


SUBJECT = Subject(
    title="CNN with logits on 8 x 8 handwritten digits, in PyTorch",
    metric="accuracy",
    labels="one_hot",
    fixed={
        "loss": "cross_entropy",
        "optimiser": "adam",
        "learning_rate": 0.001,
        "batch_size": 64,
        "epochs": 10,
        "units_4": 256,
        "layers_5": 1,
        "units_5": 512,
        **{f"activation_{n}": "relu" for n in range(1, 6)},
        "activation_6": "linear",
        **{f"kernel_initialiser_{n}": "glorot_uniform" for n in range(1, 7)},
        **{f"bias_initialiser_{n}": "zeros" for n in range(1, 7)},
        "dropout_1": 0.5,
    },
    load=load,
    build=build,
    losses={"cross_entropy": cross_entropy},
    framework="pytorch",
)
