"""A history as hyperparameters, and as edits that no hyperparameter describes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from harness.training.watched.history import History
from harness.vocabulary import Configuration, Value

STRUCTURAL: Mapping[str, str] = {
    "batch_normalisation": "layer",
    "gaussian_noise": "layer",
    "clipvalue": "optimiser",
    "momentum": "optimiser",
    "reduce_rate": "learning_rate",
}
"""Edit that no hyperparameter describes -> its repair operator."""

_LAYERED = re.compile(r"(\w+?)_(\d+)")


class Patch(NamedTuple):
    configuration: dict[str, Value]
    """The faulty configuration with the values that the history changed."""
    structural: dict[str, str]
    """Structural edits, each with its repair operator."""


def patch_of(history: History, faulty: Configuration) -> Patch:
    """The changes of all links of a history together.

    Hidden layers are those numbered below the highest number among the hyperparameters, which is
    the output layer's: ``activation_1`` of a program with ``activation_2`` is a hidden one.
    """
    values = dict(faulty)
    structural: dict[str, str] = {}
    before = history.links[0].training
    for link in history.links:
        for edit in link.edits:
            name = str(edit["edit"])
            if name in STRUCTURAL:
                structural[name] = STRUCTURAL[name]
            elif name == "initialise":
                _set_hidden(values, "kernel_initialiser", edit["kernel"])
                _set_hidden(values, "bias_initialiser", edit["bias"])
            else:
                _set_hidden(values, "activation", edit["to"])
                if edit.get("strip_output"):
                    _set_output(values, "activation", "linear")
        for option in link.training.options:
            if option in STRUCTURAL and option not in before.options:
                structural[option] = STRUCTURAL[option]
        if link.training.reduce_rate:
            structural["reduce_rate"] = STRUCTURAL["reduce_rate"]
    last = history.links[-1].training
    for name in ("optimiser", "learning_rate", "batch_size"):
        if getattr(last, name) != getattr(before, name):
            values[name] = getattr(last, name)
    return Patch(values, structural)


def _numbered(values: Mapping[str, Value], kind: str) -> dict[str, int]:
    """The hyperparameters of a kind that belong to layers, each with its layer's number."""
    found = {name: _LAYERED.fullmatch(name) for name in values}
    return {name: int(m[2]) for name, m in found.items() if m is not None and m[1] == kind}


def _output(values: Mapping[str, Value]) -> int:
    return max((int(m[2]) for name in values if (m := _LAYERED.fullmatch(name))), default=0)


def _set_hidden(values: dict[str, Value], kind: str, to: Value) -> None:
    output = _output(values)
    values.update({n: to for n, number in _numbered(values, kind).items() if number < output})


def _set_output(values: dict[str, Value], kind: str, to: Value) -> None:
    output = _output(values)
    values.update({n: to for n, number in _numbered(values, kind).items() if number == output})
