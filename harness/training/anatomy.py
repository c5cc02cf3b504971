"""The parts of a program that decide what a training costs: counted, not timed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

CHEAP = frozenset(
    {
        *("relu", "relu6", "leakyrelu", "prelu", "thresholdedrelu", "threshold", "softsign"),
        *("hardsigmoid", "hardswish", "hardsilu", "hardtanh", "hardshrink", "softshrink"),
    }
)
"""Activations without an exponential, small and without underscores. Linear ones cost nothing."""

LINEAR = "linear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One layer; what depends on the number of samples is that of one sample."""

    kind: str
    """``dense``, ``convolution``, ``recurrent``, ``embedding``, ``normalisation``, ``pooling``,
    ``dropout``, ``activation`` or ``other``."""
    macs: int = 0
    """Multiply-accumulates of a forward pass."""
    weights: int = 0
    """Trainable numbers."""
    variables: int = 0
    """Trainable tensors."""
    inputs: int = 0
    """Numbers that enter."""
    outputs: int = 0
    """Numbers that leave."""
    channels: int = 1
    """Of a convolution's output."""
    times: int = 0
    """Steps in time of a recurrent layer."""
    activation: str = LINEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Anatomy:
    """All parts of a program, with its loss and its optimiser."""

    parts: tuple[Part, ...]
    loss: str
    optimiser: str
    inputs: int
    """Numbers in one sample."""

    def per_step(self) -> Mapping[str, float]:
        """Amounts of one training step, whatever its batch: operations called, weights updated."""
        found: Counter[str] = Counter({"step": 1, f"loss of {self.loss}": 1})
        for part in self.parts:
            found[f"{part.kind} layer"] += max(1, part.times)
            if part.activation != LINEAR:
                found[f"activation of {_plain(part.activation)}"] += 1
            found[f"{part.kind} weight"] += part.weights
            found[f"variable of {self.optimiser}"] += part.variables
            found[f"weight of {self.optimiser}"] += part.weights
        return _nonzero(found)

    def per_sample(self) -> Mapping[str, float]:
        """Amounts of one sample on its way through the program."""
        found: Counter[str] = Counter({"sample": 1, "input": self.inputs})
        for part in self.parts:
            found[f"{part.kind} MAC"] += part.macs
            found[f"{part.kind} output"] += part.outputs
            if part.kind == "pooling":
                found["pooling input"] += part.inputs
            if part.kind == "convolution":
                found["convolution patch"] += part.macs // part.channels
            if part.activation != LINEAR:
                found[_cost_class(part.activation)] += part.outputs
        return _nonzero(found)


def _cost_class(activation: str) -> str:
    name = _plain(activation)
    if "softmax" in name:
        return "softmax"
    return "cheap activation" if name in CHEAP else "dear activation"


def _plain(activation: str) -> str:
    """The same name for an activation, a layer and a module of that name."""
    return activation.replace("_", "").lower()


def _nonzero(found: Counter[str]) -> Mapping[str, float]:
    return {name: float(amount) for name, amount in found.items() if amount}
