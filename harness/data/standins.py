"""Small synthetic arrays in place of a data set, so that a program can run where the files are not.

They have the shapes, types and value ranges of the real ones, and classes that can be told apart.
Nothing measured on them says anything about the real data.
"""

from __future__ import annotations

import numpy as np


def images(
    rng: np.random.Generator, shape: tuple[int, ...], train: int, test: int
) -> tuple[np.ndarray, ...]:
    """Bytes: every class a fixed pattern, under strong noise; ten balanced classes.

    Returns:
        x_train (train, *shape), y_train (train,), x_test, y_test.
    """
    patterns = rng.integers(0, 256, (10, *shape))
    labels = rng.permutation(np.arange(train + test) % 10).astype(np.uint8)
    noise = rng.integers(0, 256, (train + test, *shape))
    pixels = ((patterns[labels] + 2 * noise) // 3).astype(np.uint8)
    return pixels[:train], labels[:train], pixels[train:], labels[train:]


def texts(rng: np.random.Generator, number: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Word indices from 1 with falling frequency, some of them of the text's topic (46 topics).

    Returns:
        ``number`` arrays of 30 to 200 words, and the topics (number,), unbalanced.
    """
    topics = np.minimum(rng.geometric(0.15, number) - 1, 45)
    found = []
    for topic in topics:
        length = int(rng.integers(30, 200))
        common = np.minimum(rng.zipf(1.3, length), 9_000)
        own = 500 + 60 * topic + rng.integers(0, 60, length)
        found.append(np.where(rng.random(length) < 0.2, own, common))
    return found, topics
