"""Fields of the meta-model's layers, read off PyTorch modules, calls and tensors."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from harness.theia.program import Kind, Layer


def tensors_in(value: Any) -> Iterator[Any]:
    """The tensors inside nested arguments, in order; parameters are none of them."""
    torch = sys.modules["torch"]
    if isinstance(value, torch.Tensor):
        if not isinstance(value, torch.nn.Parameter):
            yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from tensors_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from tensors_in(inner)


def first_of(module: Any, *names: str) -> int | None:
    found = next((getattr(module, n) for n in names if hasattr(module, n)), None)
    return int(found) if found is not None else None


def sizes_of(value: Any, dimensions: int) -> tuple[int, ...]:
    if value is None:
        return ()
    if isinstance(value, int):
        return (value,) * dimensions
    return tuple(int(v) for v in value)


def call_fields(
    kind: Kind, args: Any, kwargs: Mapping[str, Any], out: Any
) -> tuple[dict[str, Any], Any]:
    """Fields of a layer that is a function call, and its padding."""

    def argument(position: int, name: str, default: Any) -> Any:
        return args[position] if len(args) > position else kwargs.get(name, default)

    spatial = len(out.shape) - 2
    if kind is Kind.DENSE:
        weight = argument(1, "weight", None)
        return {"units": int(weight.shape[0]), "in_features": int(weight.shape[1])}, 0
    if kind in (Kind.CONV1D, Kind.CONV2D, Kind.CONV3D):
        weight = argument(1, "weight", None)
        return {
            "units": int(weight.shape[0]),
            "kernel": tuple(int(n) for n in weight.shape[2:]),
            "strides": sizes_of(argument(3, "stride", 1), spatial),
        }, argument(4, "padding", 0)
    if kind is Kind.DROPOUT:
        return {"rate": float(argument(1, "p", 0.5))}, 0
    if kind in (Kind.MAX_POOL, Kind.AVG_POOL):
        size = argument(1, "kernel_size", 2)
        stride = argument(2, "stride", None) or size
        return {
            "kernel": sizes_of(size, spatial),
            "strides": sizes_of(stride, spatial),
        }, argument(3, "padding", 0)
    return {}, 0


def channels_last(shape: Any) -> tuple[int | None, ...]:
    rest = tuple(int(n) for n in shape[1:])
    return (*rest[1:], rest[0]) if len(rest) > 1 else rest


def padding_of(layer: Layer, taken: Any, given: Any, padding: Any) -> str:
    """``valid`` for none, ``same`` if the size is that of Keras' word, else the pixels."""
    if layer.kind not in (Kind.CONV1D, Kind.CONV2D, Kind.CONV3D, Kind.MAX_POOL, Kind.AVG_POOL):
        return ""
    if isinstance(padding, str):
        return padding
    pixels = (padding,) if isinstance(padding, int) else tuple(padding)
    if not any(pixels):
        return "valid"
    strides = layer.strides * (len(taken) if len(layer.strides) == 1 else 1)
    if taken and tuple(given) == tuple(
        math.ceil(n / s) for n, s in zip(taken, strides, strict=False)
    ):
        return "same"
    return ",".join(map(str, pixels))
