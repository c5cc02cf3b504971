"""Search from a program outwards: single edits by suspicion, then pairs, around the best so far."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.guided.edits import Edit, edits_of
from harness.guided.suspicion import Suspect
from harness.operators import operator_of
from harness.space import Space
from harness.vocabulary import Configuration, Value

SUGGESTED = 0.8
"""Share of a hyperparameter's edits that the values suggested by a localiser have."""

PAIR = 2.0
"""A pair of edits counts as likely as the product of the two, times this."""

PAIRED = 12
"""Single edits, the most likely ones, that are combined to pairs."""

TRIED, HELPED, HURT = 0.2, 2.0, 0.7
"""What multiplies an edit that was tried around another program; the suspicion of an operator whose
edit helped; and of one whose edit did not."""


@dataclass(frozen=True, slots=True)
class Step:
    """One edit or two, applied together."""

    edits: tuple[Edit, ...]
    weight: float

    def apply(self, configuration: Configuration) -> dict[str, Value]:
        return {**configuration, **{e.name: e.value for e in self.edits}}

    def cost(self, configuration: Configuration) -> float:
        """Trainings of ``configuration`` that one of the edited program costs, as far as known."""
        for edit in self.edits:
            if edit.name == "epochs":
                return float(edit.value) / float(configuration["epochs"])
        return 1.0

    def __str__(self) -> str:
        return " and ".join(map(str, self.edits))


@dataclass
class Neighbourhood:
    """Which step to try next. It learns from each that was tried."""

    space: Space
    labels: str
    ranking: Sequence[Suspect]
    _factors: dict[str, float] = field(default_factory=dict)
    _tried: set[frozenset[tuple[str, Value]]] = field(default_factory=set)
    _seen: set[frozenset[tuple[str, Value]]] = field(default_factory=set)

    def next(self, current: Configuration) -> Step | None:
        """The likeliest step for its cost that leads to a program not tried yet; None if none."""
        steps = [s for s in self._steps(current) if _key(s.apply(current)) not in self._seen]
        return max(steps, key=lambda s: s.weight / max(s.cost(current), 0.25), default=None)

    def _steps(self, current: Configuration) -> Iterator[Step]:
        singles = []
        for suspect in self.ranking:
            factor = suspect.weight * self._factor(suspect.name)
            for edit in self._edits(suspect, current):
                again = TRIED if frozenset([(edit.name, edit.value)]) in self._tried else 1.0
                singles.append(Step((edit,), factor * edit.weight * again))
        yield from singles
        likely = sorted(singles, key=lambda s: -s.weight)[:PAIRED]
        for one, two in itertools.combinations(likely, 2):
            if one.edits[0].name != two.edits[0].name:
                yield Step(one.edits + two.edits, PAIR * one.weight * two.weight)

    def _edits(self, suspect: Suspect, current: Configuration) -> list[Edit]:
        edits = edits_of(suspect.name, self.space, current, self.labels)
        wanted = {e.value for e in edits} & set(suspect.suggested)
        if not wanted:
            return edits
        rest = 1 - SUGGESTED
        return [
            Edit(e.name, e.value, SUGGESTED / len(wanted) if e.value in wanted else rest * e.weight)
            for e in edits
        ]

    def _factor(self, name: str) -> float:
        return self._factors.get(_operator(name), 1.0)

    def enter(self, configuration: Configuration) -> None:
        """Note a program that was trained, so that it is not proposed."""
        self._seen.add(_key(configuration))

    def learn(self, step: Step, helped: bool) -> None:
        """Note whether ``step`` made the program better."""
        self._tried.add(frozenset((e.name, e.value) for e in step.edits))
        for name in {_operator(e.name) for e in step.edits}:
            moved = self._factors.get(name, 1.0) * (HELPED if helped else HURT)
            self._factors[name] = min(max(moved, 0.05), 8.0)


def _operator(name: str) -> str:
    row = operator_of(name)
    assert row is not None
    return row.name


def _key(configuration: Configuration) -> frozenset[tuple[str, Value]]:
    return frozenset(configuration.items())


