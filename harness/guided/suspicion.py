"""How strongly each hyperparameter is suspected, before any edit is tried, and why.

Three kinds of evidence multiply: a prior over the repair operators, the symptoms of the faulty
program's own training, and the hyperparameters that a localiser blames. Each weight that was
applied is kept, so that a patch can be explained.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from harness.operators import operator_of
from harness.space import Space
from harness.tables import Outcome
from harness.vocabulary import Metric, TrialStatus, Value

PRIOR: Mapping[str, float] = {
    "activation": 5,
    "loss": 4,
    "layer": 4,
    "batch_size": 3,
    "optimiser": 2,
    "initialiser": 2,
    "learning_rate": 1,
    "epochs": 1,
    "neurons": 1,
}
"""Leaves of the fault taxonomy that each repair operator can mend, as read from its figure:
missing or wrong activations (5), wrong, missing or wrongly computed losses (4), missing, redundant
or wrong layers (4), batching (3), optimisation function and its settings (2), initialisation of
weights or model (2), learning rate, epochs, neurons (1 each).
Source: Humbatova et al., *Taxonomy of Real Faults in Deep Learning Systems*, ICSE 2020, figure 1."""


class Symptom(StrEnum):
    """What the training losses of a program show."""

    NOT_FINITE = "not_finite"
    """Loss, weights or predictions were no numbers in the end."""
    FLAT = "flat"
    """The loss did not fall."""
    UNSTABLE = "unstable"
    """The loss rose again and again."""
    UNFINISHED = "unfinished"
    """The loss was still falling when the training ended."""
    SETTLED = "settled"
    """The loss fell and came to rest: the program learned what it can, or the wrong thing."""


BLAMES: Mapping[Symptom, Mapping[str, float]] = {
    Symptom.NOT_FINITE: {"learning_rate": 8, "loss": 4, "activation": 3, "initialiser": 2},
    Symptom.FLAT: {"learning_rate": 4, "activation": 3, "initialiser": 2, "optimiser": 2, "loss": 2},
    Symptom.UNSTABLE: {"learning_rate": 5, "optimiser": 2, "batch_size": 2, "activation": 2},
    Symptom.UNFINISHED: {"learning_rate": 6, "epochs": 5, "optimiser": 3, "batch_size": 2},
    Symptom.SETTLED: {"activation": 3, "loss": 3, "neurons": 2, "layer": 2},
}
"""Symptom -> repair operator -> by how much more it is suspected. What a rate, an optimiser or a
number of epochs can do to a loss curve is textbook: Goodfellow et al., *Deep Learning*, 2016,
chapters 8 and 11; for activations and initialisers Zhang et al. (AutoTrainer), ICSE 2021."""

BUG, ADVICE = 12.0, 3.0
"""By how much more a hyperparameter is suspected that a localiser calls a bug, or advises on."""

FLAT_FALL, RISES, LATE_SHARE = 0.05, 0.3, 0.15
"""A fall of the loss below 5 % is none; a loss that rises in over 30 % of the epochs is unstable; at
least 15 % of the whole fall in the last quarter of the training means that it had not ended."""


@dataclass(frozen=True, slots=True)
class Blame:
    """A hyperparameter that a localiser names, and the value that it suggests, if any."""

    hyperparameter: str
    bug: bool
    """Whether it is called a bug; otherwise it is advice."""
    value: Value | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Suspect:
    """One hyperparameter."""

    name: str
    weight: float
    """Share of all suspicion, in (0, 1]."""
    evidence: Mapping[str, float]
    """What multiplied its weight: name of the evidence -> factor."""
    suggested: tuple[Value, ...] = ()
    """Values that a localiser suggests."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of a program before any edit."""

    symptoms: Sequence[Symptom] = ()
    blames: Sequence[Blame] = ()
    prior: Mapping[str, float] = field(default_factory=lambda: PRIOR)


def symptoms(outcome: Outcome) -> list[Symptom]:
    """What the losses of one training show; ``losses`` holds the mean of each epoch.

    A program of one or two epochs shows only whether it ended as numbers.

    >>> falling = Outcome(status=TrialStatus.COMPLETED, seconds=1, search=0.5, holdout=0.5,
    ...                   losses=(8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0))
    >>> symptoms(falling)
    [<Symptom.UNFINISHED: 'unfinished'>]
    """
    if outcome.status is TrialStatus.DIVERGED:
        return [Symptom.NOT_FINITE]
    losses = np.asarray(outcome.losses, dtype=float)
    if len(losses) < 3:
        return []
    first, last, lowest = losses[0], losses[-1], losses.min()
    scale = max(abs(first), 1e-12)
    if (first - lowest) / scale < FLAT_FALL:
        return [Symptom.FLAT]
    found = []
    moves = np.diff(losses)
    if (moves > 0.01 * scale).mean() > RISES:
        found.append(Symptom.UNSTABLE)
    tail = losses[-max(2, len(losses) // 4) - 1]
    if (tail - last) >= LATE_SHARE * (first - lowest):
        found.append(Symptom.UNFINISHED)
    return found or [Symptom.SETTLED]


def suspects(space: Space, evidence: Evidence) -> list[Suspect]:
    """The searched hyperparameters, the most suspected first.

    An operator's suspicion is shared out over its hyperparameters in the space; blame then falls
    on single ones.
    """
    groups: dict[str, list[str]] = {}
    for name in space.domains:
        row = operator_of(name)
        assert row is not None
        groups.setdefault(row.name, []).append(name)
    raw: dict[str, tuple[float, dict[str, float]]] = {}
    for operator, names in groups.items():
        factors = {"prior": evidence.prior.get(operator, 1.0)}
        for symptom in evidence.symptoms:
            if factor := BLAMES[symptom].get(operator):
                factors[symptom.value] = factor
        for name in names:
            own = {**factors, "shared": 1 / len(names)}
            for blame in evidence.blames:
                if blame.hyperparameter == name:
                    key = blame.reason or ("bug" if blame.bug else "advice")
                    own[key] = BUG if blame.bug else ADVICE
            raw[name] = (math.prod(own.values()), own)
    total = sum(weight for weight, _ in raw.values())
    ranked = [
        Suspect(
            name=name,
            weight=weight / total,
            evidence=factors,
            suggested=tuple(
                b.value
                for b in evidence.blames
                if b.hyperparameter == name and b.value is not None
            ),
        )
        for name, (weight, factors) in raw.items()
    ]
    return sorted(ranked, key=lambda s: (-s.weight, s.name))


def operators_ranked(ranking: Sequence[Suspect]) -> list[str]:
    """The repair operators, by the summed suspicion of their hyperparameters."""
    sums: dict[str, float] = {}
    for suspect in ranking:
        row = operator_of(suspect.name)
        assert row is not None
        sums[row.name] = sums.get(row.name, 0.0) + suspect.weight
    return sorted(sums, key=lambda name: (-sums[name], name))
