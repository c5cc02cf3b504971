"""Layers written as text, for programs that are data: the benchmark, case files.

``conv2d 32 3x3 /2 same relu``: kind, then in any order units (or the rate of a dropout), kernel
(``3x3``, ``k4`` for one dimension), strides (``/2``), padding (``same``, ``valid``, ``p1`` for
pixels), and an activation. A mapping ``{layer: dense 8 relu, in_features: 4}`` sets further fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from harness.theia.program import CONV, Kind, Layer, chain
from harness.vocabulary import HarnessError, unknown

_POOLS = (Kind.MAX_POOL, Kind.AVG_POOL)
_FIELDS = {f.name for f in fields(Layer)} - {"index", "kind"}


def parse(lines: Sequence[str | Mapping[str, Any]]) -> tuple[Layer, ...]:
    """A chain of layers, named ``<kind>_<index>``; a mapping may name other ``inputs``.

    >>> [(x.name, x.units, x.activation) for x in parse(["conv2d 32 3x3 relu", "dense 2"])]
    [('conv2d_1', 32, 'relu'), ('dense_2', 2, 'linear')]

    Raises:
        HarnessError: If a line cannot be read; names it.
    """
    found = []
    for number, line in enumerate(lines, 1):
        more = dict(line) if isinstance(line, Mapping) else {"layer": line}
        values = _words(str(more.pop("layer", "")))
        if odd := sorted(set(more) - _FIELDS):
            raise unknown("field of a layer", odd[0], sorted(_FIELDS))
        listed: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in more.items()
        }
        inputs: Any = listed.get("inputs")
        values = {"name": f"{values['kind']}_{number}", **values, **listed}
        found.append((Layer(index=number, **values), inputs))
    linked = chain(layer for layer, _ in found)
    return tuple(
        layer if inputs is None else replace(layer, inputs=inputs)
        for layer, (_, inputs) in zip(linked, found, strict=True)
    )


def _words(text: str) -> dict[str, Any]:
    first, *words = text.split() or [""]
    if first not in set(Kind):
        raise unknown("kind of layer", first, list(Kind))
    kind = Kind(first)
    values: dict[str, Any] = {"kind": kind}
    for word in words:
        name, value = _word(word, kind, text)
        values[name] = value
    dimensions = int(kind[4]) if kind in CONV else len(values.get("kernel", (2, 2)))
    if kind in CONV:
        values = {"kernel": (3,) * dimensions, "padding": "valid", "strides": (1,), **values}
    if kind in _POOLS:
        values = {"kernel": (2, 2), "padding": "valid", **values}
        values.setdefault("strides", values["kernel"])
    if len(values.get("strides", ())) == 1:
        values["strides"] *= dimensions
    return values


def _word(word: str, kind: Kind, text: str) -> tuple[str, Any]:
    if word in ("same", "valid"):
        return "padding", word
    if re.fullmatch(r"p\d+", word):
        return "padding", word[1:]
    if re.fullmatch(r"/\d+", word):
        return "strides", (int(word[1:]),)
    if re.fullmatch(r"\d+(x\d+)+|k\d+", word):
        return "kernel", tuple(int(n) for n in word.lstrip("k").split("x"))
    if re.fullmatch(r"[\d.]+", word):
        return ("rate", float(word)) if kind is Kind.DROPOUT else ("units", int(word))
    if re.fullmatch(r"[a-z_]+", word):
        return "activation", word
    raise HarnessError(f"layer '{text}': cannot read '{word}'. Example: conv2d 32 3x3 /2 same relu")
