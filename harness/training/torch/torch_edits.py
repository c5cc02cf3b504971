"""Edits of a chain of PyTorch modules, made on copies of the modules.

An activation is a module of its own here; the activation of a layer is the one that follows it
before the next weights. Both modes of AutoTrainer therefore replace it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from harness.subjects.pytorch import activation, initialise
from harness.training.torch.torch_layers import GaussianNoise, kind_of_module
from harness.training.watched.edits import LayerEdit, apply_edits
from harness.training.watched.network import WEIGHTED_KINDS, first_weighted, output_index
from harness.vocabulary import unknown


@dataclass
class _Part:
    """A planned module: a copy, or a new one."""

    kind: str
    module: Any
    redraw: bool = False
    """Whether its weights are drawn anew."""
    initialisers: tuple[str, str] | None = None
    """Initialisers of kernel and bias; None for the defaults of the module's class."""


def edited_modules(modules: Sequence[Any], edits: Sequence[LayerEdit], seed: int) -> list[Any]:
    """Copies of modules with ``edits`` applied, and the same weights where they stay.

    Args:
        seed: Seed of the new weights.
    """
    parts = [_Part(kind_of_module(m), copy.deepcopy(m)) for m in modules]
    apply_edits(edits, _EDITS, parts)
    torch.manual_seed(seed)
    with torch.no_grad():
        for part in parts:
            _redraw(part)
    return [part.module for part in parts]


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
    place = first_weighted([part.kind for part in parts])
    parts.insert(place, _Part("noise", GaussianNoise(deviation)))


_EDITS: Mapping[str, Callable[..., None]] = {
    "activation": _edit_activation,
    "advanced_activation": _edit_advanced,
    "initialise": _edit_initialise,
    "batch_normalisation": _edit_normalise,
    "gaussian_noise": _edit_noise,
}
