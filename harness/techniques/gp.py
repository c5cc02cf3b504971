"""Bayesian optimisation with a Gaussian process, as Optuna has it.

Source: the sampler ``GPSampler`` of Optuna: a Matérn kernel with a length scale of each
hyperparameter, and the logarithm of the expected improvement (Ament et al., NeurIPS 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from harness.data.extras import require
from harness.records.clocks import ClockFace
from harness.techniques.contract import NotApplicable, RepairTask
from harness.techniques.optuna import OptunaOptimiser
from harness.techniques.support import Encoding, torch_states


@dataclass(frozen=True, kw_only=True)
class Gp:
    """A Gaussian process, starting at the faulty configuration."""

    anytime: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("optuna", "torch")

    initial: int = 5
    """Observations before the model proposes, the faulty program's among them; before that,
    configurations are drawn at random. The package's default is 10."""

    def optimiser(self, task: RepairTask, clock: ClockFace, seed: int) -> OptunaOptimiser:
        require(*self.needs)
        if not Encoding(task.space).domains:
            raise NotApplicable("no hyperparameter of this program has more than one value")
        return OptunaOptimiser(task, seed, self._sampler, self.initial, torch_states)

    def _sampler(self, seed: int) -> Any:
        from optuna.samplers import GPSampler

        return GPSampler(seed=seed, n_startup_trials=self.initial)
