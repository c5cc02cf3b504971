"""MNIST and CIFAR-10 as the study's programs take them: a share for training, search, holdout."""

from __future__ import annotations

import numpy as np

from harness.data import standins
from harness.data.sets import STAND_IN, Labelled, load_cifar10, load_mnist

Part = tuple[np.ndarray, np.ndarray]
"""Images (n, height, width, channels) of values 0 to 255, uint8, and class numbers (n,), uint8."""


def image_parts(
    name: str,
    variant: str,
    seed: int,
    fraction: float,
    *,
    split_seed: int = 42,
    validation_seed: int | None = None,
) -> tuple[Part, Part, Part]:
    """Training images, 8,000 search samples and 2,000 holdout samples.

    Args:
        name: ``mnist`` or ``cifar10``.
        variant: A subject's data variant; ``STAND_IN`` gives 1,000 images for training, 200 for
            search and 50 for holdout.
        seed: Of the stand-in; the real data are always split in the study's way.
        fraction: Share of the training images, the first ones.
        split_seed: Of the test images' split into search and holdout part.
        validation_seed: Of the split that first puts a fifth of the training images aside, if any.
    """
    from sklearn.model_selection import train_test_split

    images = _labelled(name, variant, seed)
    training = np.arange(len(images.x_train))
    if validation_seed is not None:
        training, _ = train_test_split(training, test_size=0.2, random_state=validation_seed)
    used = training[: round(len(training) * fraction)]
    testing = np.arange(len(images.x_test))
    search, holdout = train_test_split(testing, test_size=0.2, random_state=split_seed)
    return (
        (images.x_train[used], images.y_train[used]),
        (images.x_test[search], images.y_test[search]),
        (images.x_test[holdout], images.y_test[holdout]),
    )


def _labelled(name: str, variant: str, seed: int) -> Labelled:
    shape = {"mnist": (28, 28, 1), "cifar10": (32, 32, 3)}[name]
    if variant == STAND_IN:
        return Labelled(*standins.images(np.random.default_rng(seed), shape, 1_000, 250))
    real = {"mnist": load_mnist, "cifar10": load_cifar10}[name]()
    return Labelled(
        real.x_train.reshape(-1, *shape),
        real.y_train,
        real.x_test.reshape(-1, *shape),
        real.y_test,
    )


def one_hot(part: Part) -> Part:
    """Images as float32 in [0, 1], labels (n, 10) float32."""
    images, labels = part
    return images.astype("float32") / 255, np.eye(10, dtype="float32")[labels]
