"""Native PyTorch programs: ``torch.nn`` modules, trained step by step."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from harness.subjects.pytorch import TORCH_LOSSES, TORCH_OPTIMISERS
from harness.training.anatomy import Part
from harness.training.device import restore_torch_state, torch_state
from harness.training.programs import Loss
from harness.training.samples import leading
from harness.training.torch.torch_parts import torch_parts
from harness.training.work import BACKWARD
from harness.vocabulary import unknown

PREDICTED_AT_ONCE = 2048
"""Samples of one call of an evaluation; bounds its memory."""


class NativeTorch:
    """``harness.training.programs.Framework`` for PyTorch modules, on the GPU if there is one."""

    def __init__(self) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.backends.cudnn.deterministic = True

    def seed(self, seed: int) -> None:
        random.seed(seed)
        np.random.seed(seed % 2**32)
        torch.manual_seed(seed)

    def tensor(self, array: np.ndarray) -> Any:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)

    def loss(self, name: str, own: Mapping[str, Loss]) -> Loss:
        known = {**TORCH_LOSSES, **own}
        if name not in known:
            raise unknown("loss", name, known)
        return known[name]

    def outputs(self, model: Any, x: Any) -> Any:
        with torch.inference_mode():
            return model.to(self._device).eval()(x)

    def parts(self, model: Any, x: Any) -> tuple[Part, ...]:
        return torch_parts(model, leading(x, 1))

    def program(
        self, model: Any, loss: Loss, optimiser: str, x: Any, y: Any, batch_size: int
    ) -> TorchProgram:
        return TorchProgram(model, loss, optimiser, x, y, batch_size)


class TorchProgram:
    """``harness.training.programs.Trainable`` for a ``torch.nn`` module."""

    def __init__(
        self, model: Any, loss: Loss, optimiser: str, x: Any, y: Any, batch_size: int
    ) -> None:
        if optimiser not in TORCH_OPTIMISERS:
            raise unknown("optimiser", optimiser, TORCH_OPTIMISERS)
        self.model = model
        self._loss, self._make = loss, TORCH_OPTIMISERS[optimiser]
        self._x, self._y, self._size = x, y, batch_size
        self.parts = torch_parts(model, leading(x, 1))
        self.macs = max(1, (1 + BACKWARD) * sum(part.macs for part in self.parts))

    reusable = True  # it trains the fresh model itself

    def fits(self, fresh: Any) -> bool:
        return True

    def start(self, fresh: Any, learning_rate: float, seed: int) -> None:
        self.model = fresh.to(self._x.device)
        self.optimiser = self._make(self.model.parameters(), lr=learning_rate)
        torch.manual_seed(seed)

    def run(self, order: np.ndarray, first: int, last: int) -> np.ndarray:
        self.model.train()
        reports = []
        for i in range(first, last):
            indices = torch.from_numpy(order[i * self._size : (i + 1) * self._size])
            indices = indices.to(self._x.device)
            self.optimiser.zero_grad()
            labels, predicted = self._y[indices], self.model(self._x[indices])
            mean = self._loss(labels, predicted).mean()
            mean.backward()
            self.optimiser.step()
            reports.append(self.report(mean.detach(), labels, predicted.detach()))
        means: np.ndarray = torch.stack(reports).float().cpu().numpy()
        return means

    def report(self, mean: Any, labels: Any, predicted: Any) -> Any:
        """The report of a step: its mean loss; a watched loop adds the share of hits."""
        return mean

    def predict(self, x: np.ndarray) -> np.ndarray:
        self.model.eval()
        with torch.inference_mode():
            parts = torch.from_numpy(np.ascontiguousarray(x)).split(PREDICTED_AT_ONCE)
            outputs = [self.model(part.to(self._x.device, copy=True)) for part in parts]
            whole: np.ndarray = torch.cat(outputs).cpu().numpy()
        return whole

    def finite(self) -> bool:
        return all(bool(torch.isfinite(p).all()) for p in self.model.parameters())

    def state(self) -> Any:
        kept = (self.model.state_dict(), self.optimiser.state_dict())
        return copy.deepcopy(kept), torch_state()

    def restore(self, state: Any) -> None:
        (weights, slots), generators = state
        self.model.load_state_dict(weights)
        self.optimiser.load_state_dict(slots)
        restore_torch_state(generators)
