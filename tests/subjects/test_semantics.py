"""What the faults rest on, against values computed by hand; on every Keras backend."""

from __future__ import annotations

import json
import subprocess
import sys
from math import log, pi

import pytest

CODE = """
import json, sys
import numpy as np
from harness.subjects import semantics
from harness.training import configure
configure(sys.argv[1])
import keras
from keras import losses, ops

def value(name, labels, outputs):
    found = losses.get(name)(ops.convert_to_tensor(np.array(labels, "float32")),
                             ops.convert_to_tensor(np.array(outputs, "float32")))
    return [float(v) for v in np.atleast_1d(ops.convert_to_numpy(found))]

def trained(name, rate, steps):
    weight = keras.Variable(np.array([1.0], "float32"))
    optimiser = keras.optimizers.get({"class_name": name, "config": {"learning_rate": rate}})
    optimiser.build([weight])
    for _ in range(steps):
        optimiser.apply([ops.convert_to_tensor(np.array([2.0], "float32"))], [weight])
    return float(ops.convert_to_numpy(weight)[0])

def layer(name, x):
    activation = keras.activations.get(semantics.keras2_activation(name))
    return [float(v) for v in ops.convert_to_numpy(activation(ops.convert_to_tensor(
        np.array(x, "float32"))))]

def penalty(l1, l2):
    regulariser = semantics.l1_l2(l1, l2)
    return None if regulariser is None else float(regulariser(ops.convert_to_tensor(
        np.array([[1.0, -2.0]], "float32"))))

def angles(labels, outputs):
    return [float(v) for v in ops.convert_to_numpy(semantics.angle(
        ops.convert_to_tensor(np.array(labels, "float32")),
        ops.convert_to_tensor(np.array(outputs, "float32"))))]

print(json.dumps({
    "no probabilities": value("categorical_crossentropy", [[0, 1, 0]], [[2, 5, 3]]),
    "negative sum": value("categorical_crossentropy", [[1, 0]], [[1, -3]]),
    "wrong sign": value("categorical_crossentropy", [[1, 0]], [[-1, 3]]),
    "hinge": value("hinge", [[0, 1]], [[0.25, 0.5]]),
    "msle": value("mean_squared_logarithmic_error", [[-0.5, 1]], [[-3, 0]]),
    "divided labels": value("sparse_categorical_crossentropy", [5 / 255], [[0.25, 0.75]]),
    "hard_sigmoid": layer("hard_sigmoid", [-3.0, -1.0, 0.0, 1.0, 3.0]),
    "relu": layer("relu", [-1.0, 2.0]),
    "penalties": [penalty(0.01, 0.0), penalty(0.01, 0.01), penalty(0.0, 0.0)],
    "angles": angles([[0, 0], [0.1, 0.2], [0, 0]], [[0.5, 2], [0.1, 0.2], [3.14159265, 0]]),
    "steps": {name: trained(name, 0.1, 1) for name in
              ("sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamax")},
}))
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_losses_activations_and_steps_are_what_the_faults_say(backend: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, backend], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])

    def close(*values: float) -> object:
        return pytest.approx(list(values), rel=1e-4, abs=1e-6)

    # M3, R2, R7: outputs are divided by their sum, then clipped; no softmax is applied.
    assert found["no probabilities"] == close(-log(5 / 10))
    assert found["negative sum"] == close(-log(1e-7))  # 1 / -2 is clipped at the bottom
    assert found["wrong sign"] == close(-log(1e-7))  # -1 / 2 as well
    # R4: labels 0 and 1 become -1 and 1; mean of 1 + 0.25 and 1 - 0.5.
    assert found["hinge"] == close((1.25 + 0.5) / 2)
    # U6: below zero label and output count as zero, so an error of 2.5 costs nothing.
    assert found["msle"] == close((0 + log(2) ** 2) / 2)
    # D9: 5 / 255 is class 0 once it is a whole number.
    assert found["divided labels"] == close(-log(0.25))
    # C1: Keras 2's, which is 0.3 at -1 where Keras 3 has 1/3, and 0 below -2.5.
    assert found["hard_sigmoid"] == close(0, 0.3, 0.5, 0.7, 1)
    assert found["relu"] == close(0, 2)
    # R1, U2: 0.01 (1 + 2), and 0.01 (1 + 2) + 0.01 (1 + 4); without coefficients there is none.
    assert found["penalties"][:2] == close(0.03, 0.08)
    assert found["penalties"][2] is None
    # U: between the pole and (0.5, 2) lie 0.5; equal directions give the floor of the clip.
    assert found["angles"] == pytest.approx([0.5, 0.004472, pi - 0.004472], abs=1e-4)
    # One step at rate 0.1 with a gradient of 2, from 1.
    assert found["steps"] == pytest.approx(
        {
            "sgd": 1 - 0.1 * 2,
            "rmsprop": 1 - 0.1 * 2 / (0.1 * 4) ** 0.5,
            "adagrad": 1 - 0.1 * 2 / (0.1 + 4) ** 0.5,
            "adadelta": 1 - 0.1 * (1e-7 / (0.05 * 4)) ** 0.5 * 2,
            "adam": 1 - 0.1,
            "adamax": 1 - 0.1,
        },
        rel=1e-3,
    )
