"""Too few convolutions for images.

Rationale: one or two convolutions see small patterns only; colour images need more than grey ones.
Detection: image data, at least one 2-D convolution, and fewer than 3 of them (colour) or 2 (grey).
Suggests: add convolutions before the classifier.
Source: Theia paper, Tables 1 and 2, ICL.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.theia.findings import AddLayer, Finding, Severity, Suggestion
from harness.theia.program import CONV, POOL, Kind, Layer, Program
from harness.theia.thresholds import Thresholds


def check(program: Program, limits: Thresholds) -> Iterator[Finding]:
    convs = [layer for layer in program.convs if layer.kind is Kind.CONV2D]
    fewest = limits.convs.get(program.data.kind, 0)
    if not convs or len(convs) >= fewest:
        return
    first_dense = next((d.index for d in program.dense if d.index > convs[0].index), None)
    front = [x for x in program.layers if first_dense is None or x.index < first_dense]
    last = [x for x in front if x.kind in CONV | POOL][-1]
    yield Finding(
        rule="ICL",
        severity=Severity.BUG,
        problem="few",
        subject="layer",
        layer=last.index,
        name=last.name,
        observed=f"{len(convs)} 2-D convolution{'s' if len(convs) > 1 else ''}",
        expected=f"at least {fewest} for {program.data.kind.replace('_', ' ')} data",
        suggestion=f"add {fewest - len(convs)} more before the classifier",
        edits=tuple(_more(last, convs[-1], fewest - len(convs))),
    )


def _more(last: Layer, like: Layer, number: int) -> list[Suggestion]:
    """Convolutions like the last one that keep the size of the maps, each with a ReLU."""
    conv = {"units": like.units, "kernel": like.kernel, "strides": (1, 1), "padding": "same"}
    return [
        edit
        for _ in range(number)
        for edit in (
            AddLayer(last.index, "conv2d", conv),
            AddLayer(last.index, "activation", {"activation": "relu"}),
        )
    ]
