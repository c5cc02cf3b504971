"""Dense layer with more neurons than the dense layer before it, or than its inputs.

Rationale: the classifier of a convolutional network condenses features, so its layers should not
widen towards the output; a layer wider than its input cannot add information.
Detection: in a network with convolutions, a hidden dense layer has more units than the previous
hidden dense layer (bug). In one without, a hidden dense layer has more units than inputs (advice:
many programs that learn well do that).
Suggests: the units of the previous dense layer, or the number of inputs (operator `neurons`).
Source: Theia paper, Tables 1 and 2, INN; the table prints the second half only, for all networks.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.theia.findings import Finding, SetLayer, Severity
from harness.theia.program import Kind, Layer, Program
from harness.theia.thresholds import Thresholds


def check(program: Program, limits: Thresholds) -> Iterator[Finding]:
    conv_net = bool(program.convs)
    fit = limits.neurons_fit == "always" or (limits.neurons_fit == "no_conv" and not conv_net)
    for layer in program.hidden:
        if layer.kind is not Kind.DENSE or layer.units is None:
            continue
        before = program.previous(layer, (Kind.DENSE,))
        widths = [p.units for p in before if p in program.hidden and p.units is not None]
        if conv_net and limits.neurons_shrink and widths and layer.units > max(widths):
            yield _finding(
                layer, "growing", Severity.BUG, max(widths), f"{before[0].name} before it"
            )
        if fit and layer.in_features is not None and layer.units > layer.in_features:
            yield _finding(layer, "wide", Severity.ADVICE, layer.in_features, "its inputs")


def _finding(layer: Layer, problem: str, severity: Severity, most: int, what: str) -> Finding:
    return Finding(
        rule="INN",
        severity=severity,
        problem=problem,
        subject="layer",
        layer=layer.index,
        name=layer.name,
        observed=f"{layer.units} units",
        expected=f"at most {most}, as many as {what}",
        suggestion=f"lower the units to {most}",
        edits=(SetLayer(layer.index, {"units": most}),),
    )
