"""The parts of a PyTorch module, as ``harness.training.anatomy`` counts them."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from harness.training.anatomy import LINEAR, Part
from harness.training.torch.torch_layers import kind_of_module

_FREE = (nn.Flatten, nn.Unflatten, nn.Identity)


def torch_parts(model: Any, sample: Any) -> tuple[Part, ...]:
    """The modules without children through which one sample passes, each as often as it does.

    What a module with children multiplies itself is a part of its own.

    Args:
        sample: (1, ...) the input, or a tuple of several.
    """
    found: list[Part] = []
    leaves = [m for m in model.modules() if not any(m.children()) and not _free(m)]
    counter = FlopCounterMode(display=False)
    before = [0]

    def enter(module: Any, given: Any) -> None:
        before[0] = counter.get_total_flops()

    def leave(module: Any, given: Any, result: Any) -> None:
        flops = counter.get_total_flops() - before[0]
        found.append(_part(module, given, result, flops // 2))  # a MAC is two operations

    hooks = [leaf.register_forward_pre_hook(enter) for leaf in leaves]
    hooks += [leaf.register_forward_hook(leave) for leaf in leaves]
    try:
        with counter, torch.no_grad():
            model.eval()(sample)
    finally:
        for hook in hooks:
            hook.remove()
    elsewhere = counter.get_total_flops() // 2 - sum(part.macs for part in found)
    return (*found, Part(kind="other", macs=elsewhere)) if elsewhere > 0 else tuple(found)


def _free(module: Any) -> bool:
    """Whether a module costs nothing, or next to it."""
    none = isinstance(module, nn.modules.dropout._DropoutNd) and not module.p
    return none or isinstance(module, _FREE)


def _part(module: Any, given: Any, result: Any, macs: int) -> Part:
    kind = _kind(module)
    weights = [p for p in module.parameters() if p.requires_grad]
    numbers = sum(p.numel() for p in weights)
    times = int(given[0].shape[1]) if kind == "recurrent" and given else 0
    return Part(
        kind=kind,
        macs=macs or numbers * times,  # PyTorch counts no operations of recurrent kernels
        weights=numbers,
        variables=len(weights),
        inputs=sum(_size(x) for x in given),
        outputs=_size(result),
        channels=int(getattr(module, "out_channels", 1)),
        times=times,
        activation=type(module).__name__ if kind == "activation" else LINEAR,
    )


def _kind(module: Any) -> str:
    name = type(module).__name__
    if "Pool" in name:
        return "pooling"
    if "Dropout" in name:
        return "dropout"
    if "Norm" in name:
        return "normalisation"
    kind = kind_of_module(module)
    return "other" if kind == "noise" else kind


def _size(value: Any) -> int:
    """Numbers in one sample of a module's input or output; 0 for what is no tensor."""
    if isinstance(value, tuple | list):
        return sum(map(_size, value))
    return math.prod(value.shape[1:]) if isinstance(value, torch.Tensor) else 0
