"""The three parts of a subject's samples."""

from __future__ import annotations

import numpy as np
import pytest

from harness.subjects.arrays import Data

X = np.arange(20, dtype=np.float32).reshape(10, 2)
Y = np.arange(10)


def test_every_sample_is_in_one_part_and_keeps_its_label() -> None:
    data = Data.shuffled(X, Y, 3, 1.0, train=5, search=2)
    parts = (data.y_train, data.y_search, data.y_holdout)
    assert [len(part) for part in parts] == [5, 2, 3]
    assert sorted(np.concatenate(parts)) == list(range(10))
    for x, y in zip((data.x_train, data.x_search, data.x_holdout), parts, strict=True):
        assert np.array_equal(x[:, 0], 2 * y)


@pytest.mark.parametrize(("fraction", "used"), [(0.4, 2), (0.6, 3), (1.0, 5)])
def test_a_fraction_takes_the_first_training_samples_only(fraction: float, used: int) -> None:
    whole = Data.shuffled(X, Y, 3, 1.0, train=5, search=2)
    part = Data.shuffled(X, Y, 3, fraction, train=5, search=2)
    assert np.array_equal(part.y_train, whole.y_train[:used])
    assert np.array_equal(part.y_search, whole.y_search)
    assert np.array_equal(part.y_holdout, whole.y_holdout)


def test_the_order_is_that_of_the_seed() -> None:
    one, again, other = (Data.shuffled(X, Y, s, 1.0, train=5, search=2) for s in (3, 3, 4))
    assert np.array_equal(one.x_train, again.x_train)
    assert not np.array_equal(one.x_train, other.x_train)
