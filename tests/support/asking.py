"""Optimisers that are asked and told without Ray, Tune or a training."""

from __future__ import annotations

import math
from collections.abc import Callable

from harness.records.outcome import Outcome
from harness.space.derivation import derive
from harness.space.operators import Context
from harness.techniques.contract import Optimiser, Proposal, RepairTask
from harness.vocabulary import METRICS, Configuration, TrialStatus

FAULTY: Configuration = {
    "loss": "hinge",
    "layers_1": 1,
    "batch_size": 10,
    "units_1": 20,
    "learning_rate": 3.0,
    "epochs": 5,
    "activation_1": "none",
    "bias_initialiser_1": "zeros",
    "optimiser": "sgd",
    "dropout_1": 0.25,
}


SMALL = {"population": 8, "generations": 2, "fit_epochs": 2}


def task(variant: str = "corrected", metric: str = "accuracy") -> RepairTask:
    space = derive(FAULTY, Context("binary", {}), variant)
    return RepairTask(faulty=FAULTY, space=space, metric=METRICS[metric], training_time=1.0)


def completed(value: float) -> Outcome:
    return Outcome(status=TrialStatus.COMPLETED, seconds=1.0, search=value, holdout=value)


def failed() -> Outcome:
    return Outcome(status=TrialStatus.DIVERGED, seconds=1.0)


def judge(proposal: Proposal) -> Outcome:
    """Some learning rates are good, some optimisers fail."""
    rate = proposal.configuration["learning_rate"]
    assert isinstance(rate, float)
    if proposal.configuration["optimiser"] in ("adam", "nadam"):
        return failed()
    return completed(1 / (2 + abs(math.log10(rate) + 3)) + 0.01 * proposal.fidelity)


def drive(
    optimiser: Optimiser, asks: int, outcome: Callable[[Proposal], Outcome] = judge
) -> list[Proposal]:
    proposals = []
    for _ in range(asks):
        proposals.append(optimiser.ask())
        optimiser.tell(proposals[-1], outcome(proposals[-1]))
    return proposals
