"""Questions that rules ask of a program."""

from __future__ import annotations

import pytest
from cases import program

from harness.theia.notation import parse
from harness.theia.program import Kind, Program, comparable_layers
from harness.vocabulary import HarnessError

NET = [
    "conv2d 8",
    "activation relu",
    "max_pool",
    "flatten",
    "dense 16 relu",
    "dropout 0.5",
    "dense 2",
]


def test_hidden_and_output_layers() -> None:
    net = program(NET)
    assert [x.index for x in net.weighted] == [1, 5, 7]
    assert [x.index for x in net.hidden] == [1, 5]
    assert [x.index for x in net.outputs] == [7]
    assert [x.index for x in net.next_weighted(net.layer(1))] == [5]


def test_a_block_ends_at_the_next_weights_or_a_stop() -> None:
    net = program(NET)
    assert [x.index for x in net.block(net.layer(1))] == [2, 3, 4]
    assert [x.index for x in net.block(net.layer(1), stops=(Kind.MAX_POOL,))] == [2]
    assert [x.index for x in net.activations(net.layer(1))] == [2]
    assert [x.index for x in net.activations(net.layer(5))] == [5]  # fused


def test_a_shortcut_leads_around_a_layer() -> None:
    net = program(
        ["dense 4", "dense 4 relu", {"layer": "merge", "inputs": [1, 2]}, "activation relu"]
    )
    assert net.behind(net.layer(3), [net.layer(1)])
    assert not net.behind(net.layer(1), [net.layer(2)])
    before = net.previous(net.layer(4), (Kind.DENSE,))
    assert [x.index for x in before] == [1, 2]
    assert net.block(net.layer(2)) == ()  # the merge joins what is activated already


def test_a_program_refuses_what_does_not_fit_together() -> None:
    net = program(NET)
    with pytest.raises(HarnessError, match="no task 'multi'"):
        Program(net.layers, net.learner, net.data, "multi")
    with pytest.raises(ValueError, match="layer 1 has index 2"):
        Program(net.layers[1:], net.learner, net.data, "binary")


def test_names_are_no_part_of_a_comparison() -> None:
    one, other = parse([{"layer": "dense 4", "name": "a"}]), parse([{"layer": "dense 4"}])
    assert one != other
    assert comparable_layers(one) == comparable_layers(other)
