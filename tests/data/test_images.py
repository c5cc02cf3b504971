"""The parts of MNIST and CIFAR-10 that the study's programs take."""

from __future__ import annotations

import numpy as np
import pytest

from harness.data import images
from harness.data.images import image_parts, one_hot
from harness.data.sets import STAND_IN, Labelled

DIGITS = Labelled(
    np.arange(600, dtype=np.uint16)[:, None, None] * np.ones((28, 28), np.uint16),
    np.arange(600) % 10,
    np.arange(100, dtype=np.uint16)[:, None, None] * np.ones((28, 28), np.uint16),
    np.arange(100) % 10,
)
"""Images that hold their own number."""


def numbers(part: images.Part) -> list[int]:
    return [int(n) for n in part[0][:, 0, 0, 0]]


@pytest.mark.parametrize(("name", "shape"), [("mnist", (28, 28, 1)), ("cifar10", (32, 32, 3))])
def test_a_stand_in_has_the_real_shapes(name: str, shape: tuple[int, ...]) -> None:
    training, search, holdout = image_parts(name, STAND_IN, seed=1, fraction=0.5)
    assert [part[0].shape for part in (training, search, holdout)] == [
        (500, *shape), (200, *shape), (50, *shape),
    ]  # fmt: skip
    again = image_parts(name, STAND_IN, seed=1, fraction=0.5)[0]
    assert np.array_equal(training[0], again[0])
    assert not np.array_equal(training[0], image_parts(name, STAND_IN, seed=2, fraction=0.5)[0][0])


def test_real_data_are_split_in_the_study_s_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "load_mnist", lambda: DIGITS)
    training, search, holdout = image_parts("mnist", "default", seed=1, fraction=0.1)
    assert numbers(training) == list(range(60))  # the first ones
    assert (len(search[0]), len(holdout[0])) == (80, 20)
    assert sorted(numbers(search) + numbers(holdout)) == list(range(100))
    other = image_parts("mnist", "default", seed=2, fraction=0.1)
    assert numbers(other[1]) == numbers(search)  # whatever the seed
    moved = image_parts("mnist", "default", seed=1, fraction=0.1, split_seed=7)
    assert numbers(moved[1]) != numbers(search)


def test_a_validation_part_is_put_aside_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "load_mnist", lambda: DIGITS)
    training, *_ = image_parts("mnist", "default", seed=1, fraction=1.0, validation_seed=3)
    assert len(training[0]) == 480
    assert np.array_equal(training[1], np.array(numbers(training)) % 10)  # labels go along


def test_one_hot_labels_and_shares_of_white() -> None:
    x, y = one_hot((np.array([[[[0]], [[255]]]], np.uint8), np.array([3], np.uint8)))
    assert x.ravel().tolist() == [0.0, 1.0] and x.dtype == np.float32
    assert y.tolist() == [[0, 0, 0, 1, 0, 0, 0, 0, 0, 0]] and y.dtype == np.float32
