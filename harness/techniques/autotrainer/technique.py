"""AutoTrainer: remedies for the symptoms of a training, in a fixed order, on a trained program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from harness.records.clocks import ClockFace
from harness.records.observation import Watched
from harness.records.outcome import Outcome
from harness.techniques.autotrainer.patch import patch_of
from harness.techniques.autotrainer.rules import Rules, rules_of
from harness.techniques.autotrainer.scheduler import (
    ScheduledTraining,
    Status,
    ToolVerdict,
    schedule,
)
from harness.techniques.contract import Finish, NotApplicable, Optimiser, Proposal, RepairTask
from harness.training.watched.history import Training
from harness.vocabulary import CellStatus, Configuration, TrialStatus


class AutotrainerOptimiser(Optimiser):
    """Repeated runs of the tool, each from freshly initialised weights.

    A first run of the tool that finds no symptom ends the search.
    """

    def __init__(self, faulty: Configuration, rules: Rules, seed: int) -> None:
        self._faulty, self._rules = faulty, rules
        self._rng, self._numbers = np.random.default_rng(seed), count()
        self._verdicts: Counter[str] = Counter({status.value: 0 for status in Status})
        self._found: Counter[str] = Counter()
        self._answers: list[int] = []
        self._trainings = 0
        self._checking = 0.0
        self.status = CellStatus.OK
        self._begin()

    def _begin(self) -> None:
        self._run: Generator[ScheduledTraining, Watched | None, ToolVerdict] = schedule(
            Training.of(self._faulty), self._rules, self._rng, self._numbers, self._faulty
        )
        self._job = next(self._run)

    def ask(self) -> Proposal | None:
        if self.status is not CellStatus.OK:
            return None
        self._trainings += 1
        job, patch = self._job, patch_of(self._job.history, self._faulty)
        note = {
            "tool_run": self._verdicts.total() + 1,
            "level": job.level,
            "symptom": None if job.symptom is None else job.symptom.value,
            "solution": job.solution,
            "repetition": job.repetition,
            "text": job.text,
            "structural": patch.structural,
            "history": job.history.plain(),
        }
        number = job.history.links[-1].number
        return Proposal(
            proposal=number, configuration=patch.configuration, note=note, history=job.history
        )

    def tell(self, proposal: Proposal, outcome: Outcome) -> None:
        """Pass on what the training showed; nothing for one that the budget cut short."""
        if outcome.status is TrialStatus.CUT:
            return
        shown = outcome.watched
        if shown is not None:
            self._found[shown.symptom.value if shown.symptom else "no_symptom"] += 1
            self._checking += shown.check_seconds
        try:
            self._job = self._run.send(shown)
        except StopIteration as stop:
            self._end(stop.value, proposal, outcome)

    def _end(self, verdict: ToolVerdict, proposal: Proposal, outcome: Outcome) -> None:
        self._verdicts[verdict.status.value] += 1
        self._answers.append(verdict.answer.history.links[-1].number)
        if self._trainings == 1 and verdict.status is Status.NO_SYMPTOM:
            self.status = CellStatus.NO_SYMPTOM
        if self._trainings == 1 and outcome.status is TrialStatus.INVALID:
            self.status = CellStatus.NOT_APPLICABLE
        self._begin()

    def health(self) -> Mapping[str, int | float | str]:
        """Trainings, ends of the tool's runs, its answers, symptoms of the trainings."""
        return {
            "proposals": self._trainings,
            **{f"runs_{status}": number for status, number in self._verdicts.items()},
            "answers": ",".join(map(str, self._answers)),
            **{f"showed_{symptom}": number for symptom, number in sorted(self._found.items())},
            "check_seconds": self._checking,
        }

    def finish(self) -> Finish:
        """The counters, and whether a symptom was found at all."""
        return Finish(self.health(), self.status)


@dataclass(frozen=True, kw_only=True)
class Autotrainer:
    """AutoTrainer as its paper describes it, without the slips of its code.

    It applies to classification by accuracy only, as its symptoms are defined by accuracy.
    Source: Zhang et al., ICSE 2021; Kim et al., ICST 2023, section II-B.
    """

    mode: str = "as_described"
    strategy: str = "balance"
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Fields of ``SymptomThresholds`` that differ from the mode's."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "thresholds", dict(self.thresholds))
        self.rules()

    def rules(self) -> Rules:
        return rules_of(self.mode, thresholds=self.thresholds, strategy=self.strategy)

    def optimiser(self, task: RepairTask, clock: ClockFace, seed: int) -> AutotrainerOptimiser:
        real = task.program is not None and task.program.labels == "real"
        if real or task.metric.name != "accuracy":
            raise NotApplicable(
                f"it needs classes and the metric accuracy; found {task.metric.name}"
            )
        return AutotrainerOptimiser(task.faulty, self.rules(), seed)


@dataclass(frozen=True, kw_only=True)
class AutotrainerIcst23(Autotrainer):
    """AutoTrainer as Kim et al. ran it: the authors' code of September 2020, slips included."""

    mode: str = "as_run"
