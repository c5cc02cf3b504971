"""The search space of a fault, derived from its faulty program and the nine operators.

Nothing here looks at the fixed program: two subjects that differ only in their fix have one space.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from harness.space.domains import Domain
from harness.space.operators import OPERATORS, Context, Operator, Values, operator_of
from harness.vocabulary import DEFAULT_SPACE, Configuration, Value, unknown

VARIANTS: Mapping[str, Callable[[Operator], Values]] = {
    "cost_aware": lambda row: row.cost_aware or row.corrected,
    "corrected": lambda row: row.corrected,
    "icst23": lambda row: row.icst23,
}


@dataclass(frozen=True, slots=True)
class Space:
    """The hyperparameters that a technique may change, each with its domain.

    ``frozen`` holds the settings that no operator reaches; every configuration carries them along.
    """

    variant: str
    domains: Mapping[str, Domain]
    frozen: Configuration

    def sample(self, rng: np.random.Generator) -> dict[str, Value]:
        """A full configuration, every hyperparameter drawn independently."""
        return self.complete({name: domain.sample(rng) for name, domain in self.domains.items()})

    def complete(self, values: Configuration) -> dict[str, Value]:
        """``values`` of the searched hyperparameters, together with the frozen settings."""
        return {**self.frozen, **values}

    def __contains__(self, configuration: object) -> bool:
        """Whether every value lies in its domain and every setting is untouched."""
        if not isinstance(configuration, Mapping):
            return False
        if set(configuration) != set(self.domains) | set(self.frozen):
            return False
        return all(configuration[n] in d for n, d in self.domains.items()) and all(
            configuration[n] == v for n, v in self.frozen.items()
        )


def derive(faulty: Configuration, context: Context, variant: str = DEFAULT_SPACE) -> Space:
    """The space around ``faulty``: one domain for every hyperparameter that an operator reaches.

    Args:
        faulty: The faulty program's configuration, settings included.
        context: What else the domains may depend on: encoding of the labels, the subject's own
            values.
        variant: A key of ``VARIANTS``. ``cost_aware`` holds the programs of ``corrected`` and draws
            long trainings seldom: a draw costs about as much as the faulty program, where one of
            ``corrected`` costs up to 20 times as much (``docs/clocks.md``).

    Raises:
        HarnessError: If there is no such variant.

    Source: Kim et al., ICST 2023, section IV-B, and its replication package (``icst23``).
    """
    if variant not in VARIANTS:
        raise unknown("search space", variant, VARIANTS)
    rows = {name: operator_of(name) for name in faulty}
    domains = {
        name: VARIANTS[variant](row)(name, faulty[name], context)
        for name, row in rows.items()
        if row is not None
    }
    ordered = {
        name: domains[name] for row in OPERATORS for name in sorted(domains) if rows[name] is row
    }
    return Space(variant, ordered, {n: v for n, v in faulty.items() if rows[n] is None})
