"""The edits worth trying on one hyperparameter, each with how likely it is to help.

What practitioners reach for first comes first: common activations and losses that fit the labels,
rates a factor of ten up or down, more epochs. Nothing here knows the fixed program.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from harness.domains import Choice, Domain
from harness.operators import operator_of
from harness.space import Space
from harness.vocabulary import Configuration, Value


@dataclass(frozen=True, slots=True)
class Edit:
    """One hyperparameter set to one value."""

    name: str
    value: Value
    weight: float
    """Share of the hyperparameter's edits, in (0, 1]."""

    def __str__(self) -> str:
        shown = f"{self.value:g}" if isinstance(self.value, float) else str(self.value)
        return f"{self.name} = {shown}"


HIDDEN = {"relu": 6.0, "tanh": 2, "elu": 2, "selu": 1, "sigmoid": 1, "softplus": 0.5, "linear": 0.5}
OUTPUT: Mapping[str, Mapping[str, float]] = {
    "one_hot": {"softmax": 6, "sigmoid": 3, "linear": 0.5},
    "classes": {"softmax": 6, "linear": 1},
    "binary": {"sigmoid": 8, "linear": 0.5},
    "real": {"linear": 8, "relu": 1, "softplus": 1, "sigmoid": 0.5, "tanh": 0.5},
}
LOSS: Mapping[str, Mapping[str, float]] = {
    "one_hot": {"categorical_crossentropy": 6, "binary_crossentropy": 3, "mean_squared_error": 2},
    "classes": {"sparse_categorical_crossentropy": 6},
    "binary": {"binary_crossentropy": 6, "mean_squared_error": 2, "hinge": 0.5},
    "real": {"mean_squared_error": 5, "mean_absolute_error": 3, "log_cosh": 2},
}
OPTIMISER = {"adam": 5.0, "rmsprop": 3, "sgd": 2, "nadam": 2, "adamax": 1, "adagrad": 0.5}
KERNEL = {"glorot_uniform": 5.0, "he_normal": 3, "he_uniform": 2, "lecun_normal": 1}
BIAS = {"zeros": 6.0}
BATCH = {32: 4.0, 64: 3, 128: 3, 16: 1, 256: 1, 512: 0.5}
RATE_FACTORS = {10.0: 4.0, 0.1: 4, 100.0: 3, 0.01: 2, 1000.0: 1, 3.0: 1, 0.3: 1}
USUAL_RATES = {0.001: 4.0, 0.01: 3, 0.1: 1, 0.0001: 0.5, 1.0: 0.5}
EPOCH_FACTORS = {2.0: 4.0, 4.0: 4, 10.0: 2, 0.5: 0.5}
UNIT_FACTORS = {2.0: 3.0, 0.5: 1}
OTHER = 0.05
"""Weight of a value that nobody reaches for first."""


def edits_of(name: str, space: Space, current: Configuration, labels: str) -> list[Edit]:
    """Edits of one hyperparameter, the most promising first; their weights sum to one.

    Args:
        name: A hyperparameter of ``space``.
        space: Where its values come from.
        current: The configuration to be edited.
        labels: Encoding of the labels, a key of ``harness.operators.LOSSES_FOR``.
    """
    domain, now = space.domains[name], current[name]
    weights = {v: w for v, w in _weights(name, space, current, labels).items() if v != now}
    weights = {v: w for v, w in weights.items() if v in domain}
    total = sum(weights.values())
    edits = [Edit(name, value, weight / total) for value, weight in weights.items()]
    return sorted(edits, key=lambda e: (-e.weight, str(e.value)))


def _weights(
    name: str, space: Space, current: Configuration, labels: str
) -> dict[Value, float]:
    domain, now = space.domains[name], current[name]
    row = operator_of(name)
    assert row is not None
    if row.name == "activation":
        last = name == max((n for n in space.domains if n.startswith("activation_")), key=_number)
        return _of(OUTPUT[labels] if last else HIDDEN, domain)
    if row.name == "loss":
        return _of(LOSS[labels], domain)
    if row.name == "optimiser":
        return _of(OPTIMISER, domain)
    if row.name == "initialiser":
        return _of(BIAS if name.startswith("bias") else KERNEL, domain)
    assert isinstance(now, int | float)
    if row.name == "batch_size":
        return _near(BATCH, domain)
    if row.name == "learning_rate":
        factors = {now * factor: weight for factor, weight in RATE_FACTORS.items()}
        return _near({**factors, **USUAL_RATES}, domain)
    if row.name == "epochs":
        return _near({round(now * f): w for f, w in EPOCH_FACTORS.items()}, domain)
    return _of({round(now * f): w for f, w in UNIT_FACTORS.items()}, domain)


def _of(weights: Mapping[Value, float] | Mapping[str, float] | Mapping[int, float], domain: Domain) -> dict[Value, float]:
    """All values of a choice, those without a weight of their own with a small one."""
    assert isinstance(domain, Choice)
    known: Mapping[Value, float] = dict(weights)  # type: ignore[arg-type]
    return {value: known.get(value, OTHER) for value in domain.values}


def _near(weights: Mapping[float, float] | Mapping[int, float], domain: Domain) -> dict[Value, float]:
    """The values that the domain has; a number outside a range is put at its end."""
    if isinstance(domain, Choice):
        return _of(weights, domain)
    kind = int if isinstance(domain.low, int) else float
    inside: dict[Value, float] = {}
    for value, weight in weights.items():
        number = kind(min(max(value, domain.low), domain.high))
        inside[number] = max(weight, inside.get(number, 0.0))
    return inside


def _number(name: str) -> int:
    return int(name.rsplit("_", 1)[1])


def error(value: float, higher_is_better: bool) -> float:
    """A metric as an error: 1 - accuracy, or the metric itself if lower is better.

    >>> error(0.9, higher_is_better=True)
    0.09999999999999998
    """
    return 1 - value if higher_is_better else value


def gain(before: float, after: float) -> float:
    """Share of an error that is gone, in (-inf, 1]; nothing to gain counts as none."""
    return 0.0 if before <= 0 or not math.isfinite(before) else 1 - after / before
