"""The programs on which AutoTrainer is shown: the authors' demos, and one small case a symptom.

Every case exists in Keras and in PyTorch. Data are generated, or ship with scikit-learn.
Source of the two demos: AutoTrainer's repository, folder demo_case; the others are this project's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness.techniques.autotrainer import ToolData
from harness.training.watched.history import Training


@dataclass(frozen=True, slots=True)
class Dense:
    """A fully connected layer as both frameworks understand it."""

    units: int
    activation: str
    kernel: str = "glorot_uniform"
    bias: float = 0.0
    """Initial value of all biases."""
    l1: float = 0.0
    """Of the kernel's regularisation; Keras only."""


@dataclass(frozen=True, slots=True)
class Convolution:
    """A 3 x 3 convolution with ReLU; ``pooled``: 2 x 2 maximum afterwards, then flattened."""

    filters: int
    kernel: str = "glorot_uniform"
    pooled: bool = False


Layer = Dense | Convolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A program, its data, and what is expected of AutoTrainer as run."""

    name: str
    text: str
    data: Callable[[], ToolData]
    layers: Sequence[Layer]
    training: Training
    symptom: str | None
    """Expected."""
    epoch: int
    """Index of the epoch in which it is expected."""
    outcome: str
    """Expected: status and solutions, in words."""
    accuracy: str
    """Expected validation accuracy, in words."""
    slow: bool = False
    """Takes minutes."""


def split(x: np.ndarray, y: np.ndarray, train: int) -> ToolData:
    return ToolData(x[:train], y[:train], x[train:], y[train:])


def digits(images: bool = False) -> ToolData:
    """1,400 training images of 8 x 8 pixels in [0, 1]; the 397 last ones for validation."""
    from sklearn.datasets import load_digits

    found = load_digits()
    x = (found.data / 16).astype("float32")
    x = x.reshape(-1, 8, 8, 1) if images else x
    return split(x, np.eye(10, dtype="float32")[found.target], 1400)


def circles() -> ToolData:
    """Two rings, 1,000 points scaled to [-1, 1]; 700 for training."""
    from sklearn.datasets import make_circles

    x, y = make_circles(n_samples=1000, noise=0.1, random_state=1)
    low, high = x.min(axis=0), x.max(axis=0)
    x = (2 * (x - low) / (high - low) - 1).astype("float32")
    return split(x, y.astype("float32")[:, None], 700)


def blobs() -> ToolData:
    """Three clouds of points, 1,000 in sum, unscaled; one-hot; 700 for training."""
    from sklearn.datasets import make_blobs

    x, y = make_blobs(n_samples=1000, centers=3, n_features=2, cluster_std=2, random_state=2)
    return split(x.astype("float32"), np.eye(3, dtype="float32")[y], 700)


def bags() -> ToolData:
    """5,000 binary features of which about 40 are set; 20 classes that prefer 60 of them each."""
    rng = np.random.default_rng(0)
    labels = rng.integers(20, size=2400)
    favourites = rng.integers(5000, size=(20, 60))
    x = (rng.random((2400, 5000)) < 0.004).astype("float32")
    for row, label in enumerate(labels):
        x[row, rng.choice(favourites[label], 20)] = 1
    return split(x, np.eye(20, dtype="float32")[labels], 2000)


def how(
    optimiser: str, rate: float, batch: int, epochs: int, loss: str = "", **options: float
) -> Training:
    return Training(
        loss=loss or "categorical_crossentropy",
        optimiser=optimiser,
        learning_rate=rate,
        batch_size=batch,
        epochs=epochs,
        options=options,
    )


CASES: Mapping[str, Case] = {
    case.name: case
    for case in (
        Case(
            name="demo_circles",
            text="circles, 8 x Dense 5 sigmoid (he_uniform), Adam 0.001, batch 128, 300 epochs",
            data=circles,
            layers=[*[Dense(5, "sigmoid", "he_uniform")] * 8, Dense(1, "sigmoid", "he_uniform")],
            training=how("adam", 0.001, 128, 300, "binary_crossentropy"),
            symptom="vanishing_gradient",
            epoch=90,
            outcome="solved by selu (1 attempt)",
            accuracy="published 0.847",
            slow=True,
        ),
        Case(
            name="demo_blobs",
            text="blobs, Dense 50 relu (he_uniform), SGD 0.01 momentum 0.9, batch 1, 200 epochs",
            data=blobs,
            layers=[Dense(50, "relu", "he_uniform"), Dense(3, "softmax", "he_uniform")],
            training=how("sgd", 0.01, 1, 200, momentum=0.9),
            symptom="oscillating_loss",
            epoch=60,
            outcome="solved by adam (1 attempt)",
            accuracy="published 0.833",
            slow=True,
        ),
        Case(
            name="digits_sigmoid",
            text="digits, 8 x Dense 20 sigmoid, SGD 0.01, batch 32, 20 epochs",
            data=digits,
            layers=[*[Dense(20, "sigmoid")] * 8, Dense(10, "softmax")],
            training=how("sgd", 0.01, 32, 20),
            symptom="vanishing_gradient",
            epoch=6,
            outcome="solved by selu (1 attempt)",
            accuracy="0.87",
        ),
        Case(
            name="circles_linear",
            text="circles, 8 x Dense 20 linear (N(0, 1)), SGD 0.01, batch 64, 30 epochs",
            data=circles,
            layers=[*[Dense(20, "linear", "unit_normal")] * 8, Dense(1, "sigmoid")],
            training=how("sgd", 0.01, 64, 30, "binary_crossentropy"),
            symptom="exploding_gradient",
            epoch=0,
            outcome="solved by selu (1 attempt)",
            accuracy="0.73 to 0.79",
        ),
        Case(
            name="blobs_wide",
            text="blobs, 6 x Dense 50 relu (N(0, 1)), SGD 0.1, batch 32, 30 epochs",
            data=blobs,
            layers=[*[Dense(50, "relu", "unit_normal")] * 6, Dense(3, "softmax", "unit_normal")],
            training=how("sgd", 0.1, 32, 30),
            symptom="exploding_gradient",
            epoch=0,
            outcome="unsolved (6 attempts)",
            accuracy="best 0.36",
        ),
        Case(
            name="blobs_dead",
            text="blobs, 3 x Dense 50 relu (biases -20), SGD 0.01, batch 32, 30 epochs",
            data=blobs,
            layers=[*[Dense(50, "relu", bias=-20.0)] * 3, Dense(3, "softmax")],
            training=how("sgd", 0.01, 32, 30),
            symptom="dying_relu",
            epoch=9,
            outcome="solved by leaky (6 attempts)",
            accuracy="0.83",
        ),
        Case(
            name="digits_zeros",
            text="digits, Conv 8 (zeros), Conv 16, Dense 32, Adadelta 1.0, batch 128, 12 epochs",
            data=lambda: digits(images=True),
            layers=[
                Convolution(8, "zeros"),
                Convolution(16, pooled=True),
                Dense(32, "relu"),
                Dense(10, "softmax"),
            ],
            training=how("adadelta", 1.0, 128, 12),
            symptom="dying_relu",
            epoch=3,
            outcome="solved by selu (1 attempt)",
            accuracy="0.87",
        ),
        Case(
            name="digits_slow",
            text="digits, Dense 64 relu, SGD 1e-6, batch 32, 12 epochs",
            data=digits,
            layers=[Dense(64, "relu"), Dense(10, "softmax")],
            training=how("sgd", 1e-6, 32, 12),
            symptom="slow_convergence",
            epoch=3,
            outcome="solved by optimizer (1 attempt)",
            accuracy="0.87 to 0.89",
        ),
        Case(
            name="blobs_slow",
            text="blobs, Dense 50 relu, SGD 1e-7, batch 32, 30 epochs",
            data=blobs,
            layers=[Dense(50, "relu"), Dense(3, "softmax")],
            training=how("sgd", 1e-7, 32, 30),
            symptom="slow_convergence",
            epoch=9,
            outcome="solved by optimizer (1 attempt)",
            accuracy="0.85",
        ),
        Case(
            name="blobs_healthy",
            text="blobs, Dense 50 relu, Adam 0.001, batch 32, 30 epochs",
            data=blobs,
            layers=[Dense(50, "relu"), Dense(3, "softmax")],
            training=how("adam", 0.001, 32, 30),
            symptom=None,
            epoch=29,
            outcome="no_symptom",
            accuracy="0.85",
        ),
        Case(
            name="digits_healthy",
            text="digits, Dense 64 relu, Adam 0.001, batch 32, 12 epochs",
            data=digits,
            layers=[Dense(64, "relu"), Dense(10, "softmax")],
            training=how("adam", 0.001, 32, 12),
            symptom=None,
            epoch=11,
            outcome="no_symptom",
            accuracy="0.88",
        ),
        Case(
            name="digits_short",
            text="the same with 3 epochs: healthy, flagged by the code's rule for the first epoch",
            data=digits,
            layers=[Dense(64, "relu"), Dense(10, "softmax")],
            training=how("adam", 0.001, 32, 3),
            symptom="slow_convergence",
            epoch=0,
            outcome="potential (17 attempts)",
            accuracy="",
        ),
        Case(
            name="bags_short",
            text="5,000 sparse features, Dense 128 relu, Adam 0.001, batch 32, 3 epochs",
            data=bags,
            layers=[Dense(128, "relu"), Dense(20, "softmax")],
            training=how("adam", 0.001, 32, 3),
            symptom="dying_relu",
            epoch=0,
            outcome="unsolved (8 attempts)",
            accuracy="best 0.99",
        ),
        Case(
            name="bags_healthy",
            text="the same with 12 epochs",
            data=bags,
            layers=[Dense(128, "relu"), Dense(20, "softmax")],
            training=how("adam", 0.001, 32, 12),
            symptom=None,
            epoch=11,
            outcome="no_symptom",
            accuracy="",
        ),
        Case(
            name="bags_l1",
            text="5,000 sparse features, Dense 128 relu with L1 0.01, 3 epochs",
            data=bags,
            layers=[Dense(128, "relu", l1=0.01), Dense(20, "softmax")],
            training=how("adam", 0.001, 32, 3),
            symptom="exploding_gradient",
            epoch=0,
            outcome="unsolved (6 attempts)",
            accuracy="",
        ),
    )
}


def keras_model(case: Case, seed: int) -> Any:
    """The case's program as a Keras model; ``seed`` fixes its weights."""
    import random

    import keras
    from keras import layers as k

    random.seed(seed)

    def kernel(name: str) -> Any:
        return keras.initializers.RandomNormal(stddev=1.0) if name == "unit_normal" else name

    made: list[Any] = [keras.Input(case.data().x.shape[1:])]
    for layer in case.layers:
        if isinstance(layer, Convolution):
            made.append(
                k.Conv2D(
                    layer.filters, 3, activation="relu", kernel_initializer=kernel(layer.kernel)
                )
            )
            made += [k.MaxPooling2D(2), k.Flatten()] if layer.pooled else []
        else:
            made.append(
                k.Dense(
                    layer.units,
                    activation=layer.activation,
                    kernel_initializer=kernel(layer.kernel),
                    bias_initializer=keras.initializers.Constant(layer.bias),
                    kernel_regularizer=keras.regularizers.L1(layer.l1) if layer.l1 else None,
                )
            )
    return keras.Sequential(made)


def torch_model(case: Case, seed: int) -> Any:
    """The same program in PyTorch: images have their channel first, the loss takes logits."""
    import torch
    from torch import nn

    from harness.subjects.pytorch import activation, initialise

    torch.manual_seed(seed)
    shape = case.data().x.shape[1:]
    made: list[Any] = []
    width = shape[-1]
    for layer in case.layers:
        if isinstance(layer, Convolution):
            convolution = nn.Conv2d(width, layer.filters, 3)
            made += [initialise(convolution, layer.kernel, "zeros"), nn.ReLU()]
            width = layer.filters
            if layer.pooled:
                made += [nn.MaxPool2d(2), nn.Flatten()]
                width *= 4  # 2 x 2 positions are left of 8 x 8
            continue
        linear = nn.Linear(width, layer.units)
        if layer.kernel == "unit_normal":
            nn.init.normal_(linear.weight)
        else:
            initialise(linear, layer.kernel, "zeros")
        nn.init.constant_(linear.bias, layer.bias)
        made += [linear, activation(layer.activation)]
        width = layer.units
    return nn.Sequential(*made[:-1])  # the last activation is part of the loss


def torch_training(case: Case) -> Training:
    """The case's training with the losses that PyTorch programs commonly use."""
    binary = case.training.loss == "binary_crossentropy"
    loss = "BCEWithLogitsLoss" if binary else "CrossEntropyLoss"
    return replace(case.training, loss=loss)


def torch_data(case: Case) -> ToolData:
    """The case's data with the channel first."""
    data = case.data()
    if data.x.ndim < 4:
        return data
    return ToolData(np.moveaxis(data.x, -1, 1), data.y, np.moveaxis(data.x_val, -1, 1), data.y_val)
