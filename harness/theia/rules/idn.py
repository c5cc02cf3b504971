"""Inputs that are not normalised.

Rationale: large or shifted inputs give large gradients, and features of different size compete;
training is slow or diverges.
Detection: the range of the training data, and apart from it of the test data, leaves [-1, 1].
Silent where the model scales or normalises its input itself, or starts with an embedding (its
inputs are names, not sizes). Standardised data are advice: they leave the range by intention.
Suggests: scale into [0, 1].
Source: Theia paper, Tables 1 and 2, IDN.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.theia.findings import Finding, ScaleInputs, Severity
from harness.theia.program import Kind, Layer, Program
from harness.theia.thresholds import Thresholds

_NORMALISES = (Kind.BATCHNORM, Kind.NORM, Kind.EMBEDDING)
_PASSES = (Kind.FLATTEN, Kind.RESHAPE, Kind.DROPOUT, Kind.OTHER, Kind.SCALING)


def check(program: Program, limits: Thresholds) -> Iterator[Finding]:
    front = _front(program)
    if any(x.kind in _NORMALISES or (x.kind is Kind.SCALING and not x.scale) for x in front):
        return
    factor, offset = _scaling(front)
    data, slack = program.data, limits.inputs_tolerance
    for part, seen in (("train", data.train_range), ("test", data.test_range)):
        if seen is None:
            continue
        low, high = sorted((seen[0] * factor + offset, seen[1] * factor + offset))
        if any(a - slack <= low and high <= b + slack for a, b in limits.inputs):
            continue
        fine = data.standardised and limits.standardised_is_fine
        target = sorted(((0 - offset) / factor, (1 - offset) / factor)) if factor else (0.0, 1.0)
        yield Finding(
            rule="IDN",
            severity=Severity.ADVICE if fine else Severity.BUG,
            problem="range",
            subject=part,
            observed=f"{part}ing values in [{low:g}, {high:g}]"
            + (", standardised" if fine else ""),
            expected=" or ".join(f"[{a:g}, {b:g}]" for a, b in limits.inputs),
            suggestion=f"scale the {part}ing data into [{target[0]:g}, {target[1]:g}]",
            edits=(ScaleInputs(part, *target),),
        )


def _scaling(front: Sequence[Layer]) -> tuple[float, float]:
    """Factor and offset of the model's own scaling layers, in sum."""
    factor, offset = 1.0, 0.0
    for layer in front:
        if layer.scale:
            factor, offset = factor * layer.scale[0], offset * layer.scale[0] + layer.scale[1]
    return factor, offset


def _front(program: Program) -> list[Layer]:
    """The layers before the first that computes features, and that one if it normalises."""
    front: list[Layer] = []
    for layer in program.layers:
        if layer.kind in _NORMALISES:
            return [*front, layer]
        if layer.kind not in _PASSES:
            break
        front.append(layer)
    return front
