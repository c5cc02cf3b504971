"""The callback, ``theia.check``, and faults, in this process."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from keras import layers as L
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from harness import theia
from harness.subjects.registry import Registry
from harness.theia.callback import BugsFound
from harness.theia.suspects import governs, locate
from harness.vocabulary import HarnessError

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


def test_check_returns_findings_and_changes_nothing() -> None:
    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1), nn.Sigmoid())
    before = [p.clone() for p in net.parameters()]
    data = TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    loader = DataLoader(data, batch_size=32, shuffle=True)
    found = theia.check(net, nn.BCEWithLogitsLoss(), torch.optim.Adam(net.parameters()), loader)
    bugs = {(f.rule, f.problem, f.name) for f in found if f.severity == "bug"}
    assert bugs == {("LLM", "activation", "3"), ("IDN", "range", "")}
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": "net", "loader": (X, Y)}, "a Keras model or a PyTorch module"),
        ({"model": nn.Linear(4, 1)}, "was given no data"),
        ({"model": nn.Linear(4, 1), "loader": (X, Y), "task": "multi"}, "no task 'multi'"),
        ({"model": nn.Linear(4, 1), "loader": (X, Y), "profile": "x"}, "no profile 'x'"),
    ],
)
def test_bad_input_is_one_message(given: dict[str, object], message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        theia.check(**given)  # type: ignore[arg-type]


def test_the_hyperparameters_that_a_finding_blames(registry: Registry) -> None:
    located = locate(registry["D1"])
    assert located.ranks == {"activation_3": 1}
    assert located.edits["activation_3"] == "sigmoid"
    assert locate(registry["X1"]).ranks == {"learning_rate": 1}


def test_which_layers_a_hyperparameter_governs(registry: Registry) -> None:
    fault = registry["D1"]
    data = fault.subject.load(fault.data_seed, "default", 1.0)
    found = governs(fault.subject, fault.faulty, data)
    assert found["activation_1"] == {(2, "activation")}
    assert found["layers_2"] == {(4, "layer")}
    assert "learning_rate" not in found


def test_a_native_pytorch_fault(registry: Registry) -> None:
    located = locate(registry["P3"])
    assert located.program.framework == "pytorch"
    assert all(located.ranks.values())
