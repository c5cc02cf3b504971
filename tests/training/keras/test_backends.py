"""Every backend trains the steps that are asked for, and takes the same gradients."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from harness.training import configure
from harness.training.keras.backends import backend, on_torch
from harness.training.keras.tensorflow_backend import TensorFlowBackend

CODE = """
import json, sys
import numpy as np
from harness.training import configure
configure(sys.argv[1])
import keras
from harness.training.keras.backends import backend, make_loop, make_probe
from harness.training.keras.loop import LoopParts
loss = keras.losses.get("mean_squared_error")
tensor = keras.ops.convert_to_tensor
x = np.arange(14, dtype=np.float32).reshape(7, 2) / 14
y = np.ones((7, 1), np.float32)
def loop(hits):
    model = keras.Sequential([
        keras.Input((2,)),
        keras.layers.Dense(1, kernel_initializer="ones", kernel_regularizer="l2"),
    ])
    parts = LoopParts(model=model, loss=loss, optimiser=keras.optimizers.SGD(0.1),
                      x=tensor(x), y=tensor(y), batch_size=3, hits=hits)
    return model, make_loop(parts)
order = np.array([6, 0, 1, 2, 3, 4, 5], np.int32)
model, whole = loop(None)
before = model.get_weights()
probe = make_probe(model, loss, model.trainable_variables, tensor(x[:3]), tensor(y[:3]))
gradients = [g.tolist() for g in probe()]
losses = whole.run(order, 0, 3)
other, halves = loop(lambda labels, predicted: keras.ops.cast(labels > 0, "float32"))
parts = [halves.run(order, 0, 1), halves.run(order, 1, 3)]
print(json.dumps({
    "backend": type(backend()).__name__,
    "gradients": gradients,
    "losses": losses.tolist(),
    "shape": list(losses.shape),
    "hits": np.concatenate(parts)[:, 1].tolist(),
    "halves": np.concatenate(parts)[:, 0].tolist(),
    "same": all(np.array_equal(a, b) for a, b in zip(model.get_weights(), other.get_weights())),
    "moved": not np.array_equal(before[0], model.get_weights()[0]),
    "predicted": whole.predict(x).shape,
}))
"""

KINDS = {"tensorflow": "TensorFlowBackend", "jax": "JaxBackend", "torch": "TorchBackend"}


@pytest.fixture(scope="module", params=KINDS)
def result(request: pytest.FixtureRequest) -> Any:
    """Seven samples in batches of 3: two whole steps, and one of a single sample."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, request.param], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["backend"] == KINDS[request.param]
    return found


def test_losses_are_those_of_the_steps_in_order(result: Any) -> None:
    assert result["shape"] == [3]
    x = [(2 * i + 2 * i + 1) / 14 for i in (6, 0, 1)]  # outputs of the first step's samples
    assert result["losses"][0] == pytest.approx(sum((v - 1) ** 2 for v in x) / 3, rel=1e-5)
    assert result["moved"]
    assert result["predicted"] == [7, 1]


def test_a_loop_goes_on_where_it_stopped_and_hits_change_nothing(result: Any) -> None:
    assert result["halves"] == result["losses"]
    assert result["hits"] == [1.0] * 3
    assert result["same"]


def test_gradients_hold_loss_and_regularisation(result: Any) -> None:
    """d/dw of the mean of (x w - 1)^2 over three samples, and 2 * 0.01 * w."""
    rows = [[0.0, 1 / 14], [2 / 14, 3 / 14], [4 / 14, 5 / 14]]
    errors = [sum(row) - 1 for row in rows]
    kernel = [
        sum(2 * e * row[i] for e, row in zip(errors, rows, strict=True)) / 3 + 0.02 for i in (0, 1)
    ]
    found_kernel, found_bias = result["gradients"]
    assert [v for (v,) in found_kernel] == pytest.approx(kernel, rel=1e-4)
    assert found_bias == pytest.approx([2 * sum(errors) / 3], rel=1e-4)


def test_this_process_runs_tensorflow() -> None:
    configure("tensorflow", threads=1)
    assert isinstance(backend(), TensorFlowBackend)
    assert not on_torch()
