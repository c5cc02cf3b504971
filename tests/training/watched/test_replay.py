"""Histories are opened, trained, kept and replayed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from harness.training.seeds import training_seed
from harness.training.watched.edits import LayerEdit
from harness.training.watched.history import History, Link, Training
from harness.training.watched.replay import NETWORKS_KEPT, Material, Replayer
from harness.training.watched.symptoms import SymptomThresholds
from harness.training.watched.watch import Validation

Y = np.array([[1.0], [0.0], [1.0], [0.0]])
CALM = SymptomThresholds(accuracy_floor=0.0, least_gain=0.0, swing_share=9.0)
TRAINING = Training(loss="mse", optimiser="sgd", learning_rate=0.1, batch_size=2, epochs=3)
NOISE = {"edit": "gaussian_noise", "deviation": 0.1}


@dataclass
class Noted:
    """A network that notes what happened to it; it is its own loop."""

    past: list[Any] = field(default_factory=list)
    framework: str = "keras"
    model: Any = None
    kinds: tuple[str, ...] = ("dense",)
    rate: float = 0.1
    macs: int = 1

    def edited(self, edits: Sequence[LayerEdit], seed: int) -> Noted:
        return Noted([*self.past, ("edited", len(edits), seed)])

    def loop(self, training: Training, loss: Any, x: Any, y: Any, seed: int) -> Noted:
        return self

    def outputs(self, x: np.ndarray) -> np.ndarray:
        return x

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        self.past += [tuple(order)] * (last - first)
        return np.ones((last - first, 2))

    def predict(self, x: np.ndarray) -> np.ndarray:
        return x

    def loss(self, y: np.ndarray, predicted: np.ndarray) -> float:
        return 1.0

    def gradients(self) -> list[np.ndarray]:
        return [np.ones((2, 2))]

    def finite(self) -> bool:
        return True


@pytest.fixture
def built() -> list[int]:
    """Seeds from which programs were built."""
    return []


@pytest.fixture
def material(built: list[int]) -> Material:
    def build(seed: int) -> Noted:
        built.append(seed)
        return Noted([("built", seed)])

    return Material(build, lambda name: lambda y, p: y - p, Y, Y, Validation(Y, Y))


def history(*links: Link) -> History:
    return History(links=links, thresholds=CALM)


def trained(replayer: Replayer, material: Material, wanted: History, seed: int = 1) -> Noted:
    opened = replayer.open(material, wanted, run="r", seed=seed)
    result = replayer.train(material, opened, run="r", limit=math.inf)
    assert result.ended
    assert isinstance(opened.network, Noted)
    return opened.network


FIRST = Link(number=0, training=TRAINING)
SECOND = Link(number=4, training=TRAINING, edits=(NOISE,))
CHAIN = history(replace(FIRST, epochs=3), SECOND)


def test_a_chain_goes_on_from_what_is_kept(material: Material, built: list[int]) -> None:
    replayer = Replayer()
    trained(replayer, material, history(FIRST))
    network = trained(replayer, material, CHAIN)
    assert built == [training_seed(1, 0)]
    assert network.past[0] == ("built", training_seed(1, 0))
    assert ("edited", 1, training_seed(1, 4)) in network.past
    assert len(network.past) == 2 + 2 * 3 * 2  # two trainings of three epochs of two steps


def test_what_is_lost_is_trained_again_to_the_same(material: Material, built: list[int]) -> None:
    kept, fresh = Replayer(), Replayer()
    trained(kept, material, history(FIRST))
    assert trained(fresh, material, CHAIN).past == trained(kept, material, CHAIN).past
    assert len(built) == 2


def test_another_seed_drops_what_is_kept(material: Material, built: list[int]) -> None:
    replayer = Replayer()
    for seed in (1, 2, 1):
        trained(replayer, material, history(FIRST), seed)
    trained(replayer, material, CHAIN)
    assert built == [training_seed(seed, 0) for seed in (1, 2, 1)]


def test_few_networks_are_kept(material: Material, built: list[int]) -> None:
    replayer = Replayer()
    links = [replace(FIRST, number=n, epochs=3) for n in range(NETWORKS_KEPT + 1)]
    for link in links:
        trained(replayer, material, history(link))
    replayer.reached(material, (links[-1],), run="r", seed=1)
    assert len(built) == NETWORKS_KEPT + 1
    replayer.reached(material, (links[0],), run="r", seed=1)  # is gone
    assert len(built) == NETWORKS_KEPT + 2


def test_a_cut_training_is_not_kept(material: Material, built: list[int]) -> None:
    replayer = Replayer()
    opened = replayer.open(material, history(FIRST), run="r", seed=1)
    assert not replayer.train(material, opened, run="r", limit=math.inf, most=3).ended
    trained(replayer, material, CHAIN)
    assert len(built) == 2
