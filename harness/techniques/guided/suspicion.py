"""Suspicion of hyperparameters, and the evidence for it.

Independent evidence multiplies: the published fault taxonomy over the repair operators, unusual
values, the symptoms of the faulty program's training, and the hyperparameters that a localiser
blames. Every factor is kept, so that a patch can be explained.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from harness.records.observation import Blame, Symptom
from harness.space.domains import Choice, Domain
from harness.space.operators import OPERATORS, operator_of
from harness.space.usual import Usual
from harness.vocabulary import Configuration, Value

TAXONOMY: Mapping[str, float] = {row.name: row.leaves for row in OPERATORS}
"""Leaves of the fault taxonomy that each repair operator can mend. One is added to each
count, since a finer figure might have split what this one did not."""


class Curve(StrEnum):
    """Signs in the training losses of a program."""

    NOT_FINITE = "not_finite"
    """Loss, weights or predictions were no numbers in the end."""
    FLAT = "flat"
    """The loss did not fall."""
    UNSTABLE = "unstable"
    """The loss rose again and again."""
    UNFINISHED = "unfinished"
    """The loss was still falling when the training ended."""
    FEW_STEPS = "few_steps"
    """Learning rate and number of steps are too small to move weights far. No loss is needed."""
    SETTLED = "settled"
    """The loss fell and came to rest: the program learned what it can, or the wrong thing."""


Sign = Curve | Symptom
"""A curve of our own, or a symptom of AutoTrainer's."""

POINTS_AT: Mapping[Sign, Mapping[str, float]] = {
    Curve.NOT_FINITE: {"learning_rate": 8, "loss": 3, "activation": 3, "initialiser": 3},
    Curve.FLAT: {"learning_rate": 4, "activation": 3, "initialiser": 3, "loss": 2, "optimiser": 2},
    Curve.UNSTABLE: {"learning_rate": 4, "batch_size": 2, "optimiser": 2},
    Curve.UNFINISHED: {"learning_rate": 6, "epochs": 4, "optimiser": 3, "batch_size": 2},
    Curve.FEW_STEPS: {"learning_rate": 4, "epochs": 4, "batch_size": 2},
    Curve.SETTLED: {"loss": 2, "activation": 2, "neurons": 2, "layer": 2},
    Symptom.EXPLODING: {"learning_rate": 3, "initialiser": 3, "activation": 2, "loss": 2},
    Symptom.DYING: {"activation": 3, "initialiser": 3, "learning_rate": 2},
    Symptom.VANISHING: {"activation": 3, "initialiser": 3, "learning_rate": 2},
    Symptom.SLOW: {"learning_rate": 3, "optimiser": 2, "activation": 2, "loss": 2},
    Symptom.OSCILLATING: {"learning_rate": 3, "batch_size": 3, "optimiser": 2},
}
"""Sign -> repair operator -> by how much more it is suspected. What a rate, an optimiser, a batch
size or a number of epochs does to a loss curve is textbook: Goodfellow et al., *Deep Learning*,
2016, chapters 8 and 11. The remedies of the symptoms: Zhang et al., AutoTrainer, ICSE 2021."""

TOO_LITTLE: frozenset[Sign] = frozenset({Curve.UNFINISHED, Curve.FEW_STEPS, Symptom.VANISHING})
TOO_MUCH: frozenset[Sign] = frozenset(
    {Curve.NOT_FINITE, Curve.UNSTABLE, Symptom.EXPLODING, Symptom.OSCILLATING}
)
"""Signs of a program that learns too little, and of one whose steps are too large."""

LITTLE_REACH = 0.2
"""A program whose training can move a weight less than this has few steps; see ``Usual.reach``."""

FLAT_FALL, RISE, RISES, LATE_SHARE = 0.05, 0.02, 0.3, 0.1
"""A fall of the loss below 5 % is none. A loss that rises by over 2 % in over 30 % of the epochs is
unstable. At least 10 % of the whole fall in the last quarter: it had not ended."""

BLAMED: Mapping[str, float] = {"bug": 10.0, "advice": 2.0}
"""Severity of a localiser's finding -> factor for the hyperparameter that it blames."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence on a faulty program before any edit."""

    faulty: Configuration
    usual: Usual
    signs: Sequence[Sign] = ()
    blames: Sequence[Blame] = ()
    taxonomy: Mapping[str, float] = field(default_factory=lambda: TAXONOMY)
    values: bool = True
    """Whether unusual values are suspicious."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """One hyperparameter."""

    name: str
    operator: str
    weight: float
    """Share of all suspicion, in (0, 1]."""
    evidence: Mapping[str, float]
    """Name of the evidence -> factor of its weight."""
    suggested: tuple[Value, ...] = ()
    """Values that a localiser suggests."""


def curve(losses: Sequence[float], finite: bool) -> list[Curve]:
    """Signs in the losses of one training.

    Args:
        losses: Mean training loss of each epoch. One or two show only whether they are numbers.
        finite: Whether the training ended with numbers.

    >>> curve([8, 7, 6, 5, 4, 3, 2, 1], finite=True)
    [<Curve.UNFINISHED: 'unfinished'>]
    """
    if not finite or not all(map(math.isfinite, losses)):
        return [Curve.NOT_FINITE]
    if len(losses) < 3:
        return []
    first, last, lowest = losses[0], losses[-1], min(losses)
    scale = max(abs(first), 1e-12)
    if (first - lowest) / scale < FLAT_FALL:
        return [Curve.FLAT]
    found = []
    rises = sum(b - a > RISE * max(abs(a), 1e-12) for a, b in pairwise(losses))
    if rises / (len(losses) - 1) > RISES:
        found.append(Curve.UNSTABLE)
    tail = losses[-max(2, len(losses) // 4) - 1]
    if tail - last >= LATE_SHARE * (first - lowest):
        found.append(Curve.UNFINISHED)
    return found or [Curve.SETTLED]


def suspects(evidence: Evidence, current: Configuration | None = None) -> list[Suspect]:
    """The searched hyperparameters, the most suspected first.

    An operator's share is divided among its hyperparameters; unusual values and blame then weigh on
    single ones.

    Args:
        current: The program in question, by default the faulty one. Blame holds only where a
            value is still the faulty program's.
    """
    current = evidence.faulty if current is None else current
    domains = evidence.usual.space.domains
    operators = {name: _operator(name) for name in domains if _can_change(domains[name])}
    sizes = {o: sum(p == o for p in operators.values()) for o in operators.values()}
    raw = []
    for name, operator in operators.items():
        leaves = evidence.taxonomy.get(operator, 0.0) + 1
        factors = {"taxonomy": leaves / sizes[operator]}
        if evidence.values:
            factors["unusual value"] = evidence.usual.suspicion(name, current)
        for sign in evidence.signs:
            if factor := POINTS_AT[sign].get(operator):
                factors[sign.value] = factor
        blames = [
            b
            for b in evidence.blames
            if b.hyperparameter == name and current[name] == evidence.faulty[name]
        ]
        for blame in blames[:1]:
            factors[f"theia {blame.rule}"] = BLAMED[blame.severity]
        wanted = tuple(dict.fromkeys(b.value for b in blames if b.value is not None))
        raw.append((name, operator, math.prod(factors.values()), factors, wanted))
    total = sum(weight for _, _, weight, _, _ in raw)
    ranked = [
        Suspect(name, operator, weight / total, factors, wanted)
        for name, operator, weight, factors, wanted in raw
    ]
    return sorted(ranked, key=lambda s: (-s.weight, s.name))


def operators_ranked(ranking: Iterable[Suspect]) -> list[str]:
    """The repair operators, by the summed suspicion of their hyperparameters."""
    sums: dict[str, float] = {}
    for suspect in ranking:
        sums[suspect.operator] = sums.get(suspect.operator, 0.0) + suspect.weight
    return sorted(sums, key=lambda name: (-sums[name], name))


def operator_rank(ranking: Iterable[Suspect], operators: Iterable[str]) -> float:
    """The best place among ``operators`` in the order of suspicion, from 1; ties share their mean.

    Raises:
        ValueError: If none of them is in the ranking.
    """
    sums: dict[str, float] = {}
    for suspect in ranking:
        sums[suspect.operator] = sums.get(suspect.operator, 0.0) + suspect.weight
    best = max(sums[name] for name in operators if name in sums)
    above = sum(weight > best * (1 + 1e-9) for weight in sums.values())
    level = sum(abs(weight - best) <= best * 1e-9 for weight in sums.values())
    return above + (level + 1) / 2


def _can_change(domain: Domain) -> bool:
    return not (isinstance(domain, Choice) and len(domain.values) == 1)


def _operator(name: str) -> str:
    row = operator_of(name)
    assert row is not None
    return row.name
