"""BOHB: Hyperband's short trainings, with configurations drawn by kernel density estimators.

Source: Falkner et al., *BOHB: Robust and Efficient Hyperparameter Optimization at Scale*, ICML
2018; the package hpbandster 0.7.4. It is imported when an optimiser is built, not before: that
takes seconds. The imported parts do not need the package netifaces.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from harness.data.extras import require
from harness.records.clocks import ClockFace
from harness.records.outcome import Outcome
from harness.space.domains import Domain
from harness.techniques.contract import Optimiser, Proposal, RepairTask
from harness.techniques.support import (
    Encoding,
    Isolation,
    Ledger,
    Source,
    config_space,
    numpy_state,
    seeds,
)
from harness.vocabulary import Configuration

FAILURE_LINES = ("Sampling based optimization", "Error (")
"""Starts of hpbandster's warnings that it falls back to a random configuration."""


@dataclass(frozen=True, kw_only=True)
class Bohb:
    """BOHB over shares of a training, starting with the faulty configuration.

    Hyperband runs brackets of successive halving in turn: with the defaults, 9 configurations at
    1/9 of their training, of which 3 go on to 1/3 and 1 to the end; 3 at 1/3, of which 1 goes on;
    3 in full. Together that costs 7 full trainings and starts 15 configurations. The model needs
    2 (d + 1) results at one fidelity, d being the number of searched hyperparameters; hpbandster
    allows no fewer. Measured without failures, it first proposes after 14 full trainings for d = 9,
    15 to 17 for 12, 23 for 17, 28 for 19 and 42 for 27; before that, BOHB is Hyperband.
    """

    anytime: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("hpbandster", "ConfigSpace")

    eta: int = 3
    """One in ``eta`` configurations goes on, for ``eta`` times as long."""
    rungs: int = 3
    """Fidelities in use; the lowest is ``eta ** (1 - rungs)``, the highest 1."""
    top_n_percent: int = 15
    """Share of the observations that counts as good; this and the rest: hpbandster's defaults."""
    num_samples: int = 64
    random_fraction: float = 1 / 3
    bandwidth_factor: float = 3.0
    min_bandwidth: float = 1e-3

    def optimiser(self, task: RepairTask, clock: ClockFace, seed: int) -> BohbOptimiser:
        require(*self.needs)
        return BohbOptimiser(task, seed, self)


@dataclass(frozen=True, kw_only=True)
class BohbIcst23:
    """BOHB as the study's package ran it: full trainings only, and no result reaches the model.

    That is random search from the faulty configuration on.

    Source: replication package of Kim et al., ICST 2023; Ray Tune's ``TuneBOHB`` under a
    ``HyperBandForBOHB`` of one iteration, which ends each trial before the searcher sees it.
    """

    anytime: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("hpbandster", "ConfigSpace")

    def optimiser(self, task: RepairTask, clock: ClockFace, seed: int) -> BohbIcst23Optimiser:
        require(*self.needs)
        return BohbIcst23Optimiser(task, seed)


def bracket_plan(number: int, eta: int, rungs: int) -> tuple[list[int], list[float]]:
    """Configurations per rung and fidelity per rung of Hyperband's bracket ``number``, from 0.

    Source: ``get_next_iteration`` of hpbandster's ``BOHB``, which also opens a name server.

    >>> bracket_plan(1, eta=3, rungs=3)
    ([3, 1], [0.3333333333333333, 1.0])
    """
    last = rungs - 1 - number % rungs
    first = rungs // (last + 1) * eta**last
    counts = [max(first // eta**i, 1) for i in range(last + 1)]
    return counts, [float(eta**-i) for i in range(last, -1, -1)]


class BohbOptimiser(Optimiser):
    """One BOHB search. Every ask is answered, as asks and tells alternate.

    A failed trial has no value and an infinite loss, which equals a penalty, as the model only
    ranks. It is never promoted. If fewer trials survive a rung than should go on, new
    configurations start at the next rung, as in hpbandster.
    """

    def __init__(self, task: RepairTask, seed: int, settings: Bohb) -> None:
        self._settings = settings
        self._metric = task.metric
        self._sampler = _Sampler(task, seed, settings)
        self._ledger = Ledger(Source.FAULTY, Source.RANDOM, Source.MODEL, Source.FALLBACK)
        self._brackets = 0
        self._bracket: Any = None
        self._entered: dict[Any, Proposal] = {}
        self._running: dict[int, Any] = {}
        self._promotions = 0
        self._failed = 0

    def ask(self) -> Proposal:
        run = self._bracket.get_next_run() if self._bracket is not None else None
        if run is None:
            self._bracket = self._next_bracket()
            run = self._bracket.get_next_run()
        identity, drawn, fidelity = run
        if identity in self._entered:
            self._promotions += 1
            proposal = replace(self._entered[identity], fidelity=fidelity)
        else:
            source = self._bracket.data[identity].config_info["source"]
            proposal = self._ledger.enter(drawn, source, fidelity)
            self._entered[identity] = proposal
        self._running[proposal.proposal] = identity
        return proposal

    def tell(self, proposal: Proposal, outcome: Outcome) -> None:
        loss = None if outcome.search is None else self._metric.loss(outcome.search)
        self._failed += loss is None
        job = _job(
            self._running.pop(proposal.proposal), proposal.configuration, proposal.fidelity, loss
        )
        self._bracket.register_result(job)
        self._sampler.learn(proposal.configuration, proposal.fidelity, loss)

    def health(self) -> Mapping[str, int | float | str]:
        """Counters of the ledger, promotions, failed trials, observations at every fidelity.

        Once a fidelity has a model, hpbandster collects no observations below it.
        """
        highest = self._settings.rungs - 1
        known = {
            f"observations_at_1/{self._settings.eta**i}" if i else "observations_at_1": (
                self._sampler.observations(i)
            )
            for i in range(highest, -1, -1)
        }
        return {
            **self._ledger.health(),
            "promotions": self._promotions,
            "failed": self._failed,
            "observations": sum(known.values()),
            **known,
        }

    def _next_bracket(self) -> Any:
        from hpbandster.optimizers.iterations import SuccessiveHalving

        counts, fidelities = bracket_plan(self._brackets, self._settings.eta, self._settings.rungs)
        self._brackets += 1
        return SuccessiveHalving(
            HPB_iter=self._brackets - 1,
            num_configs=counts,
            budgets=fidelities,
            config_sampler=self._sampler.draw,
        )


class BohbIcst23Optimiser(Optimiser):
    """The faulty configuration, then the draws of hpbandster without a model."""

    def __init__(self, task: RepairTask, seed: int) -> None:
        self._sampler = _Sampler(task, seed, Bohb())
        self._ledger = Ledger(Source.FAULTY, Source.RANDOM)

    def ask(self) -> Proposal:
        configuration, info = self._sampler.draw()
        return self._ledger.enter(configuration, info["source"])

    def tell(self, proposal: Proposal, outcome: Outcome) -> None:
        """Nothing: in the study no result reached the model."""

    def health(self) -> Mapping[str, int | float | str]:
        return {**self._ledger.health(), "observations": 0}


class _Sampler:
    """hpbandster's generator of configurations, in the project's terms."""

    def __init__(self, task: RepairTask, seed: int, settings: Bohb) -> None:
        space_seed, numpy_seed = seeds(seed, 2)
        self._eta = settings.eta
        self._encoding = Encoding(task.space)
        self._isolated = Isolation(numpy_state(numpy_seed))
        self._first: Configuration | None = task.faulty
        self._failures = _Failures()
        with self._isolated():
            self._generator = _generator(
                self._encoding.domains, space_seed, settings, self._failures
            )

    def draw(self, fidelity: float | None = None) -> tuple[Configuration, dict[str, Source]]:
        """A configuration and its source; the faulty configuration comes first.

        hpbandster may report a model-based pick and return a random one. Its warnings reveal that.

        Args:
            fidelity: Has no effect: hpbandster uses its model of the highest fidelity.
        """
        if self._first is not None:
            first, self._first = self._first, None
            return first, {"source": Source.FAULTY}
        before = self._failures.count
        with self._isolated():
            numbers, info = self._generator.get_config(fidelity)
        if self._failures.count > before:
            source = Source.FALLBACK
        else:
            source = Source.MODEL if info["model_based_pick"] else Source.RANDOM
        return self._encoding.decode(numbers), {"source": source}

    def learn(self, configuration: Configuration, fidelity: float, loss: float | None) -> None:
        numbers = self._encoding.encode(configuration)
        with self._isolated():
            self._generator.new_result(_job(None, numbers, fidelity, loss))

    def observations(self, rung: int) -> int:
        """Results that the model holds at fidelity ``eta ** -rung``."""
        return len(self._generator.losses.get(float(self._eta**-rung), ()))


class _Failures(logging.Handler):
    """Counts hpbandster's warnings of random configurations."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += record.getMessage().startswith(FAILURE_LINES)


def _generator(
    domains: Mapping[str, Domain], seed: int, settings: Bohb, failures: logging.Handler
) -> Any:
    from hpbandster.optimizers.config_generators.bohb import BOHB

    logger = logging.Logger("hpbandster")
    logger.addHandler(failures)
    return BOHB(
        config_space(domains, seed),
        top_n_percent=settings.top_n_percent,
        num_samples=settings.num_samples,
        random_fraction=settings.random_fraction,
        bandwidth_factor=settings.bandwidth_factor,
        min_bandwidth=settings.min_bandwidth,
        logger=logger,
    )


def _job(identity: Any, numbers: Mapping[str, Any], fidelity: float, loss: float | None) -> Any:
    """A result in hpbandster's form. Without a loss it counts as crashed."""
    from hpbandster.core.dispatcher import Job

    job = Job(identity, config=dict(numbers), budget=fidelity)
    job.result = None if loss is None else {"loss": loss}
    return job
