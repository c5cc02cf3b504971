"""Trials whose beginning and end are noted: of the harness, and in the published study's way."""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.records.outcome import Outcome
from harness.subjects.fault import Fault
from harness.techniques.contract import Proposal
from harness.training import Request
from harness.vocabulary import Configuration


@dataclass
class Stamped:
    """A training that notes when it began and ended, on the clock that all processes share."""

    train: Any

    def __call__(self, configuration: Configuration, **asked: Any) -> Outcome:
        began = time.time()
        outcome: Outcome = self.train(configuration, **asked)
        return replace(outcome, message=json.dumps([began, time.time()]))

    def remember(self, proposal: int, outcome: Outcome) -> None:
        self.train.remember(proposal, outcome)


@dataclass
class Listed:
    """An optimiser that proposes given configurations, one after another."""

    configurations: Iterable[Configuration]

    def __post_init__(self) -> None:
        self._left = enumerate(self.configurations)

    def ask(self) -> Proposal | None:
        number, configuration = next(self._left, (0, None))
        return configuration and Proposal(proposal=number, configuration=configuration)

    def tell(self, proposal: Proposal, outcome: Outcome) -> None: ...

    def health(self) -> dict[str, int | float | str]:
        return {}


def gaps(stamps: list[list[float]]) -> list[float]:
    """Seconds from the end of each training to the start of the next."""
    return [after[0] - before[1] for before, after in itertools.pairwise(stamps)]


def process_per_trial(
    fault: Fault, configurations: Sequence[Configuration], fraction: float = 1.0
) -> list[list[float]]:
    """The study's way of working: each trial in a process of its own, with all its imports.

    Returns:
        When the training of each trial began and ended, its data loaded anew in between.
    """
    from ray import tune

    request = Request.of(fault, fault.faulty, seed=0, fraction=fraction)
    backend = fault.subject.backend

    def trainable(config: dict[str, Any]) -> None:
        from harness.training import Trainer, configure

        configure(backend)
        began = time.time()
        Trainer().train(replace(request, configuration=configurations[config["number"]]))
        tune.report({"began": began, "ended": time.time()})

    folder = tempfile.mkdtemp()
    try:
        results = tune.Tuner(
            tune.with_resources(trainable, {"cpu": 0.5}),
            param_space={"number": tune.grid_search(list(range(len(configurations))))},
            tune_config=tune.TuneConfig(max_concurrent_trials=1),
            run_config=tune.RunConfig(storage_path=folder, name="bench", verbose=0),
        ).fit()
        return sorted([r.metrics["began"], r.metrics["ended"]] for r in results)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
