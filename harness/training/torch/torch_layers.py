"""The modules of a PyTorch model: in a chain, each of a kind."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from harness.subjects.pytorch import TORCH_ACTIVATIONS
from harness.vocabulary import HarnessError

_ACTIVATIONS = (
    *{type(make()) for make in TORCH_ACTIVATIONS.values()},
    *(nn.LeakyReLU, nn.PReLU, nn.GELU, nn.SiLU, nn.ReLU6, nn.Hardtanh, nn.Threshold),
    *(nn.LogSoftmax, nn.LogSigmoid),
)


class GaussianNoise(nn.Module):  # type: ignore[misc]
    """Adds noise in training, as Keras' layer of that name."""

    def __init__(self, deviation: float) -> None:
        super().__init__()
        self.deviation = deviation

    def forward(self, x: Any) -> Any:
        return x + self.deviation * torch.randn_like(x) if self.training else x


_KINDS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("dense", (nn.Linear,)),
    (
        "convolution",
        (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d),
    ),
    ("recurrent", (nn.RNNBase,)),
    ("embedding", (nn.Embedding, nn.EmbeddingBag)),
    ("activation", _ACTIVATIONS),
    ("normalisation", (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)),
    ("noise", (GaussianNoise,)),
)


def kind_of_module(module: Any) -> str:
    """Kind of a module, a key of ``harness.training.watched.network.LAYER_KINDS``."""
    return next((kind for kind, some in _KINDS if isinstance(module, some)), "other")


def modules_of(model: Any) -> list[Any]:
    """The modules of nested sequences, in order.

    Raises:
        HarnessError: If the model or something in it has a forward pass of its own.
    """
    if not isinstance(model, nn.Sequential):
        raise HarnessError(
            f"the model {type(model).__name__} is no chain of layers. AutoTrainer takes PyTorch "
            "models that are nn.Sequential: it cannot see what another forward pass does"
        )
    found: list[Any] = []
    for module in model:
        if isinstance(module, nn.Sequential):
            found += modules_of(module)
        elif kind_of_module(module) == "other" and any(True for _ in module.children()):
            raise HarnessError(
                f"the model is no chain: {type(module).__name__} has a forward pass of its own. "
                "AutoTrainer takes nn.Sequential with single layers only"
            )
        else:
            found.append(module)
    return found
