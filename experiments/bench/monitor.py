"""What watching costs: an epoch of a watched training against one of an ordinary training.

Compared with a training that is judged on validation data after each epoch, as `fit` with
``validation_data`` does and every program that AutoTrainer takes can be; and with bare steps.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import json, math, statistics, sys, time
import numpy as np
from harness.techniques.autotrainer.rules import AS_DESCRIBED
from harness.subjects.arrays import Data
from harness.subjects.registry import load_registry
from harness.training import configure
from harness.training.watched.history import Training
from harness.training.keras.keras_programs import Keras
from harness.training.frameworks import network_of
from dataclasses import replace
from harness.training.judge import accuracy
from harness.training.pace import Pace
from harness.training.seeds import epoch_order
from harness.training.watched.watch import Validation, watch

def digits():
    fault = load_registry()["G1"]
    data = fault.subject.load(fault.data_seed, "default", 1.0)
    return data, lambda: fault.subject.build(fault.fixed), Training.of(fault.fixed)

def mnist(samples=3000):
    # The CNN of Keras' MNIST example. Noise in place of the images: time does not depend on them.
    from keras import Input, Sequential, layers
    rng = np.random.default_rng(0)
    x = rng.random((samples + samples // 6, 28, 28, 1), dtype="float32")
    y = np.eye(10, dtype="float32")[rng.integers(10, size=len(x))]
    search = samples + round(len(x[samples:]) * 0.8)
    data = Data(x[:samples], y[:samples], x[samples:search], y[samples:search],
                x[search:], y[search:])
    def build():
        return Sequential([
            Input((28, 28, 1)), layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(2),
            layers.Dropout(0.25), layers.Flatten(), layers.Dense(128, activation="relu"),
            layers.Dropout(0.5), layers.Dense(10, activation="softmax"),
        ])
    how = Training(loss="categorical_crossentropy", optimiser="adadelta", learning_rate=1.0,
                   batch_size=128, epochs=3)
    return data, build, how

configure("tensorflow")
data, build, how = {"digits": digits, "mnist": mnist}[sys.argv[1]]()
keras = Keras()
loss = keras.loss(how.loss, {})
x, y = keras.tensor(data.x_train), keras.tensor(data.y_train)
samples, per_epoch = len(x), -(-len(x) // how.batch_size)
plain = keras.program(build(), loss, how.optimiser, x, y, how.batch_size)
network = network_of(build())
watched = network.loop(how, loss, x, y, 0)
validation = Validation(data.x_search, data.y_search)
limits = replace(AS_DESCRIBED.detection, accuracy_floor=0.0, least_gain=0.0, swing_share=9.0)
# Nothing is found, so that all epochs are trained.

def ordinary(judged):
    pace = Pace(plain, math.inf)
    began = time.perf_counter()
    for epoch in range(how.epochs):
        for _ in pace.run(epoch_order(0, epoch, samples), 0, per_epoch):
            pass
        if judged:
            predicted = plain.predict(validation.x)
            watched.loss(validation.y, predicted), accuracy(validation.y, predicted)
    return time.perf_counter() - began

def monitored():
    began = time.perf_counter()
    done = watch(watched, how, limits, validation, network.kinds, samples=samples, seed=0)
    assert done.shown.epochs == how.epochs, done.shown.symptom
    return time.perf_counter() - began

ordinary(True), monitored()
times = [(ordinary(False), ordinary(True), monitored()) for _ in range(int(sys.argv[2]))]
print(json.dumps([statistics.median(t) / how.epochs for t in zip(*times)]))
"""

TARGET = "<= 15 %"


def watching() -> list[tuple[str, str, str]]:
    """Median epoch, ordinary and watched in turns, of two CNNs."""
    rows = []
    for name, repeats in (("digits", 15), ("mnist", 3)):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, name, str(repeats)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        bare, judged, watched = json.loads(done.stdout.splitlines()[-1])
        told = f"+{watched / judged - 1:.0%} ({1000 * judged:.1f} to {1000 * watched:.1f} ms)"
        rows.append((f"AutoTrainer's monitor, an epoch of the {name} CNN", told, TARGET))
        told = f"+{watched / bare - 1:.0%} ({1000 * bare:.1f} ms)"
        rows.append(("the same against training without validation", told, ""))
    return rows
