"""The same networks in Keras and in PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import torch
import torch.nn.functional as F
from keras import layers as L
from torch import nn


@dataclass(frozen=True)
class Pair:
    shape: tuple[int, ...]
    """Of one sample, channels last."""
    keras: Callable[[], Any]
    torch: Callable[[], Any]
    integers: bool = False


def sequential(shape: tuple[int, ...], *stack: Any) -> Any:
    return keras.Sequential([keras.Input(shape), *stack])


def mlp() -> Pair:
    return Pair(
        (20,),
        lambda: sequential(
            (20,),
            L.Dense(16),
            L.ReLU(),
            L.Dropout(0.3),
            L.Dense(3),
            L.Softmax(),
        ),
        lambda: nn.Sequential(
            nn.Linear(20, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3), nn.Softmax(1)
        ),
    )


def lenet() -> Pair:
    return Pair(
        (28, 28, 1),
        lambda: sequential(
            (28, 28, 1),
            L.Conv2D(6, 5, padding="same"),
            L.Activation("tanh"),
            L.AveragePooling2D(2),
            L.Conv2D(16, 5),
            L.Activation("tanh"),
            L.AveragePooling2D(2),
            L.Flatten(),
            L.Dense(120),
            L.Activation("tanh"),
            L.Dense(10),
        ),
        lambda: nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(400, 120),
            nn.Tanh(),
            nn.Linear(120, 10),
        ),
    )


def normalised_cnn() -> Pair:
    return Pair(
        (16, 16, 3),
        lambda: sequential(
            (16, 16, 3),
            L.Conv2D(32, 3, padding="same"),
            L.BatchNormalization(),
            L.LeakyReLU(),
            L.MaxPooling2D(3, strides=2),
            L.SpatialDropout2D(0.25),
            L.GlobalAveragePooling2D(keepdims=True),
            L.Flatten(),
            L.Dense(10),
            L.Softmax(),
        ),
        lambda: nn.Sequential(
            nn.Conv2d(3, 32, 3, padding="same"),
            nn.BatchNorm2d(32),
            nn.LeakyReLU(),
            nn.MaxPool2d(3, 2),
            nn.Dropout2d(0.25),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(32, 10),
            nn.Softmax(1),
        ),
    )


class FunctionalCnn(nn.Module):
    """Activations, pooling, flattening and dropout are calls, not modules."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 32, 3, stride=2)
        self.hidden, self.out = nn.Linear(32 * 3 * 3, 20), nn.Linear(20, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.first(x)), 2)
        x = F.dropout(torch.tanh(self.second(x)), 0.4, self.training)
        x = self.hidden(x.view(-1, 32 * 3 * 3)).sigmoid()
        return F.softmax(self.out(x), dim=1)


def functional_calls() -> Pair:
    return Pair(
        (18, 18, 3),
        lambda: sequential(
            (18, 18, 3),
            L.Conv2D(16, 3),
            L.ReLU(),
            L.MaxPooling2D(),
            L.Conv2D(32, 3, strides=2),
            L.Activation("tanh"),
            L.Dropout(0.4),
            L.Flatten(),
            L.Dense(20),
            L.Activation("sigmoid"),
            L.Dense(4),
            L.Softmax(),
        ),
        FunctionalCnn,
    )


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.inner = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(16, 16, 3, padding=1)
        self.norm, self.out = nn.BatchNorm2d(16), nn.Linear(16 * 64, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.first(x))
        x = F.relu(x + self.norm(self.inner(x)))
        return self.out(torch.flatten(x, 1))


def residual() -> Pair:
    def build() -> Any:
        inputs = keras.Input((8, 8, 3))
        x = L.ReLU()(L.Conv2D(16, 3, padding="same")(inputs))
        y = L.BatchNormalization()(L.Conv2D(16, 3, padding="same")(x))
        x = L.ReLU()(L.Add()([x, y]))
        return keras.Model(inputs, L.Dense(2)(L.Flatten()(x)))

    return Pair((8, 8, 3), build, Residual)


class Branches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(12, 8), nn.Linear(12, 6)
        self.out = nn.Linear(14, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        left, right = self.left(x), self.right(x)
        return torch.sigmoid(self.out(torch.cat([torch.relu(left), torch.relu(right)], dim=1)))


def branches() -> Pair:
    def build() -> Any:
        inputs = keras.Input((12,))
        left, right = L.Dense(8)(inputs), L.Dense(6)(inputs)
        joined = L.Concatenate()([L.ReLU()(left), L.ReLU()(right)])
        return keras.Model(inputs, L.Activation("sigmoid")(L.Dense(1)(joined)))

    return Pair((12,), build, Branches)


class Reused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.shared, self.act, self.out = nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.act(self.shared(self.act(self.shared(x)))))


def reused() -> Pair:
    def build() -> Any:
        inputs, shared, act = keras.Input((8,)), L.Dense(8), L.ReLU()
        return keras.Model(inputs, L.Dense(3)(act(shared(act(shared(inputs))))))

    return Pair((8,), build, Reused)


def signal() -> Pair:
    return Pair(
        (40, 2),
        lambda: sequential(
            (40, 2),
            L.Conv1D(16, 4, strides=2),
            L.ELU(),
            L.MaxPooling1D(2),
            L.Flatten(),
            L.Dense(1),
        ),
        lambda: nn.Sequential(
            nn.Conv1d(2, 16, 4, stride=2),
            nn.ELU(),
            nn.MaxPool1d(2),
            nn.Flatten(),
            nn.Linear(144, 1),
        ),
    )


def volume() -> Pair:
    return Pair(
        (6, 6, 6, 1),
        lambda: sequential(
            (6, 6, 6, 1),
            L.Conv3D(8, 3),
            L.ReLU(),
            L.AveragePooling3D(2),
            L.Flatten(),
            L.Dense(2),
        ),
        lambda: nn.Sequential(
            nn.Conv3d(1, 8, 3), nn.ReLU(), nn.AvgPool3d(2), nn.Flatten(), nn.Linear(64, 2)
        ),
    )


def depthwise() -> Pair:
    return Pair(
        (10, 10, 8),
        lambda: sequential(
            (10, 10, 8),
            L.DepthwiseConv2D(3),
            L.Activation("silu"),
            L.Conv2D(16, 1),
            L.Activation("gelu"),
            L.Flatten(),
            L.Dense(2),
        ),
        lambda: nn.Sequential(
            nn.Conv2d(8, 8, 3, groups=8),
            nn.SiLU(),
            nn.Conv2d(8, 16, 1),
            nn.GELU(),
            nn.Flatten(),
            nn.Linear(1024, 2),
        ),
    )


def autoencoder() -> Pair:
    return Pair(
        (8, 8, 3),
        lambda: sequential(
            (8, 8, 3),
            L.Conv2D(16, 3, padding="same"),
            L.ReLU(),
            L.MaxPooling2D(),
            L.UpSampling2D(),
            L.Conv2DTranspose(8, 2, strides=2),
            L.ReLU(),
            L.Conv2D(3, 3, padding="same"),
            L.Activation("sigmoid"),
        ),
        lambda: nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Upsample(scale_factor=2),
            nn.ConvTranspose2d(16, 8, 2, stride=2),
            nn.ReLU(),
            nn.Conv2d(8, 3, 3, padding=1),
            nn.Sigmoid(),
        ),
    )


class Text(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words, self.memory = nn.Embedding(50, 8), nn.LSTM(8, 6, batch_first=True)
        self.norm, self.out = nn.LayerNorm(30), nn.Linear(30, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden, _ = self.memory(self.words(x))
        return self.out(self.norm(hidden.reshape(len(x), -1)))


def text() -> Pair:
    return Pair(
        (5,),
        lambda: sequential(
            (5,),
            L.Embedding(50, 8),
            L.LSTM(6, return_sequences=True),
            L.Flatten(),
            L.LayerNormalization(),
            L.Dense(1),
        ),
        Text,
        integers=True,
    )


def nested() -> Pair:
    return Pair(
        (8,),
        lambda: sequential(
            (8,),
            keras.Sequential([L.Dense(8), L.Activation("selu")]),
            keras.Sequential([L.Dense(4), L.Activation("softplus")]),
            L.Dense(1),
        ),
        lambda: nn.Sequential(
            nn.Sequential(nn.Linear(8, 8), nn.SELU()),
            nn.Sequential(nn.Linear(8, 4), nn.Softplus()),
            nn.Linear(4, 1),
        ),
    )


ZOO: Mapping[str, Pair] = {
    make.__name__: make()
    for make in (
        mlp,
        lenet,
        normalised_cnn,
        functional_calls,
        residual,
        branches,
        reused,
        signal,
        volume,
        depthwise,
        autoencoder,
        text,
        nested,
    )
}

LOSSES: Mapping[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "sparse_cce": (
        lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        nn.CrossEntropyLoss,
    ),
    "bce": (lambda: "binary_crossentropy", nn.BCELoss),
    "bce on logits": (
        lambda: keras.losses.BinaryCrossentropy(from_logits=True),
        nn.BCEWithLogitsLoss,
    ),
    "mse": (lambda: keras.losses.mean_squared_error, nn.MSELoss),
    "mae": (lambda: "mae", lambda: F.l1_loss),
    "huber": (keras.losses.Huber, nn.HuberLoss),
}
