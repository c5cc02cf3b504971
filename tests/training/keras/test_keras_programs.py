"""Keras programs between two trainings."""

from __future__ import annotations

import numpy as np
import pytest

from harness.space.operators import OPTIMISERS
from harness.training import configure
from harness.training.keras.keras_programs import Keras


@pytest.mark.parametrize("name", OPTIMISERS)
def test_an_optimiser_starts_as_a_new_one(name: str) -> None:
    """Adagrad's sums start from 0.1 and Nadam's product from 1, not from 0."""
    configure("tensorflow", threads=1)
    import keras

    def model() -> keras.Model:
        return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])

    framework = Keras()
    x, y = (framework.tensor(np.ones((8, n), np.float32)) for n in (2, 1))
    loss = framework.loss("mean_squared_error", {})
    program = framework.program(model(), loss, name, x, y, 4)
    untouched = [np.array(v) for v in program.optimiser.variables]
    for _ in range(2):
        program.start(model(), 0.5, seed=1)
        now = program.optimiser.variables
        rate = [v.path.endswith("learning_rate") for v in now]
        assert sum(rate) == 1
        for variable, before, is_rate in zip(now, untouched, rate, strict=True):
            assert np.all(np.array(variable) == (0.5 if is_rate else before))
        program.run(np.arange(8, dtype=np.int32), 0, 2)
