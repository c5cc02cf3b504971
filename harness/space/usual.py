"""How usual the values of one program are.

One answer serves twice: a value that nobody uses is suspicious, and the usual ones are tried first.
What is usual stands in the rows of ``harness.space.operators``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.space.derivation import Space
from harness.space.domains import Choice, Domain
from harness.space.operators import operator_of
from harness.space.practice import (
    BOUNDED,
    OWN,
    RARE,
    Circumstances,
    NumberPractice,
    Practice,
    needed_rate,
    steps_of,
)
from harness.vocabulary import Configuration, Value


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual for the hyperparameters of one program."""

    space: Space
    labels: str
    """Encoding of the labels, a key of ``harness.space.operators.LOSSES_FOR``."""
    faulty: Configuration
    steps: float = math.inf
    """Training steps of the faulty program."""

    def suspicion(self, name: str, configuration: Configuration) -> float:
        """Likelihood ratio: how much likelier a value is to be wrong than right by itself.

        A wrong value is taken to be anywhere in the domain (numbers: on a logarithmic scale).
        Capped, since a table of rough shares cannot be sure. 1 where nothing is known of a number.
        """
        domain, value = self.space.domains[name], configuration[name]
        if isinstance(domain, Choice):
            ratio = 1 / len(domain.values) / self.shares(name, configuration)[value]
            return _capped(ratio)
        practice = _practice(name)
        if not isinstance(practice, NumberPractice):
            return 1.0
        density = practice.density(float(value), configuration, self._around)
        return _capped(1 / practice.wrong / density)

    def shares(self, name: str, configuration: Configuration) -> dict[Value, float]:
        """Value -> its share; of a number, the values worth trying. They sum to one."""
        domain, practice = self.space.domains[name], _practice(name)
        if isinstance(domain, Choice):
            raw = self._choices(name, domain, practice, configuration)
        else:
            raw = self._numbers(name, domain, practice, configuration)
        total = sum(raw.values())
        return {value: share / total for value, share in raw.items()}

    def most_usual(self, name: str, configuration: Configuration) -> Value:
        """The most usual of a hyperparameter's present value and of those worth trying.

        Of equally usual ones the present value, else the first. The present value where nothing is
        known of a number.
        """
        domain, practice, now = self.space.domains[name], _practice(name), configuration[name]
        known = self.shares(name, configuration)
        if not isinstance(domain, Choice):
            if not isinstance(practice, NumberPractice):
                return now
            tried = (now, *known)
            known = {v: practice.density(float(v), configuration, self._around) for v in tried}
        most = max(known.values())
        return now if known[now] == most else next(v for v in known if known[v] == most)

    def usual_program(self) -> dict[str, Value]:
        """The faulty program with every searched hyperparameter at its most usual value.

        A value may be usual for others only: a learning rate for an optimiser and a number of
        steps. So a second pass judges the values of the first. Each value is one that a single edit
        of the faulty program could set.
        """
        found = dict(self.faulty)
        for _ in range(2):
            chosen = {
                name: self.most_usual(name, {**found, name: self.faulty[name]})
                for name in self.space.domains
            }
            found |= chosen
        return found

    def _choices(
        self, name: str, domain: Choice, practice: Practice | None, configuration: Configuration
    ) -> dict[Value, float]:
        if practice is None:
            return dict.fromkeys(domain.values, 1.0)
        if isinstance(practice, NumberPractice):
            return {
                v: practice.density(float(v), configuration, self._around) for v in domain.values
            }
        known = dict(practice.known(name, domain, configuration, self._around))
        own = [v for v in domain.values if practice.standard and v not in practice.standard]
        known |= {v: OWN / len(own) for v in own}
        return {v: known.get(v, RARE) for v in domain.values}

    def _numbers(
        self, name: str, domain: Domain, practice: Practice | None, configuration: Configuration
    ) -> dict[Value, float]:
        assert not isinstance(domain, Choice)
        now = float(configuration[name])
        if isinstance(practice, NumberPractice):
            wanted = practice.tries(now, configuration, self._around)
        else:
            wanted = dict.fromkeys((now / 4, now / 2, now * 2, now * 4), 1.0)
        whole = isinstance(domain.low, int)
        raw: dict[Value, float] = {}
        for value, weight in wanted.items():
            inside = min(max(value, domain.low), domain.high)
            number = round(inside) if whole else float(f"{inside:.6g}")
            if number not in domain:
                continue
            raw[number] = weight
            if isinstance(practice, NumberPractice):
                raw[number] *= math.sqrt(practice.density(number, configuration, self._around))
        return raw

    @property
    def _around(self) -> Circumstances:
        return Circumstances(self.labels, self.output(), self.faulty, self.steps)

    def output(self) -> str:
        """The activation of the output layer: that of the highest number; '' without any."""
        names = [n for n in self.space.domains if n.startswith("activation_")]
        return max(names, key=lambda n: int(n.rsplit("_", 1)[1]), default="")

    def rate(self, configuration: Configuration) -> float:
        """The usual learning rate of the program's optimiser, or what its few steps need."""
        return needed_rate(configuration, self._around)

    def reach(self, configuration: Configuration) -> float:
        """How far training can move a weight: rate times steps; infinite without a bound."""
        if str(configuration["optimiser"]) not in BOUNDED:
            return math.inf
        return float(configuration["learning_rate"]) * steps_of(configuration, self._around)


def _capped(ratio: float) -> float:
    return min(max(ratio, 0.1), 30.0)


def _practice(name: str) -> Practice | None:
    row = operator_of(name)
    assert row is not None, name
    return row.practice
