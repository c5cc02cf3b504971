"""What the loops of all backends share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.training import configure
from harness.training.keras.loop import LoopParts, batched, one_sample

Y = np.array([[1.0], [3.0]], np.float32)
P = np.array([[2.0], [2.0]], np.float32)


@pytest.fixture(scope="module", autouse=True)
def tensorflow() -> None:
    configure("tensorflow", threads=1)


def test_a_step_reports_its_loss_and_if_wanted_its_hits() -> None:
    plain = LoopParts(model=None, loss=np.subtract, optimiser=None, x=Y, y=Y, batch_size=2)
    assert plain.figures == ()
    assert float(plain.report(0.25, Y, P)) == 0.25
    watched = replace(plain, hits=lambda y, p: np.float32(y > p))
    assert watched.figures == (2,)
    assert np.array(watched.report(0.25, Y, P)).tolist() == [0.25, 0.5]


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        ((5000, 4), [2048, 2048, 904]),
        ((100, 200_000), [32, 32, 32, 4]),
        ((3000, 100), [1000] * 3),
    ],
)
def test_large_samples_come_in_small_batches(shape: tuple[int, ...], sizes: list[int]) -> None:
    x, found = np.broadcast_to(np.float32(1), shape), list[int]()

    def call(batch: np.ndarray) -> np.ndarray:
        found.append(len(batch))
        return batch[:, :1]

    assert batched(call, x).shape == (shape[0], 1)
    assert found == sizes


def test_several_inputs_are_cut_alike() -> None:
    x = np.arange(40, dtype=np.float32).reshape(20, 2)
    assert np.array_equal(batched(lambda both: both[0] + both[1], (x, x)), 2 * x)
    one, other = one_sample((x, -x))
    assert np.array_equal(one, x[:1])
    assert np.array_equal(other, -x[:1])
