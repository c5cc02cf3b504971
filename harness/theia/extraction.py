"""The shared parts of the extractors of Keras models and PyTorch modules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from harness.theia.program import DataFacts, Kind, Layer, Learner, Place, Program

Places = Callable[[Any], Place | None]
"""An object of the framework -> where the user made it, if recorded."""


@dataclass(slots=True)
class Names:
    """Names of layers, all different.

    >>> names = Names()
    >>> names.given("dense"), names.given("dense")
    ('dense', 'dense#2')
    """

    _used: set[str] = field(default_factory=set)

    def given(self, name: str) -> str:
        """``name`` itself, or with the next free number if it is used already."""
        number, found = 1, name
        while found in self._used:
            number += 1
            found = f"{name}#{number}"
        self._used.add(found)
        return found


def made_at(loss: Any, optimizer: Any, place: Places) -> dict[str, Place]:
    """Where the user made the loss and the optimiser, as far as recorded."""
    places = {"loss": place(loss), "optimiser": place(optimizer)}
    return {name: found for name, found in places.items() if found is not None}


def assembled(
    layers: tuple[Layer, ...],
    listing: str,
    learner: Learner,
    data: DataFacts,
    task: str,
    framework: str,
) -> Program:
    """The program of extracted layers. Inputs of an embedding are word indices, not features."""
    if layers and layers[0].kind is Kind.EMBEDDING:
        data = replace(data, kind="other")
    return Program(layers, learner, data, task, framework=framework, listing=listing)
