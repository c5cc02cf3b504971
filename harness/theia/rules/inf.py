"""Convolution with too few or too many filters, or with fewer than the convolution before it.

Rationale: too few filters miss patterns, too many cost time and overfit; deeper layers combine the
patterns of earlier ones and need more filters, not fewer.
Detection: filters outside 16..512 for colour images, 6..256 otherwise; or fewer filters than the
previous convolution. Kernels of size 1 mix channels and look for no pattern: they and the output
layer are not compared, nor is what follows an upsampling (a decoder shrinks by design).
Suggests: the nearest bound, or the filters of the previous convolution.
Source: Theia paper, Tables 1 and 2, INF; the depth check stands in its ground truth and its Keras
code; the exceptions are ours.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.theia.findings import Finding, SetLayer, Severity
from harness.theia.program import CONV, Kind, Layer, Program
from harness.theia.thresholds import Thresholds

_DECODERS = (Kind.UPSAMPLE, Kind.TRANSPOSED_CONV)


def check(program: Program, limits: Thresholds) -> Iterator[Finding]:
    low, high = limits.filters.get(program.data.kind, limits.filters["other"])
    for layer in program.convs:
        if layer.units is None or layer.kind not in limits.filters_of or layer in program.outputs:
            continue
        if not low <= layer.units <= high:
            yield _finding(
                layer,
                "out_of_range",
                f"{low:g} to {high:g} filters ({program.data.kind.replace('_', ' ')} data)",
                int(min(max(layer.units, low), high)),
            )
        if limits.filters_grow:
            before = [p for p in _before(program, layer) if p.units is not None]
            fewest = min((p.units for p in before if p.units is not None), default=0)
            if layer.units < fewest and not _mixes(layer):
                yield _finding(
                    layer,
                    "decreasing",
                    f"at least the {fewest} filters of {before[0].name} before it",
                    fewest,
                )


def _before(program: Program, layer: Layer) -> list[Layer]:
    """The nearest convolutions before ``layer`` that look for patterns."""
    found, todo = list[Layer](), list(program.previous(layer, CONV, _DECODERS))
    seen = set[int]()
    while todo:
        before = todo.pop()
        if before.index in seen:
            continue
        seen.add(before.index)
        if _mixes(before):
            todo += program.previous(before, CONV, _DECODERS)
        else:
            found.append(before)
    return found


def _mixes(layer: Layer) -> bool:
    """Whether a convolution only mixes channels."""
    return bool(layer.kernel) and max(layer.kernel) == 1


def _finding(layer: Layer, problem: str, expected: str, filters: int) -> Finding:
    return Finding(
        rule="INF",
        severity=Severity.BUG,
        problem=problem,
        subject="layer",
        layer=layer.index,
        name=layer.name,
        observed=f"{layer.units} filters",
        expected=expected,
        suggestion=f"use {filters} filters"
        + (" or more: increase while going deeper" if problem == "decreasing" else ""),
        edits=(SetLayer(layer.index, {"units": filters}),),
    )
