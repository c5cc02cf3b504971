"""Hidden layer without a non-linearity, with several, or with one that does not suit it.

Rationale: without a non-linearity between them, two layers compute what one could; a second one in
a row only loses information; softmax makes the neurons of a hidden layer compete; sigmoid and tanh
saturate, so gradients vanish in networks on images.
Detection: the activations of a hidden dense layer or convolution (fused, or in its block) are none
or more than one; the first is softmax; or the first is sigmoid, tanh or hard sigmoid where data
are images or the network has convolutions. The output layer has more than one.
Suggests: add ReLU, remove the extra activation, or change it to ReLU (operator `activation`).
Source: Theia paper, Tables 1 and 2, CNL; "wrong" is in its text only; saturation is our reading.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.theia.findings import AddLayer, Finding, RemoveLayer, SetLayer, Severity
from harness.theia.program import Layer, Program
from harness.theia.rules.search import stops
from harness.theia.thresholds import Thresholds

SATURATING = ("sigmoid", "tanh", "hard_sigmoid")


def check(program: Program, limits: Thresholds) -> Iterator[Finding]:
    for layer in program.hidden:
        applied = program.activations(layer, stops(limits))
        if not applied:
            yield _missing(layer)
            continue
        yield from _extra(program, layer, applied)
        if limits.activation_kind:
            yield from _wrong(program, applied[0])
    if limits.output_activations:
        for layer in program.outputs:
            yield from _extra(program, layer, program.activations(layer, stops(limits)))


def _extra(program: Program, layer: Layer, applied: tuple[Layer, ...]) -> Iterator[Finding]:
    """One finding for each activation that another one of the same layer leads to."""
    for activation in applied[1:]:
        if program.behind(activation, applied):
            yield _redundant(activation, layer)


def _missing(layer: Layer) -> Finding:
    return Finding(
        rule="CNL",
        severity=Severity.BUG,
        problem="missing",
        subject="activation",
        layer=layer.index,
        name=layer.name,
        observed="no activation",
        expected="one non-linear activation",
        suggestion="add a ReLU activation after this layer",
        edits=(AddLayer(layer.index, "activation", {"activation": "relu"}),),
    )


def _redundant(extra: Layer, layer: Layer) -> Finding:
    return Finding(
        rule="CNL",
        severity=Severity.BUG,
        problem="redundant",
        subject="activation",
        layer=extra.index,
        name=extra.name,
        observed=f"{extra.activation}, on top of another activation of {layer.name}",
        expected="one activation for each layer",
        suggestion="remove this activation",
        edits=(RemoveLayer(extra.index),),
    )


def _wrong(program: Program, applied: Layer) -> Iterator[Finding]:
    on_images = program.data.image or bool(program.convs)
    if applied.activation in ("softmax", "log_softmax"):
        problem, why = "wrong", "a hidden layer"
    elif applied.activation in SATURATING and on_images:
        problem, why = "saturating", "a network on images or with convolutions"
    else:
        return
    yield Finding(
        rule="CNL",
        severity=Severity.BUG,
        problem=problem,
        subject="activation",
        layer=applied.index,
        name=applied.name,
        observed=applied.activation,
        expected=f"an activation that suits {why}, such as relu",
        suggestion="change the activation to ReLU",
        edits=(SetLayer(applied.index, {"activation": "relu"}),),
    )
