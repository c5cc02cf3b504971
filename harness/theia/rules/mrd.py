"""Hidden layer without dropout, or with more than one.

Rationale: dropout after a hidden layer counters overfitting; two for one layer drop more than
either rate says.
Detection: a hidden dense layer or convolution has more than one dropout in its block (bug), or
none (advice; not for a convolution that another one follows without a pooling between).
Suggests: remove the second dropout, or add one at the end of the block.
Source: Theia paper, Tables 1 and 2, MRD (its Table 2 calls it MDR). Missing dropout fires on nearly
every program, healthy ones included; the authors blame it for false alarms, so it is advice.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.theia.findings import AddLayer, Finding, RemoveLayer, Severity
from harness.theia.program import CONV, POOL, Kind, Layer, Program
from harness.theia.thresholds import Thresholds

RATE = 0.2


def check(program: Program, limits: Thresholds) -> Iterator[Finding]:
    ends = () if limits.search == "block" else POOL
    for layer in program.hidden:
        block = program.block(layer, ends)
        dropouts = [x for x in block if x.kind is Kind.DROPOUT]
        yield from (_redundant(extra, layer) for extra in dropouts[1:])
        if not dropouts and not _inside_stack(program, layer, block):
            yield _missing(block[-1] if block else layer, layer)


def _inside_stack(program: Program, layer: Layer, block: tuple[Layer, ...]) -> bool:
    """Whether another convolution follows without a pooling between."""
    pooled = any(x.kind in POOL for x in block)
    follows = any(x.kind in CONV for x in program.next_weighted(layer))
    return layer.kind in CONV and follows and not pooled


def _redundant(extra: Layer, layer: Layer) -> Finding:
    return Finding(
        rule="MRD",
        severity=Severity.BUG,
        problem="redundant",
        subject="layer",
        layer=extra.index,
        name=extra.name,
        observed=f"a second dropout for {layer.name}",
        expected="at most one dropout for each layer",
        suggestion="remove this dropout",
        edits=(RemoveLayer(extra.index),),
    )


def _missing(last: Layer, layer: Layer) -> Finding:
    return Finding(
        rule="MRD",
        severity=Severity.ADVICE,
        problem="missing",
        subject="layer",
        layer=last.index,
        name=last.name,
        observed=f"no dropout for {layer.name}",
        expected="one dropout for each hidden layer",
        suggestion="add a dropout after this layer",
        edits=(AddLayer(last.index, "dropout", {"rate": RATE}),),
    )
