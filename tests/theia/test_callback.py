"""The callback checks when ``fit`` begins."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers as L

from harness import theia
from harness.theia.callback import BugsFound

X = np.random.default_rng(0).uniform(0, 9, (64, 4)).astype("float32")
Y = (X.sum(axis=1) > 18).astype("float32")[:, None]


def model(output: str) -> keras.Model:
    made = keras.Sequential([L.Dense(4, activation="relu"), L.Dense(1, activation=output)])
    made.compile(keras.optimizers.SGD(1.0), "binary_crossentropy")
    return made


def test_the_callback_stops_before_the_first_step() -> None:
    built = model("softmax")
    callback = theia.TheiaCallback(task="binary", stop=True)
    with pytest.raises(BugsFound, match="LLM dense") as raised:
        built.fit(X, Y, batch_size=32, verbose=0, callbacks=[callback])
    assert {f.rule for f in raised.value.findings} >= {"LLM", "LOB", "IDN"}
    assert built.optimizer.iterations == 0
    assert callback.report.bugs == sum(f.severity == "bug" for f in callback.findings)


def test_the_callback_sees_what_fit_was_given() -> None:
    callback = theia.TheiaCallback(task="binary")
    model("sigmoid").fit(
        X / 9, Y, batch_size=16, verbose=0, validation_data=(X, Y), callbacks=[callback]
    )
    found = {(f.rule, f.subject) for f in callback.findings if f.severity == "bug"}
    assert found == {("LOB", "optimiser"), ("IBS", "batch_size"), ("IDN", "test")}
