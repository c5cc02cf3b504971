"""Layers written as text."""

from __future__ import annotations

import pytest

from harness.theia.notation import parse
from harness.theia.program import Kind
from harness.vocabulary import HarnessError


def test_every_word_of_a_line_is_read() -> None:
    conv, pool, one, drop, dense = parse(
        ["conv2d 32 5x3 /2 same relu", "max_pool /1", "conv1d 8 k4 p1", "dropout 0.5", "dense 10"]
    )
    assert (conv.kind, conv.units, conv.kernel, conv.strides) == (Kind.CONV2D, 32, (5, 3), (2, 2))
    assert (conv.padding, conv.activation) == ("same", "relu")
    assert (pool.kernel, pool.strides, pool.padding) == ((2, 2), (1, 1), "valid")
    assert (one.kernel, one.padding) == ((4,), "1")
    assert (drop.rate, drop.units) == (0.5, None)
    assert (dense.units, dense.activation, dense.kernel) == (10, "linear", ())


def test_a_mapping_sets_further_fields_and_other_inputs() -> None:
    first, second = parse(["dense 4", {"layer": "merge", "inputs": [0, 1], "name": "sum"}])
    assert first.inputs == (0,)
    assert (second.name, second.inputs) == ("sum", (0, 1))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("dense 8 Relu!", "cannot read 'Relu!'"),
        ("dens 8", "no kind of layer 'dens'"),
        ({"layer": "dense 8", "unit": 4}, "no field of a layer 'unit'"),
    ],
)
def test_what_cannot_be_read_is_named(line: str | dict[str, object], message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        parse([line])
