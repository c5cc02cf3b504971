"""Programs with one input and with several."""

from __future__ import annotations

import numpy as np

from harness.training.samples import copied, each, leading, taken

X = np.arange(12).reshape(6, 2)


def test_one_input_is_no_tuple() -> None:
    assert each(len, X) == 6
    assert np.array_equal(taken(X, slice(2)), X[:2])


def test_several_inputs_are_taken_alike() -> None:
    assert each(len, (X, X[:3])) == (6, 3)
    one, other = taken((X, -X), [4, 0])
    assert np.array_equal(one, X[[4, 0]])
    assert np.array_equal(other, -X[[4, 0]])


def test_tensors_that_can_be_changed_are_copied() -> None:
    import torch

    tensor = torch.from_numpy(X.copy())
    leading(tensor, 2).add_(1)
    copied((tensor, tensor))[1].add_(1)
    assert np.array_equal(tensor, X)
    assert leading(tensor, 2).shape == (2, 2)
