"""Samples of programs with one or several inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def each(call: Callable[[Any], Any], x: Any) -> Any:
    """Apply ``call`` to the input, or to each input of a program that has several (a tuple)."""
    return tuple(map(call, x)) if isinstance(x, tuple) else call(x)


def taken(x: Any, where: Any) -> Any:
    """Samples at ``where``, an index of the first axis, of the input or of each of several."""
    return each(lambda part: part[where], x)


def copied(x: Any) -> Any:
    """Samples that a program may change in place, as PyTorch's can; other tensors cannot be."""
    return each(lambda part: part.clone() if hasattr(part, "clone") else part, x)


def leading(x: Any, number: int) -> Any:
    """A copy of the first samples, see :func:`copied`."""
    return copied(taken(x, slice(number)))
