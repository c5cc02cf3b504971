"""TPE: configurations drawn by two density estimators, of the good and of the other ones.

Source: Bergstra et al., *Algorithms for Hyper-Parameter Optimization*, NeurIPS 2011; Watanabe,
*Tree-Structured Parzen Estimator*, 2023; the sampler ``TPESampler`` of Optuna.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from harness.data.extras import require
from harness.records.clocks import ClockFace
from harness.techniques.contract import NotApplicable, RepairTask
from harness.techniques.optuna import OptunaOptimiser
from harness.techniques.support import Encoding


@dataclass(frozen=True, kw_only=True)
class Tpe:
    """TPE, starting at the faulty configuration."""

    anytime: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("optuna",)

    initial: int = 5
    """Observations before the model proposes, the faulty program's among them; before that,
    configurations are drawn at random. The package's default is 10."""
    candidates: int = 24
    """Draws from the estimator of the good configurations, of which the one that the other
    estimator thinks least likely, relatively, is proposed; the package's value."""

    def optimiser(self, task: RepairTask, clock: ClockFace, seed: int) -> OptunaOptimiser:
        require(*self.needs)
        if not Encoding(task.space).domains:
            raise NotApplicable("no hyperparameter of this program has more than one value")
        return OptunaOptimiser(task, seed, self._sampler, self.initial)

    def _sampler(self, seed: int) -> Any:
        from optuna.samplers import TPESampler

        return TPESampler(seed=seed, n_startup_trials=self.initial, n_ei_candidates=self.candidates)
