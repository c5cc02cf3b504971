"""A CNN in PyTorch on grey images of three classes (Stack Overflow 65659888).

The post's images (145 x 200) are not distributed, and the benchmark replaces them by random numbers
of two classes that no held-out image could be told by. Declared substitutes: noisy stripes in three
directions, 73 x 100; a quarter of the post's filters. Labels are class numbers and the loss is
``torch.nn.CrossEntropyLoss`` on logits, here ``cross_entropy``, as in the post. PyTorch's own
initial weights are not among the values of the study's operator; Keras' defaults stand in for them.
Source: Theia benchmark, program 13, in the version that was measured.
"""

import numpy as np

from harness.subjects import Data, Subject

HEIGHT, WIDTH = 73, 100
NOISE = 2.0
"""Standard deviation of the noise, where the stripes lie in [-1, 1]."""


def load(seed: int, variant: str, fraction: float) -> Data:
    """600 training images (n, 1, 73, 100), 200 search samples, 1,000 holdout."""
    rng = np.random.default_rng(seed)
    train, search, holdout = (_images(rng, n) for n in (600, 200, 1_000))
    used = round(600 * fraction)
    return Data(train[0][:used], train[1][:used], *search, *holdout)


def _images(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Stripes 8 to 16 pixels apart, at 0, 60 or 120 degrees by class; and the classes."""
    classes = rng.integers(0, 3, n)
    angle = classes * np.pi / 3
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    across = np.multiply.outer(np.cos(angle), columns) + np.multiply.outer(np.sin(angle), rows)
    distance, phase = rng.uniform(8, 16, (n, 1, 1)), rng.uniform(0, 2 * np.pi, (n, 1, 1))
    stripes = np.sin(2 * np.pi * across / distance + phase)
    noisy = stripes + rng.normal(0, NOISE, stripes.shape)
    return (noisy / 4).astype("float32")[:, None], classes


def build(c):
    from torch import nn

    from harness.subjects.pytorch import block

    return nn.Sequential(
        *block(nn.Conv2d(1, 8, 3, stride=2), c, 1),
        *block(nn.Conv2d(8, 16, 3, stride=2), c, 2),
        *block(nn.Conv2d(16, 32, 3, stride=2), c, 3),
        nn.MaxPool2d(2),
        *block(nn.Conv2d(32, 64, 3, stride=2), c, 4),
        nn.Flatten(),
        *block(nn.Linear(64 * 1 * 2, c["units_5"]), c, 5),
        *block(nn.Linear(c["units_5"], 3), c, 6),
    )


def cross_entropy(labels, logits):
    from torch.nn import functional

    return functional.cross_entropy(logits, labels, reduction="none")


SUBJECT = Subject(
    title="CNN on stripes in three directions, in PyTorch",
    metric="accuracy",
    labels="classes",
    fixed={
        "loss": "cross_entropy",
        "optimiser": "adam",
        "learning_rate": 0.001,
        "batch_size": 32,
        "epochs": 10,
        "units_5": 128,
        **{f"activation_{n}": "relu" for n in range(1, 6)},
        "activation_6": "linear",
        **{f"kernel_initialiser_{n}": "glorot_uniform" for n in range(1, 7)},
        **{f"bias_initialiser_{n}": "zeros" for n in range(1, 7)},
    },
    load=load,
    build=build,
    losses={"cross_entropy": cross_entropy},
    framework="pytorch",
)
