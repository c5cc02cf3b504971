"""Values of settings as they are given, each checked once: one message if it is none such."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from harness.vocabulary import HarnessError

MOST = 10_000
"""The largest number of anything but a seed that can be asked for."""


def name_list(key: str, value: Any) -> list[str]:
    """Names, each once, in order.

    >>> name_list("faults", "D6, D3,D6")
    ['D6', 'D3']
    """
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise HarnessError(f"{key} must be a list of names. Received: {value!r}")
    return list(dict.fromkeys(name for part in parts if (name := part.strip())))


def number(name: str, value: Any) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise HarnessError(f"{name} must be a number. Received: {value!r}")
    return float(value)


def whole_number(name: str, value: Any, least: int = 1, most: int = MOST) -> int:
    """A whole number from ``least`` to ``most``."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise HarnessError(
            f"{name} must be a whole number from {least} to {most}. Received: {value!r}"
        )
    return value


def flag(name: str, value: Any) -> bool:
    """A truth value; no word or number stands for one."""
    if not isinstance(value, bool):
        raise HarnessError(f"{name} must be true or false. Received: {value!r}")
    return value


def text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise HarnessError(f"{name} must be a text. Received: {value!r}")
    return value


def mapping_by_fault(name: str, value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise HarnessError(f"{name} must be like {{D5: 0.01}}. Received: {value!r}")
    return value


def chunk_of(value: Any) -> tuple[int, int] | None:
    """``2/8``: the second of eight."""
    if value is None:
        return None
    parts = str(value).split("/")
    if len(parts) != 2 or not all(re.fullmatch("[0-9]{1,6}", part) for part in parts):
        raise HarnessError(f"chunk must be like 2/8, the second of eight. Received: {value!r}")
    return int(parts[0]), int(parts[1])
