"""Synthetic arrays in place of a data set."""

from __future__ import annotations

import numpy as np

from harness.data import standins


def test_images_are_bytes_of_ten_balanced_classes() -> None:
    x, y, x_test, y_test = standins.images(np.random.default_rng(0), (8, 8, 1), 400, 100)
    assert (x.shape, x_test.shape) == ((400, 8, 8, 1), (100, 8, 8, 1))
    assert x.dtype == y.dtype == np.uint8
    assert np.bincount(np.concatenate([y, y_test])).tolist() == [50] * 10


def test_classes_of_images_can_be_told_apart() -> None:
    x, y, x_test, y_test = standins.images(np.random.default_rng(0), (8, 8, 1), 400, 100)
    means = np.stack([x[y == label].mean(axis=0) for label in range(10)])
    distances = ((x_test[:, None] - means) ** 2).sum(axis=(2, 3, 4))
    assert (distances.argmin(axis=1) == y_test).mean() > 0.9


def test_texts_have_words_of_their_topic() -> None:
    texts, topics = standins.texts(np.random.default_rng(0), 300)
    assert len(texts) == len(topics) == 300
    assert topics.min() >= 0 and topics.max() <= 45
    assert all(30 <= len(text) < 200 and text.min() >= 1 for text in texts)
    own = [
        np.mean((text >= 500 + 60 * topic) & (text < 560 + 60 * topic))
        for text, topic in zip(texts, topics, strict=True)
    ]
    assert 0.15 < np.mean(own) < 0.35


def test_a_seed_fixes_them() -> None:
    one, two, other = (standins.images(np.random.default_rng(s), (4, 4), 20, 10) for s in (1, 1, 2))
    assert all(map(np.array_equal, one, two))
    assert not np.array_equal(one[0], other[0])
