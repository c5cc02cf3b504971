"""Edits of a network's layers: plain data, applied by the framework's own functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.vocabulary import Value, unknown

LayerEdit = Mapping[str, Value]
"""One change of the layers: ``edit`` names it, the other keys are its arguments. See ``EDITS``."""

EDITS: Mapping[str, str] = {
    "activation": "activation of all hidden layers := `to`; `separate` ones replaced as well",
    "advanced_activation": "the same by a layer `to` of its own; `strip_output`: output linear",
    "initialise": "initialisers of all hidden layers := `kernel`, `bias`; `redraw` the weights",
    "batch_normalisation": "after every hidden layer with weights; or `before_activation`",
    "gaussian_noise": "of standard deviation `deviation` before the first layer with weights",
}


def apply_edits(
    edits: Sequence[LayerEdit], functions: Mapping[str, Callable[..., None]], parts: list[Any]
) -> None:
    """Change a list of layers in place, edit by edit.

    Args:
        functions: The framework's function of each edit: (parts, **arguments) -> None.

    Raises:
        HarnessError: If there is no edit of that name; nothing is changed then.
    """
    for edit in edits:
        if edit.get("edit") not in EDITS:
            raise unknown("edit of the layers", edit.get("edit"), EDITS)
    for edit in edits:
        arguments = {name: value for name, value in edit.items() if name != "edit"}
        functions[str(edit["edit"])](parts, **arguments)
