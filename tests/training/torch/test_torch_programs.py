"""Native PyTorch programs between two trainings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from harness.subjects.pytorch import TORCH_OPTIMISERS
from harness.training.torch.torch_programs import NativeTorch, TorchProgram
from harness.vocabulary import HarnessError

X = np.random.default_rng(0).normal(size=(10, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
ORDER = np.arange(10, dtype=np.int32)


def model() -> Any:
    torch.manual_seed(5)
    return nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5), nn.Linear(3, 1))


def program(optimiser: str = "adam") -> TorchProgram:
    framework = NativeTorch()
    loss = framework.loss("mean_squared_error", {})
    x, y = framework.tensor(X), framework.tensor(Y)
    return framework.program(model(), loss, optimiser, x, y, 4)


def test_work_is_counted_from_the_forward_pass() -> None:
    assert program().macs == 3 * (4 * 3 + 3 * 1)


@pytest.mark.parametrize("optimiser", TORCH_OPTIMISERS)
def test_a_state_is_all_that_the_rest_depends_on(optimiser: str) -> None:
    made = program(optimiser)
    made.start(model(), 0.1, seed=1)
    made.run(ORDER, 0, 2)
    state = made.state()
    rest = made.run(ORDER, 2, 3)
    made.restore(state)
    assert np.array_equal(made.run(ORDER, 2, 3), rest)
    other = program(optimiser)
    other.start(model(), 0.1, seed=9)
    other.restore(state)
    assert np.array_equal(other.run(ORDER, 2, 3), rest)


def test_a_start_forgets_the_training_before() -> None:
    made = program()
    found = []
    for _ in range(2):
        made.start(model(), 0.1, seed=1)
        found.append(made.run(ORDER, 0, 3))
    assert np.array_equal(*found)


def test_lost_weights_are_noticed() -> None:
    made = program()
    made.start(model(), 0.1, seed=1)
    assert made.finite()
    made.model[0].weight.data[0, 0] = torch.inf
    assert not made.finite()


def test_a_subject_s_own_loss_comes_first() -> None:
    def own(y: Any, p: Any) -> Any:
        return y - p

    framework = NativeTorch()
    assert framework.loss("mean_squared_error", {"mean_squared_error": own}) is own
    with pytest.raises(HarnessError, match="no loss 'mse2'"):
        framework.loss("mse2", {})
    with pytest.raises(HarnessError, match="no optimiser 'adem'"):
        program("adem")
