"""SMAC: Bayesian optimisation with a random forest; and with Hyperband's short trainings.

Source: Lindauer et al., *SMAC3: A Versatile Bayesian Optimization Package for Hyperparameter
Optimization*, JMLR 2022; the package smac 2.4.1. It is imported when an optimiser is built, not
before: that takes seconds.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from harness.data.extras import require
from harness.records.clocks import ClockFace
from harness.records.outcome import Outcome
from harness.techniques.contract import NotApplicable, Optimiser, Proposal, RepairTask
from harness.techniques.support import (
    Encoding,
    GlobalState,
    Isolation,
    Ledger,
    Penalised,
    Source,
    config_space,
    numpy_state,
    seeds,
)
from harness.vocabulary import Configuration

ENDLESS = 10**6
"""Trials that SMAC is told to expect: the clock ends a run, not SMAC."""

SMAC_ORIGINS: Mapping[str, Source] = {
    "Initial Design: Sobol": Source.SOBOL,
    "Acquisition Function Maximizer: Local Search": Source.MODEL,
    "Acquisition Function Maximizer: Random Search (sorted)": Source.MODEL,
}
"""SMAC's word for where a configuration is from; all others are random draws."""


@dataclass(frozen=True, kw_only=True)
class Smac:
    """SMAC for hyperparameters, starting at the faulty configuration."""

    anytime: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("smac", "ConfigSpace")

    initial: int = 5
    """Observations before the model proposes: the faulty program's, then points of a scrambled
    Sobol sequence. The package's default is ten for each hyperparameter."""
    trees: int = 10
    """Trees of the forest; the package's value."""
    random_share: float = 0.2
    """Share of the proposals that are drawn at random, not by the model; the package's value."""

    def optimiser(self, task: RepairTask, clock: ClockFace, seed: int) -> SmacOptimiser:
        require(*self.needs)
        if not Encoding(task.space).domains:
            raise NotApplicable("no hyperparameter of this program has more than one value")
        return SmacOptimiser(task, seed, self)

    @property
    def halving(self) -> tuple[float, int] | None:
        """The lowest fidelity and the factor between two; None if all trainings are full ones."""
        return None


@dataclass(frozen=True, kw_only=True)
class SmacHyperband(Smac):
    """SMAC over shares of a training: Hyperband decides how far a configuration trains.

    The forest learns from the highest fidelity that has ``initial`` results.
    """

    eta: int = 3
    """One in ``eta`` configurations goes on, for ``eta`` times as long."""
    rungs: int = 3
    """Fidelities in use; the lowest is ``eta ** (1 - rungs)``, the highest 1."""

    @property
    def halving(self) -> tuple[float, int] | None:
        return float(self.eta ** (1 - self.rungs)), self.eta


class SmacOptimiser(Optimiser):
    """One SMAC search, of either kind.

    A failed trial is observed as the declared penalty. It is never trained further: where Hyperband
    would promote it, the penalty is observed for the longer training too. Should SMAC raise or find
    no new configuration, one is drawn from the space instead.
    """

    def __init__(self, task: RepairTask, seed: int, settings: Smac) -> None:
        smac_seed, random_seed, numpy_seed = seeds(seed, 3)
        self._space, self._encoding = task.space, Encoding(task.space)
        self._rng = np.random.default_rng(random_seed)
        log = logging.getLogger("smac")
        level = GlobalState(lambda: log.level, log.setLevel, logging.CRITICAL)
        self._isolated = Isolation(numpy_state(numpy_seed), level)
        self._penalised = Penalised(task.metric)
        self._ledger = Ledger(
            Source.FAULTY, Source.SOBOL, Source.RANDOM, Source.MODEL, Source.FALLBACK
        )
        self._entered: dict[Any, Proposal] = {}
        """SMAC's configuration -> its proposal."""
        self._running: dict[tuple[int, float], Any] = {}
        """Proposal and fidelity -> SMAC's trial."""
        self._failed: dict[int, float] = {}
        """Proposal that failed -> its penalty."""
        self._counts = dict.fromkeys(("observations", "promotions", "failed", "exceptions"), 0)
        with self._isolated():
            start = self._encoding.encode(task.faulty)
            self._smac = _build(self._encoding, start, settings, smac_seed % 2**31)

    def ask(self) -> Proposal:
        while True:
            try:
                with self._isolated():
                    trial = self._smac.ask()
            except Exception:
                self._counts["exceptions"] += 1
                return self._ledger.enter(self._space.sample(self._rng), Source.FALLBACK)
            fidelity = 1.0 if trial.budget is None else float(trial.budget)
            known = self._entered.get(trial.config)
            if known is not None and known.proposal in self._failed:
                self._observe(trial, self._failed[known.proposal], failed=True)
                continue
            if known is None:
                proposal = self._enter(trial.config, fidelity)
            else:
                self._counts["promotions"] += 1
                proposal = replace(known, fidelity=fidelity)
            self._running[proposal.proposal, fidelity] = trial
            return proposal

    def tell(self, proposal: Proposal, outcome: Outcome) -> None:
        lost = outcome.search is None
        self._counts["failed"] += lost
        for learned, loss in self._penalised.losses(proposal, outcome):
            failed = lost or learned is not proposal
            if failed:
                self._failed[learned.proposal] = loss
            trial = self._running.pop((learned.proposal, learned.fidelity), None)
            if trial is None:  # drawn in SMAC's place
                trial = self._foreign(learned)
            self._observe(trial, loss, failed)

    def health(self) -> Mapping[str, int | float | str]:
        """Counters of the ledger, observations, promotions, failed trials, errors of SMAC."""
        return {**self._ledger.health(), **self._counts}

    def _enter(self, drawn: Any, fidelity: float) -> Proposal:
        source = SMAC_ORIGINS.get(drawn.origin, Source.RANDOM) if self._entered else Source.FAULTY
        proposal = self._ledger.enter(self._encoding.decode(dict(drawn)), source, fidelity)
        self._entered[drawn] = proposal
        return proposal

    def _observe(self, trial: Any, loss: float, failed: bool) -> None:
        from smac.runhistory import StatusType, TrialValue

        status = StatusType.CRASHED if failed else StatusType.SUCCESS
        self._counts["observations"] += 1
        with self._isolated():
            self._smac.tell(trial, TrialValue(cost=loss, status=status), save=False)

    def _foreign(self, proposal: Proposal) -> Any:
        """A trial of a configuration that SMAC did not suggest."""
        from smac.runhistory import TrialInfo

        drawn = _configured(self._smac.scenario.configspace, self._encoding, proposal.configuration)
        return TrialInfo(drawn, seed=0, budget=self._smac.scenario.max_budget)


def _configured(space: Any, encoding: Encoding, configuration: Configuration) -> Any:
    from ConfigSpace import Configuration as Point

    return Point(space, values=encoding.encode(configuration))


def _build(encoding: Encoding, start: Mapping[str, Any], settings: Smac, seed: int) -> Any:
    """The package's facade. It writes files as it is built, to a folder that is then removed."""
    from ConfigSpace import Configuration as Point
    from smac import HyperparameterOptimizationFacade, MultiFidelityFacade, Scenario
    from smac.initial_design import SobolInitialDesign
    from smac.main.config_selector import ConfigSelector
    from smac.random_design import ProbabilityRandomDesign

    kind: Any = HyperparameterOptimizationFacade
    limits: dict[str, float] = {}
    factor: dict[str, int] = {}
    observations = 1
    if settings.halving is not None:
        lowest, eta = settings.halving
        kind, observations = MultiFidelityFacade, settings.initial
        limits, factor = {"min_budget": lowest, "max_budget": 1.0}, {"eta": eta}
    with tempfile.TemporaryDirectory(prefix="smac-") as folder:
        scenario = Scenario(
            config_space(encoding.domains, seed),
            output_directory=Path(folder),
            deterministic=True,
            n_trials=ENDLESS,
            seed=seed,
            **limits,
        )
        points = SobolInitialDesign(scenario, n_configs=settings.initial - 1)
        first = [Point(scenario.configspace, values=dict(start)), *points.select_configurations()]
        model = kind.get_model(scenario, n_trees=settings.trees)
        # Ten small trees gain nothing by a thread for each core: starting these takes longer.
        model._rf_opts["n_jobs"] = 1
        return kind(
            scenario,
            model=model,
            initial_design=SobolInitialDesign(scenario, n_configs=0, additional_configs=first),
            intensifier=kind.get_intensifier(scenario, **factor),
            random_design=ProbabilityRandomDesign(settings.random_share, seed=seed),
            config_selector=ConfigSelector(scenario, retrain_after=1, min_trials=observations),
            logging_level=False,
            overwrite=True,
        )
