"""What networks of both frameworks share."""

from __future__ import annotations

import numpy as np
import pytest

from harness.training.watched.network import clipped, first_weighted, output_index
from harness.vocabulary import HarnessError

KINDS = ("other", "convolution", "activation", "dense", "activation")
GRADIENTS = [np.array([3.0, 4.0]), np.array([[12.0]])]  # norms 5 and 12, together 13


def test_layers_with_weights() -> None:
    assert first_weighted(KINDS) == 1
    assert output_index(KINDS) == 3
    with pytest.raises(HarnessError, match="Found: other, embedding"):
        output_index(("other", "embedding"))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[3, 4], [[12]]]),
        ({"momentum": 0.9}, [[3, 4], [[12]]]),
        ({"clipvalue": 3.5}, [[3, 3.5], [[3.5]]]),
        ({"clipnorm": 6.0}, [[3, 4], [[6]]]),
        ({"global_clipnorm": 6.5}, [[1.5, 2], [[6]]]),
        ({"global_clipnorm": 14.0}, [[3, 4], [[12]]]),
    ],
)
def test_gradients_are_clipped_as_keras_clips(
    options: dict[str, float], expected: list[list[float]]
) -> None:
    for found, wanted in zip(clipped(GRADIENTS, options), expected, strict=True):
        assert np.allclose(found, wanted)
