"""Hidden layer without batch normalisation.

Rationale: normalised activations keep gradients in range and let training use larger rates.
Detection: no batch normalisation (or another normalisation) in the block of a hidden dense layer
or convolution.
Suggests: add a batch normalisation directly after the layer.
Source: Theia paper, Tables 1 and 2, MNL (there: not the very next layer). It fires on nearly every
program, healthy ones included, so it is advice.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.theia.findings import AddLayer, Finding, Severity
from harness.theia.program import Kind, Program
from harness.theia.thresholds import Thresholds

_NORMS = (Kind.BATCHNORM, Kind.NORM)
_NOT_NEXT = frozenset(Kind) - set(_NORMS)


def check(program: Program, limits: Thresholds) -> Iterator[Finding]:
    ends = () if limits.search == "block" else _NOT_NEXT
    for layer in program.hidden:
        if any(x.kind in _NORMS for x in program.block(layer, ends)):
            continue
        yield Finding(
            rule="MNL",
            severity=Severity.ADVICE,
            problem="missing",
            subject="layer",
            layer=layer.index,
            name=layer.name,
            observed="no batch normalisation",
            expected="one for each hidden layer",
            suggestion="add a batch normalisation after this layer",
            edits=(AddLayer(layer.index, "batchnorm"),),
        )
