"""``theia.check`` on live programs."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import torch
from keras import layers as L
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from harness import theia
from harness.theia import live
from harness.theia.recorder import Recorder
from harness.theia.report import LocaliserReport
from harness.vocabulary import HarnessError

X = np.random.default_rng(0).uniform(0, 9, (64, 4)).astype("float32")
Y = (X.sum(axis=1) > 18).astype("float32")[:, None]


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


def test_a_task_that_is_not_named_is_guessed() -> None:
    model = keras.Sequential([L.Dense(4), L.Dense(1)])
    model.compile("sgd", "mse")
    program, guessed = live.program_of(model, None, None, (X, Y), None)
    assert (program.task, guessed) == ("binary", True)
    assert [layer.in_features for layer in program.layers] == [4, 4]  # built for its data
    program, guessed = live.program_of(model, None, None, (X, Y), "regression")
    assert (program.task, guessed) == ("regression", False)


def test_a_localised_script_delivers_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered: list[LocaliserReport] = []
    running = live.Localisation(Recorder(tmp_path), delivered.append)
    monkeypatch.setattr(live, "LOCALISATION", running)
    found = theia.check(nn.Linear(4, 1), nn.MSELoss(), None, (X, Y), "regression")
    (report,) = delivered
    assert list(report.findings) == found
