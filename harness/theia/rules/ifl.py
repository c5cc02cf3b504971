"""Too many dense layers behind the convolutions.

Rationale: in a convolutional network the convolutions extract the features; many dense layers
behind them add most of the weights and little else, and overfit.
Detection: a network with convolutions has more than 3 dense layers, the output included.
Suggests: remove the last hidden dense layer.
Source: Theia paper, Tables 1 and 2, IFL.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.theia.findings import Finding, RemoveLayer, Severity
from harness.theia.program import Kind, Program
from harness.theia.thresholds import Thresholds

_REMOVED_WITH_IT = (Kind.ACTIVATION, Kind.DROPOUT, Kind.BATCHNORM, Kind.NORM)


def check(program: Program, limits: Thresholds) -> Iterator[Finding]:
    most, dense = limits.dense_in_conv_net, program.dense
    if most is None or not program.convs or len(dense) <= most:
        return
    hidden = [d for d in dense if d in program.hidden] or list(dense)
    removed = hidden[-(len(dense) - most) :]
    block = [x for d in removed for x in program.block(d) if x.kind in _REMOVED_WITH_IT]
    yield Finding(
        rule="IFL",
        severity=Severity.BUG,
        problem="many",
        subject="layer",
        layer=hidden[-1].index,
        name=hidden[-1].name,
        observed=f"{len(dense)} dense layers",
        expected=f"at most {most}, the output layer included",
        suggestion="remove " + " and ".join(d.name for d in removed),
        edits=tuple(RemoveLayer(x.index) for x in (*removed, *block)),
    )
