"""PyTorch models as ``harness.training.watched.network.Network``: nested ``nn.Sequential``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from harness.subjects.pytorch import TORCH_LOSSES
from harness.training.programs import Loss
from harness.training.samples import leading
from harness.training.torch.torch_edits import edited_modules
from harness.training.torch.torch_layers import kind_of_module, modules_of
from harness.training.torch.torch_losses import binary_cross_entropy_of_logits, hits
from harness.training.torch.torch_programs import NativeTorch, TorchProgram
from harness.training.watched.edits import LayerEdit
from harness.training.watched.history import Training
from harness.training.watched.network import WatchedLoop, clipped, output_index
from harness.vocabulary import unknown

_CLIPS = ("clipvalue", "clipnorm", "global_clipnorm")


class TorchNetwork:
    """A chain of PyTorch modules."""

    framework = "pytorch"

    def __init__(self, model: Any) -> None:
        """Raises HarnessError if ``model`` is no ``nn.Sequential``."""
        self.model = model
        self.modules = modules_of(model)
        self.kinds = tuple(map(kind_of_module, self.modules))
        output_index(self.kinds)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        framework = NativeTorch()
        found: np.ndarray = framework.outputs(self.model, framework.tensor(x)).cpu().numpy()
        return found

    def edited(self, edits: Sequence[LayerEdit], seed: int) -> TorchNetwork:
        modules = edited_modules(self.modules, edits, seed)
        device = next(self.model.parameters()).device
        return TorchNetwork(nn.Sequential(*modules).to(device))

    def loop(self, training: Training, loss: Loss, x: Any, y: Any, seed: int) -> WatchedLoop:
        tensor = NativeTorch().tensor
        x, y = (a if isinstance(a, torch.Tensor) else tensor(a) for a in (x, y))
        return _TorchLoop(self, training, loss, x, y, seed)


class _TorchLoop(TorchProgram):
    """``harness.training.watched.network.WatchedLoop`` for ``torch.nn`` modules."""

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
        loss(
            leading(y, 1), self._output(leading(x, 1))
        )  # fails early for programs that cannot train

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

    def report(self, mean: Any, labels: Any, predicted: Any) -> Any:
        right = hits(labels, predicted, cut=0.0 if self._logits else 0.5)
        return torch.stack([mean.float(), right.float().mean()])

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
            for module, kind in zip(self._network.modules, self._network.kinds, strict=True)
            if kind != "embedding"
            for p in module.parameters()
            if p.requires_grad
        ]
        x, y = leading(self._x, self._size), leading(self._y, self._size)
        mean = self._loss(y, self._output(x)).mean()
        found = torch.autograd.grad(mean, weights, allow_unused=True)
        return clipped([g.cpu().numpy() for g in found if g is not None], self._options)

    def finite(self) -> bool:
        return all(bool(torch.isfinite(v).all()) for v in self.model.state_dict().values())
