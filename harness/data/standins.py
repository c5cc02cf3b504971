"""Small synthetic arrays that replace a data set whose files are missing.

They have the shapes, types and value ranges of the real ones, and separable classes. Measurements
on them say nothing about the real data.
"""

from __future__ import annotations

import numpy as np


def images(
    rng: np.random.Generator, shape: tuple[int, ...], train: int, test: int
) -> tuple[np.ndarray, ...]:
    """Images of bytes in ten balanced classes: one pattern for each class, under strong noise.

    Returns:
        x_train (train, *shape), y_train (train,), x_test, y_test.
    """
    patterns = rng.integers(0, 256, (10, *shape))
    labels = rng.permutation(np.arange(train + test) % 10).astype(np.uint8)
    noise = rng.integers(0, 256, (train + test, *shape))
    pixels = ((patterns[labels] + 2 * noise) // 3).astype(np.uint8)
    return pixels[:train], labels[:train], pixels[train:], labels[train:]


def texts(rng: np.random.Generator, number: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Texts of word indices from 1 with falling frequency; a fifth of the words are of the topic.

    Returns:
        ``number`` arrays of 30 to 199 words, and the topics (number,), 0 to 45, unbalanced.
    """
    topics = np.minimum(rng.geometric(0.15, number) - 1, 45)
    found = []
    for topic in topics:
        length = int(rng.integers(30, 200))
        common = np.minimum(rng.zipf(1.3, length), 9_000)
        own = 500 + 60 * topic + rng.integers(0, 60, length)
        found.append(np.where(rng.random(length) < 0.2, own, common))
    return found, topics
