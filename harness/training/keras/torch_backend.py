"""Keras on PyTorch: steps run one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from harness.training.keras.loop import GradientProbe, LoopParts, batched
from harness.training.programs import Loss
from harness.training.samples import copied, each, leading, taken


class TorchLoop:
    """``Loop`` on PyTorch."""

    def __init__(self, parts: LoopParts) -> None:
        self._parts = parts
        one = parts.model(leading(parts.x, 1), training=False)
        parts.loss(leading(parts.y, 1), one)  # fails early for programs that cannot train

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        parts, reports = self._parts, []
        variables = parts.model.trainable_variables
        for i in range(first, last):
            indices = torch.from_numpy(order[i * parts.batch_size : (i + 1) * parts.batch_size])
            indices = indices.to(parts.y.device)
            parts.model.zero_grad()
            predicted = parts.model(taken(parts.x, indices), training=True)
            labels = parts.y[indices]
            mean = parts.loss(labels, predicted).mean()
            sum(parts.model.losses, mean).backward()
            with torch.no_grad():
                parts.optimiser.apply([v.value.grad for v in variables], variables)
                reports.append(parts.report(mean, labels, predicted))
        return torch.stack(reports).detach().cpu().numpy() if reports else np.zeros(0, np.float32)

    def predict(self, x: Any) -> np.ndarray:
        model = self._parts.model
        with torch.no_grad():
            return batched(
                lambda batch: model(each(np.copy, batch), training=False).cpu().numpy(), x
            )


class TorchBackend:
    """``Backend`` for PyTorch."""

    def make_loop(self, parts: LoopParts) -> TorchLoop:
        return TorchLoop(parts)

    def make_probe(
        self, model: Any, loss: Loss, weights: Sequence[Any], x: Any, y: Any
    ) -> GradientProbe:
        def probe() -> list[np.ndarray]:
            model.zero_grad()
            mean = loss(copied(y), model(copied(x), training=False)).mean()
            sum(model.losses, mean).backward()
            found = [v.value.grad for v in weights]
            arrays = [g.detach().cpu().numpy().copy() for g in found if g is not None]
            model.zero_grad()
            return arrays

        return probe
