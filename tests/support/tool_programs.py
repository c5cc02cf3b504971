"""Small classifiers that learn too slowly, in Keras and in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import torch
from keras import layers as k
from torch import nn

SLOW = {
    "loss": "categorical_crossentropy",
    "optimiser": "sgd",
    "learning_rate": 1e-7,
    "batch_size": 64,
    "epochs": 6,
}


def small() -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((2,)), k.Dense(16, "relu"), k.Dense(3, "softmax")])


def small_torch() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 3))


MODELS: dict[str, tuple[Callable[[], Any], str]] = {
    "keras": (small, "categorical_crossentropy"),
    "pytorch": (small_torch, "CrossEntropyLoss"),
}


def answers(model: Any, x: np.ndarray) -> np.ndarray:
    """Predictions of a model of either framework, one row a sample."""
    if isinstance(model, keras.Model):
        return np.asarray(model.predict(x, verbose=0))
    with torch.no_grad():
        return np.asarray(model.eval()(torch.from_numpy(x)).numpy())
