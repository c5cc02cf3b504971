"""Steps from a program to neighbours: single edits by suspicion, and edits that go together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from harness.techniques.guided.suspicion import TOO_LITTLE, TOO_MUCH, Evidence, Suspect, suspects
from harness.vocabulary import Configuration, Value

SUGGESTED = 0.8
"""Share of a hyperparameter's weight that goes to values suggested by a localiser."""

COUPLES: tuple[tuple[str, str, float], ...] = (
    ("optimiser", "learning_rate", 3.0),
    ("loss", "activation", 3.0),
    ("learning_rate", "epochs", 2.0),
)
"""Operators whose edits go together, and the factor for a pair of them."""

PAIRED = 12
"""Number of the likeliest single edits that are combined to pairs."""

SIDES = {"learning_rate": True, "epochs": True, "batch_size": False}
"""Operators of numbers -> whether a larger value makes a program learn more."""

AGAINST = 0.2
"""Factor for a value on the side from which the signs point away."""

AGAIN, HELPED, HURT = 0.2, 2.0, 0.6
"""Factors: for an edit that was tried around another program; for a hyperparameter whose edit
helped, and for one whose edit did not."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One hyperparameter set to one value."""

    name: str
    value: Value

    def __str__(self) -> str:
        shown = f"{self.value:g}" if isinstance(self.value, float) else str(self.value)
        return f"{self.name} = {shown}"


@dataclass(frozen=True, slots=True)
class Step:
    """Some edits, applied together."""

    edits: tuple[Edit, ...]
    weight: float
    """Likelihood that it is needed, relative to other steps."""

    def apply(self, configuration: Configuration) -> dict[str, Value]:
        return {**configuration, **{e.name: e.value for e in self.edits}}

    def cost(self, configuration: Configuration) -> float:
        """Cost of the edited program, as far as known, in trainings of ``configuration``."""
        epochs = [float(e.value) for e in self.edits if e.name == "epochs"]
        return max([*epochs, 0.0]) / float(configuration["epochs"]) if epochs else 1.0

    def __str__(self) -> str:
        return " and ".join(map(str, self.edits))


Key = frozenset[tuple[str, Value]]
"""A configuration as a dictionary key."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A step from one program, and its destination."""

    step: Step
    to: Key
    cost: float
    value: float
    """Logarithm of its weight by cost."""


@dataclass
class Neighbourhood:
    """Chooses the next step, and learns from the steps that were tried."""

    evidence: Evidence
    rng: np.random.Generator
    jitter: float
    """Scale of the noise on the logarithm of a weight, so that runs differ."""
    probe: float
    """Share of a training after which a step is judged, if it does not train longer."""
    _factors: dict[str, float] = field(default_factory=dict)
    _tried: set[Edit] = field(default_factory=set)
    _seen: set[Key] = field(default_factory=set)
    _rankings: dict[Key, list[Suspect]] = field(default_factory=dict)
    _around: dict[Key, list[_Way]] = field(default_factory=dict)

    def next(self, current: Configuration, affordable: float) -> Step | None:
        """The likeliest step for its cost that leads to a program not tried yet; None if none.

        Args:
            current: The program that the step starts from.
            affordable: Highest cost of the step, in trainings of ``current``.
        """
        here = _key(current)
        if here not in self._around:
            self._around[here] = [*self._ways(current)]
        ways = self._around[here]
        noise = self.jitter * self.rng.gumbel(size=len(ways))
        best, score = None, -math.inf
        for way, shift in zip(ways, noise.tolist(), strict=True):
            if way.cost > affordable or way.to in self._seen:
                continue
            found = way.value + shift + sum(map(self._learned, way.step.edits))
            if found > score:
                best, score = way.step, found
        return best

    def ranking(self, current: Configuration) -> list[Suspect]:
        """The suspects in a program, see :func:`harness.techniques.guided.suspicion.suspects`."""
        here = _key(current)
        if here not in self._rankings:
            self._rankings[here] = suspects(self.evidence, current)
        return self._rankings[here]

    def _learned(self, edit: Edit) -> float:
        """Logarithm of the factor that was learned for an edit."""
        factor = self._factors.get(edit.name, 1.0) * (AGAIN if edit in self._tried else 1.0)
        return math.log(factor)

    def _ways(self, current: Configuration) -> Iterator[_Way]:
        for step in self._steps(current):
            cost = step.cost(current)
            price = math.sqrt(cost) if cost > 1 else max(self.probe * cost, 0.05)
            yield _Way(step, _key(step.apply(current)), cost, math.log(step.weight / price))

    def _steps(self, current: Configuration) -> Iterator[Step]:
        ranking = self.ranking(current)
        singles = [s for suspect in ranking for s in self._singles(suspect, current)]
        yield from singles
        yield from self._refitted(singles, current)
        operators = {suspect.name: suspect.operator for suspect in ranking}
        likely = sorted(singles, key=lambda s: -s.weight)[:PAIRED]
        for one, two in itertools.combinations(likely, 2):
            names = one.edits[0].name, two.edits[0].name
            if names[0] != names[1]:
                bond = _bond(operators[names[0]], operators[names[1]])
                yield Step(one.edits + two.edits, bond * one.weight * two.weight)

    def _singles(self, suspect: Suspect, current: Configuration) -> Iterator[Step]:
        shares = self.evidence.usual.shares(suspect.name, current)
        now = current[suspect.name]
        shares = {value: share for value, share in shares.items() if value != now}
        total = sum(shares.values())
        wanted = set(shares) & set(suspect.suggested)
        for value, share in shares.items():
            likely = share / total * self._side(suspect.operator, value, now)
            if wanted:
                likely = SUGGESTED / len(wanted) if value in wanted else (1 - SUGGESTED) * likely
            yield Step((Edit(suspect.name, value),), suspect.weight * likely)

    def _side(self, operator: str, value: Value, now: Value) -> float:
        """Less than 1 where the signs point to the other side of a number than ``value`` is."""
        if operator not in SIDES:
            return 1.0
        signs = set(self.evidence.signs)
        more, less = bool(signs & TOO_LITTLE), bool(signs & TOO_MUCH)
        if more == less:
            return 1.0
        wanted = more if SIDES[operator] else less
        return 1.0 if (float(value) > float(now)) == wanted else AGAINST

    def _refitted(self, singles: list[Step], current: Configuration) -> Iterator[Step]:
        """Each other optimiser together with the learning rate that is usual for it."""
        usual = self.evidence.usual
        rates = usual.space.domains.get("learning_rate", ())
        for step in singles:
            if step.edits[0].name == "optimiser":
                rate = usual.rate(step.apply(current))
                if rate != current["learning_rate"] and rate in rates:
                    yield Step((*step.edits, Edit("learning_rate", rate)), step.weight)

    def enter(self, configuration: Configuration) -> None:
        """Note a program that is known, so that it is not proposed."""
        self._seen.add(_key(configuration))

    def learn(self, step: Step, helped: bool) -> None:
        """Note whether ``step`` made the program better."""
        self._tried |= set(step.edits)
        for edit in step.edits:
            share = HELPED if helped else HURT
            if len(step.edits) > 1:
                share = math.sqrt(share)
            moved = self._factors.get(edit.name, 1.0) * share
            self._factors[edit.name] = min(max(moved, 0.05), 4.0)


def _bond(one: str, two: str) -> float:
    for first, second, bond in COUPLES:
        if {one, two} == {first, second}:
            return bond
    return 1.0


def _key(configuration: Configuration) -> Key:
    return frozenset(configuration.items())
