"""Histories: plain data that refuses nonsense."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.subjects.registry import Registry
from harness.training.watched.history import History, Link, Training
from harness.training.watched.symptoms import SymptomThresholds
from harness.vocabulary import HarnessError

VALUES: dict[str, Any] = {
    "loss": "mse", "optimiser": "sgd", "learning_rate": 0.1, "batch_size": 8, "epochs": 2,
}  # fmt: skip


def test_a_history_survives_its_json() -> None:
    edit = {"edit": "gaussian_noise", "deviation": 0.1}
    links = (
        Link(number=0, training=Training(**VALUES), epochs=2),
        Link(number=3, training=Training(**VALUES, options={"clipnorm": 1.0}), edits=(edit,)),
    )
    limits = SymptomThresholds(interval=5)
    history = History(links=links, thresholds=limits, start={"units_1": 4}, stops=False)
    assert History.parse(json.loads(json.dumps(history.plain()))) == history


def test_the_training_of_a_configuration(registry: Registry) -> None:
    fixed = registry["X1"].fixed
    training = Training.of(fixed)
    assert (training.loss, training.epochs) == (fixed["loss"], fixed["epochs"])
    assert (training.options, training.reduce_rate) == ({}, False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 0}, "batch size 0"),
        ({"epochs": 0}, "epochs 0"),
        ({"learning_rate": 0.0}, "positive number. Received: 0.0"),
        ({"learning_rate": float("nan")}, "Received: nan"),
    ],
)
def test_a_training_refuses_nonsense(change: dict[str, Any], message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        Training(**{**VALUES, **change})
