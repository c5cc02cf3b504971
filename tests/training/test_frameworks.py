"""The choice of the framework; the same program in both learns equally well."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ttest_ind

from harness.subjects.registry import Registry
from harness.training import Request, Trainer, configure
from harness.training.frameworks import framework, network_of
from harness.training.keras.keras_programs import Keras
from harness.training.torch.torch_programs import NativeTorch
from harness.vocabulary import HarnessError

SEEDS = range(6)
MARGIN = 0.03
"""Difference of mean accuracy that would matter; a training's own deviation is about 0.01."""


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    configure("tensorflow", threads=1)
    return Trainer()


def test_both_frameworks_learn_the_digits_equally_well(
    registry: Registry, trainer: Trainer
) -> None:
    """Two one-sided tests at 5 %: the means differ by less than the margin."""
    one, other = registry["G1"], registry["P1"]
    assert one.fixed == {**one.fixed, **other.fixed}
    accuracies = []
    for fault in (one, other):
        requests = [Request.of(one, one.fixed, seed=s) for s in SEEDS]
        subject = fault.subject.name
        outcomes = [trainer.train(replace(r, subject=subject)) for r in requests]
        accuracies.append([o.holdout for o in outcomes])
    keras, torch = np.array(accuracies)
    assert keras.min() > 0.8
    assert ttest_ind(keras, torch + MARGIN, alternative="less").pvalue < 0.05
    assert ttest_ind(keras, torch - MARGIN, alternative="greater").pvalue < 0.05


def test_both_have_the_same_data(registry: Registry) -> None:
    one, other = (registry[name].subject.load(7, "default", 0.5) for name in ("G1", "P1"))
    assert np.array_equal(one.x_train[..., 0], other.x_train[:, 0])
    assert np.array_equal(one.y_holdout, other.y_holdout)
    assert len(other.x_train) == 700


def test_a_name_chooses_the_framework() -> None:
    assert isinstance(framework("pytorch"), NativeTorch)
    assert isinstance(framework("keras"), Keras)


@pytest.mark.usefixtures("trainer")
def test_a_model_chooses_its_network() -> None:
    import keras
    import torch

    dense = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    assert network_of(dense).framework == "keras"
    assert network_of(torch.nn.Sequential(torch.nn.Linear(2, 1))).framework == "pytorch"
    with pytest.raises(HarnessError, match="Keras and PyTorch models. Received: dict"):
        network_of({})
