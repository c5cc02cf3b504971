"""A random walk outwards from the faulty program.

A control of guided repair, which searches near the best program too: what nearness alone is worth,
without localisation and without a table of usual values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.records.clocks import ClockFace
from harness.records.outcome import Outcome
from harness.space.domains import Domain
from harness.techniques.contract import NotApplicable, Optimiser, Proposal, RepairTask
from harness.techniques.support import Encoding, Ledger, Source
from harness.vocabulary import Configuration, Value

MOST_EDITS = 2
"""Most edits of a proposal; one is as likely as two."""

REDRAWS = 100
"""Draws in a row that repeat earlier proposals, after which a repetition is proposed."""


class RandomNearOptimiser(Optimiser):
    """Edits the best program so far, and moves on where an edit helps."""

    def __init__(self, task: RepairTask, seed: int) -> None:
        self._metric = task.metric
        self._domains = Encoding(task.space).domains
        self._rng = np.random.default_rng(seed)
        self._best, self._loss = task.faulty, math.inf
        self._seen: set[frozenset[tuple[str, Value]]] = set()
        self._ledger = Ledger(Source.FAULTY, Source.NEAR)
        self._moves = 0

    def ask(self) -> Proposal:
        if not self._seen:
            return self._enter(self._best, Source.FAULTY)
        edited = self._edited()
        for _ in range(REDRAWS):
            if frozenset(edited.items()) not in self._seen:
                break
            edited = self._edited()
        return self._enter(edited, Source.NEAR)

    def tell(self, proposal: Proposal, outcome: Outcome) -> None:
        if outcome.search is None:
            return
        loss = self._metric.loss(outcome.search)
        if loss < self._loss:
            self._moves += proposal.proposal > 0
            self._best, self._loss = proposal.configuration, loss

    def health(self) -> Mapping[str, int | float | str]:
        """Counters of the ledger, and how often a proposal took over."""
        return {**self._ledger.health(), "moves": self._moves}

    def _enter(self, configuration: Configuration, source: Source) -> Proposal:
        self._seen.add(frozenset(configuration.items()))
        return self._ledger.enter(configuration, source)

    def _edited(self) -> dict[str, Value]:
        """The best program with one or two hyperparameters at other values."""
        count = int(self._rng.integers(min(MOST_EDITS, len(self._domains)))) + 1
        names = [*self._domains]
        chosen = self._rng.choice(len(names), size=count, replace=False)
        edits = {names[i]: self._other(names[i], self._domains[names[i]]) for i in chosen}
        return {**self._best, **edits}

    def _other(self, name: str, domain: Domain) -> Value:
        """A value drawn from the domain, other than the present one."""
        while (value := domain.sample(self._rng)) == self._best[name]:
            pass
        return value


@dataclass(frozen=True, kw_only=True)
class RandomNear:
    """Single and double edits of the best program so far, kept if better on the search part.

    Hyperparameters are drawn uniformly, values as their domains draw them. The faulty program comes
    first. Chance differences count as gains, as nothing is trained twice.
    """

    anytime: ClassVar[bool] = True

    def optimiser(self, task: RepairTask, clock: ClockFace, seed: int) -> RandomNearOptimiser:
        if not Encoding(task.space).domains:
            raise NotApplicable("no hyperparameter of this program has more than one value")
        return RandomNearOptimiser(task, seed)
