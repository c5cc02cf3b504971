"""PyTorch models as ``harness.training.watched.network.Network``: ``nn.Sequential``, nested or not.

An activation is a module of its own here; the activation of a layer is the one that follows it
before the next weights. Both modes of AutoTrainer therefore replace it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from harness.subjects.pytorch import TORCH_ACTIVATIONS, TORCH_LOSSES, activation, initialise
from harness.training.watched.history import LayerEdit, Training, check_edits
from harness.training.torch.torch_programs import NativeTorch, TorchProgram
from harness.training.watched.network import WEIGHTED_KINDS, WatchedLoop, clipped, output_index
from harness.training.programs import Loss
from harness.vocabulary import HarnessError, unknown

_CLIPS = ("clipvalue", "clipnorm", "global_clipnorm")

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


def _kind(module: Any) -> str:
    return next((kind for kind, some in _KINDS if isinstance(module, some)), "other")


@dataclass
class _Part:
    """A module to be; it is this network's own copy."""

    kind: str
    module: Any
    redraw: bool = False
    """Whether it gets new weights."""
    initialisers: tuple[str, str] | None = None
    """Of kernel and bias; None for those of the module's class."""


class TorchNetwork:
    """A chain of PyTorch modules."""

    framework = "pytorch"

    def __init__(self, model: Any) -> None:
        """Raises HarnessError if ``model`` is no ``nn.Sequential``."""
        self.model = model
        self._modules = _chain(model)
        self.kinds = tuple(map(_kind, self._modules))
        output_index(self.kinds)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        framework = NativeTorch()
        found: np.ndarray = framework.outputs(self.model, framework.tensor(x)).cpu().numpy()
        return found

    def edited(self, edits: Sequence[LayerEdit], seed: int) -> TorchNetwork:
        check_edits(edits)
        parts = [_Part(_kind(m), copy.deepcopy(m)) for m in self._modules]
        for edit in edits:
            settings = {name: value for name, value in edit.items() if name != "edit"}
            _EDITS[str(edit["edit"])](parts, **settings)
        torch.manual_seed(seed)
        with torch.no_grad():
            for part in parts:
                _redraw(part)
        device = next(self.model.parameters()).device
        return TorchNetwork(nn.Sequential(*(part.module for part in parts)).to(device))

    def loop(self, training: Training, loss: Loss, x: Any, y: Any, seed: int) -> WatchedLoop:
        tensor = NativeTorch().tensor
        x, y = (a if isinstance(a, torch.Tensor) else tensor(a) for a in (x, y))
        return _TorchLoop(self, training, loss, x, y, seed)


class _TorchLoop(TorchProgram):
    """``WatchedLoop`` for ``torch.nn`` modules."""

    def __init__(
        self, network: TorchNetwork, training: Training, loss: Loss, x: Any, y: Any, seed: int
    ) -> None:
        model, size = network.model.to(x.device), training.batch_size
        super().__init__(model, loss, training.optimiser, x, y, size)
        self._network, self._options = network, training.options
        self.start(model, training.learning_rate, seed)
        groups = self.optimiser.param_groups
        for name, value in training.options.items():
            if name in _CLIPS:
                continue
            if name not in groups[0]:
                raise unknown(f"option of {training.optimiser}", name, [*groups[0], *_CLIPS])
            for group in groups:
                group[name] = value
        self.optimiser.register_step_pre_hook(lambda *_: self._clip())
        self._logits = loss is binary_cross_entropy_of_logits
        loss(y[:1], self._output(x[:1]))  # shows what cannot train, and trains not

    def _output(self, x: Any) -> Any:
        self.model.eval()
        return self.model(x)

    def _clip(self) -> None:
        parameters = list(self.model.parameters())
        if value := self._options.get("clipvalue"):
            nn.utils.clip_grad_value_(parameters, value)
        elif most := self._options.get("clipnorm"):
            for parameter in parameters:
                nn.utils.clip_grad_norm_(parameter, most)
        elif most := self._options.get("global_clipnorm"):
            nn.utils.clip_grad_norm_(parameters, most)

    def told(self, each: Any, labels: Any, predicted: Any) -> Any:
        right = _hits(labels, predicted, cut=0.0 if self._logits else 0.5)
        return torch.stack([each.float(), right.float().mean()])

    def predict(self, x: np.ndarray) -> np.ndarray:
        found = super().predict(x)
        return 1 / (1 + np.exp(-found)) if self._logits else found

    @property
    def rate(self) -> float:
        return float(self.optimiser.param_groups[0]["lr"])

    @rate.setter
    def rate(self, value: float) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = value

    def loss(self, y: np.ndarray, predicted: np.ndarray) -> float:
        labels, outputs = torch.from_numpy(np.ascontiguousarray(y)), torch.from_numpy(predicted)
        loss = TORCH_LOSSES["binary_crossentropy"] if self._logits else self._loss
        return float(loss(labels, outputs).mean())

    def gradients(self) -> list[np.ndarray]:
        weights = [
            p
            for module, kind in zip(self._network._modules, self._network.kinds, strict=True)
            if kind != "embedding"
            for p in module.parameters()
            if p.requires_grad
        ]
        x, y = self._x[: self._size], self._y[: self._size]
        mean = self._loss(y, self._output(x)).mean()
        found = torch.autograd.grad(mean, weights, allow_unused=True)
        return clipped([g.cpu().numpy() for g in found if g is not None], self._options)

    def finite(self) -> bool:
        return all(bool(torch.isfinite(v).all()) for v in self.model.state_dict().values())


def cross_entropy_of_logits(labels: Any, predicted: Any) -> Any:
    """``nn.CrossEntropyLoss``: of each sample, from scores before any softmax."""
    labels = labels if labels.ndim == 2 and labels.shape[1] > 1 else labels.reshape(-1).long()
    return F.cross_entropy(predicted, labels, reduction="none")


def binary_cross_entropy_of_logits(labels: Any, predicted: Any) -> Any:
    """``nn.BCEWithLogitsLoss``: of each sample, from scores before the sigmoid.

    A loop with this loss predicts probabilities.
    """
    labels = labels.reshape(predicted.shape).to(predicted.dtype)
    return F.binary_cross_entropy_with_logits(predicted, labels, reduction="none").mean(dim=-1)


LOGITS: Mapping[str, Loss] = {
    "CrossEntropyLoss": cross_entropy_of_logits,
    "BCEWithLogitsLoss": binary_cross_entropy_of_logits,
}
"""Losses for programs whose last activation is part of the loss, by PyTorch's names."""


def _hits(labels: Any, predicted: Any, cut: float) -> Any:
    """Whether each sample is classified correctly; as ``harness.training.judge.accuracy``.

    Args:
        cut: Above it a single output means class 1.
    """
    if labels.ndim == 2 and labels.shape[1] > 1:
        return labels.argmax(dim=1) == predicted.argmax(dim=1)
    labels = labels.reshape(-1)
    if predicted.ndim == 2 and predicted.shape[1] > 1:
        return labels == predicted.argmax(dim=1)
    return labels == (predicted.reshape(-1) > cut)


def _chain(model: Any) -> list[Any]:
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
            found += _chain(module)
        elif _kind(module) == "other" and any(True for _ in module.children()):
            raise HarnessError(
                f"the model is no chain: {type(module).__name__} has a forward pass of its own. "
                "AutoTrainer takes nn.Sequential with single layers only"
            )
        else:
            found.append(module)
    return found


def _redraw(part: _Part) -> None:
    if not part.redraw:
        return
    if part.initialisers is None or part.kind == "recurrent":
        part.module.reset_parameters()
    else:
        initialise(part.module, *part.initialisers)


def _output(parts: list[_Part]) -> int:
    return output_index([part.kind for part in parts])


def _mark_lost(parts: list[_Part]) -> None:
    """Layers whose weights are not finite get new ones, the output layer too."""
    for part in parts:
        part.redraw |= any(not bool(torch.isfinite(p).all()) for p in part.module.parameters())


def _set_activations(parts: list[_Part], make: Callable[[], Any]) -> None:
    _mark_lost(parts)
    output = _output(parts)
    for place in range(output - 1, -1, -1):
        part = parts[place]
        if part.kind == "activation":
            parts[place] = _Part("activation", make())
        elif part.kind in WEIGHTED_KINDS:
            later = (p.kind for p in parts[place + 1 :])
            following = next(k for k in later if k in (*WEIGHTED_KINDS, "activation"))
            if following != "activation":
                after = place + 1 + (parts[place + 1].kind == "normalisation")
                parts.insert(after, _Part("activation", make()))


def _edit_activation(parts: list[_Part], to: str, separate: bool) -> None:
    _set_activations(parts, lambda: activation(to))


_ADVANCED: Mapping[str, Callable[[], Any]] = {
    "leaky_relu": lambda: nn.LeakyReLU(0.3),
    "elu": lambda: nn.ELU(1.0),
    "thresholded_relu": lambda: nn.Threshold(1.0, 0.0),
}


def _edit_advanced(parts: list[_Part], to: str, separate: bool, strip_output: bool) -> None:
    if to not in _ADVANCED:
        raise unknown("activation layer", to, _ADVANCED)
    _set_activations(parts, _ADVANCED[to])
    if strip_output:
        output = _output(parts)
        parts[output + 1 :] = [p for p in parts[output + 1 :] if p.kind != "activation"]


def _edit_initialise(parts: list[_Part], kernel: str, bias: str, redraw: bool) -> None:
    for part in parts[: _output(parts)]:
        if part.kind in WEIGHTED_KINDS:
            part.initialisers = (kernel, bias)
            part.redraw |= redraw


def _edit_normalise(parts: list[_Part], before_activation: bool) -> None:
    for place in range(_output(parts) - 1, -1, -1):
        part = parts[place]
        if part.kind not in WEIGHTED_KINDS or parts[place + 1].kind == "normalisation":
            continue
        after = place + 1
        if not before_activation and parts[after].kind == "activation":
            after += 1
        if parts[after].kind != "normalisation":
            parts.insert(after, _Part("normalisation", _norm(part.module)))


def _norm(module: Any) -> Any:
    """Batch normalisation of what ``module`` puts out, with Keras' default values."""
    if isinstance(module, nn.Linear):
        kind, width = nn.BatchNorm1d, module.out_features
    else:
        dimensions = len(getattr(module, "kernel_size", (0,)))
        kind = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[dimensions - 1]
        width = module.out_channels
    return kind(width, eps=1e-3, momentum=0.01)


def _edit_noise(parts: list[_Part], deviation: float) -> None:
    place = next(i for i, part in enumerate(parts) if part.kind in WEIGHTED_KINDS)
    parts.insert(place, _Part("noise", GaussianNoise(deviation)))


_EDITS: Mapping[str, Callable[..., None]] = {
    "activation": _edit_activation,
    "advanced_activation": _edit_advanced,
    "initialise": _edit_initialise,
    "batch_normalisation": _edit_normalise,
    "gaussian_noise": _edit_noise,
}
