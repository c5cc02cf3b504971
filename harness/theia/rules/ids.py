"""Too many convolutions in a row without a pooling between them, or no pooling at all.

Rationale: without downsampling the maps stay large: a layer sees little of the image, training is
slow, and the classifier behind gets very many inputs.
Detection: a fifth convolution in a row without a pooling (max, average, global) between; or a
network with 2-D convolutions that reaches Flatten or its first dense layer without any pooling.
Strides do not count as pooling unless the thresholds say so.
Suggests: add a max pooling.
Source: Theia paper, Tables 1 and 2, IDS; the second half is a branch of its Keras code only, and
finds a bug that the paper counts as found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.theia.findings import AddLayer, Finding, Severity
from harness.theia.program import CONV, POOL, Kind, Layer, Program
from harness.theia.thresholds import Thresholds


def check(program: Program, limits: Thresholds) -> Iterator[Finding]:
    pools = [x for x in program.layers if x.kind in POOL or (limits.strides_pool and _strided(x))]
    rows: dict[int, int] = {}
    found = False
    for layer in program.convs:
        before = program.previous(layer, CONV, POOL)
        rows[layer.index] = 1 + max((_row(rows, p, pools) for p in before), default=0)
        if rows[layer.index] > limits.convs_in_a_row:
            yield _in_a_row(layer, limits.convs_in_a_row)
            found, rows[layer.index] = True, 1
    end = next((x for x in program.layers if _classifies(program, x)), None)
    if end is None or found or not limits.pooling_needed:
        return
    if not any(pool.index < end.index for pool in pools):
        yield _never(program, end)


def _strided(layer: Layer) -> bool:
    return layer.kind in CONV and max(layer.strides, default=1) > 1


def _row(rows: Mapping[int, int], conv: Layer, pools: Sequence[Layer]) -> int:
    """Convolutions in a row that end with ``conv``; none if it is itself a pooling."""
    return 0 if conv in pools else rows[conv.index]


def _classifies(program: Program, layer: Layer) -> bool:
    """Whether ``layer`` is where the maps of 2-D convolutions end."""
    behind = any(c.kind is Kind.CONV2D and c.index < layer.index for c in program.convs)
    return layer.kind in (Kind.FLATTEN, Kind.DENSE) and behind


def _in_a_row(layer: Layer, most: int) -> Finding:
    sizes = (2,) * len(layer.kernel)
    pool = {"kernel": sizes, "strides": sizes, "padding": "valid"}
    return Finding(
        rule="IDS",
        severity=Severity.BUG,
        problem="row",
        subject="layer",
        layer=layer.index,
        name=layer.name,
        observed=f"{most + 1} convolutions in a row without a pooling",
        expected=f"a pooling after at most {most}",
        suggestion="add a max pooling before this convolution",
        edits=tuple(AddLayer(before, "max_pool", pool) for before in layer.inputs),
    )


def _never(program: Program, end: Layer) -> Finding:
    before = program.layer(end.inputs[0]) if end.inputs[0] else end
    pool = {"kernel": (2, 2), "strides": (2, 2), "padding": "valid"}
    return Finding(
        rule="IDS",
        severity=Severity.BUG,
        problem="never",
        subject="layer",
        layer=before.index,
        name=before.name,
        observed="no pooling before the classifier",
        expected="at least one pooling (max, average or global)",
        suggestion="add a max pooling after this layer",
        edits=(AddLayer(end.inputs[0], "max_pool", pool),),
    )
