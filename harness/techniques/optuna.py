"""What the techniques of Optuna share: a study without a storage that is asked and told.

Source: Akiba et al., *Optuna: A Next-generation Hyperparameter Optimization Framework*, KDD 2019;
the package optuna 5.0.0. It is imported when an optimiser is built, not before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from harness.records.outcome import Outcome
from harness.space.domains import Choice, DearNumber, Domain, Integer
from harness.techniques.contract import Optimiser, Proposal, RepairTask
from harness.techniques.support import (
    Encoding,
    GlobalState,
    Isolation,
    Ledger,
    Penalised,
    Source,
    numpy_state,
    seeds,
)

MakeSampler = Callable[[int], Any]
"""Seed -> a sampler of Optuna."""


class OptunaOptimiser(Optimiser):
    """One search by a sampler of Optuna, starting at the faulty configuration.

    A failed trial is observed as the declared penalty. Should the sampler raise, a configuration
    is drawn from the space instead.
    """

    def __init__(
        self,
        task: RepairTask,
        seed: int,
        make: MakeSampler,
        initial: int,
        states: Callable[[int], tuple[GlobalState, ...]] = lambda seed: (),
    ) -> None:
        """Start a search.

        Args:
            task: The program under repair.
            seed: Of all randomness.
            make: Makes the sampler.
            initial: Observations before the sampler's model proposes.
            states: Seed -> further global states that the sampler uses, besides NumPy's.
        """
        import optuna

        sampler_seed, random_seed, numpy_seed, other_seed = seeds(seed, 4)
        level = GlobalState(
            optuna.logging.get_verbosity, optuna.logging.set_verbosity, optuna.logging.ERROR
        )
        self._isolated = Isolation(numpy_state(numpy_seed), level, *states(other_seed))
        self._space, self._encoding = task.space, Encoding(task.space)
        self._rng = np.random.default_rng(random_seed)
        self._initial = initial
        self._first: Mapping[str, Any] | None = task.faulty
        with self._isolated():
            self._study = optuna.create_study(sampler=make(sampler_seed))
            self._distributions = {
                name: _distribution(domain) for name, domain in self._encoding.domains.items()
            }
        self._running: dict[int, Any] = {}
        self._observations = 0
        self._exceptions = 0
        self._penalised = Penalised(task.metric)
        self._ledger = Ledger(Source.FAULTY, Source.RANDOM, Source.MODEL, Source.FALLBACK)

    def ask(self) -> Proposal:
        if self._first is not None:
            first, self._first = self._first, None
            return self._ledger.enter(first, Source.FAULTY)
        source = Source.MODEL if self._observations >= self._initial else Source.RANDOM
        try:
            with self._isolated():
                trial = self._study.ask(self._distributions)
        except Exception:
            self._exceptions += 1
            return self._ledger.enter(self._space.sample(self._rng), Source.FALLBACK)
        proposal = self._ledger.enter(self._encoding.decode(trial.params), source)
        self._running[proposal.proposal] = trial
        return proposal

    def tell(self, proposal: Proposal, outcome: Outcome) -> None:
        for learned, loss in self._penalised.losses(proposal, outcome):
            self._observations += 1
            with self._isolated():
                trial = self._running.pop(learned.proposal, None)
                if trial is None:
                    self._study.add_trial(self._foreign(learned, loss))
                else:
                    self._study.tell(trial, loss)

    def health(self) -> Mapping[str, int | float | str]:
        """Counters of the ledger, observations, and suggestions in which the sampler raised."""
        return {
            **self._ledger.health(),
            "observations": self._observations,
            "exceptions": self._exceptions,
        }

    def _foreign(self, proposal: Proposal, loss: float) -> Any:
        """A finished trial of a configuration that the sampler did not suggest."""
        from optuna.trial import create_trial

        return create_trial(
            params=self._encoding.encode(proposal.configuration),
            distributions=self._distributions,
            value=loss,
        )


def _distribution(domain: Domain) -> Any:
    """A domain in Optuna's terms."""
    from optuna import distributions

    if isinstance(domain, Choice):
        return distributions.CategoricalDistribution(tuple(range(len(domain.values))))
    if isinstance(domain, DearNumber):
        return distributions.FloatDistribution(0.0, 1.0)
    if isinstance(domain, Integer):
        return distributions.IntDistribution(domain.low, domain.high, log=domain.log)
    return distributions.FloatDistribution(domain.low, domain.high, log=domain.log)
