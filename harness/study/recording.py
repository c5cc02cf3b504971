"""Charges and records the trials of one run, and replays those that its log holds already."""

from __future__ import annotations

from dataclasses import replace

from harness.engine import KeptLog
from harness.records.clocks import Clock
from harness.records.log import RunHeader, TrialLog
from harness.records.outcome import Trial
from harness.study.environment import now


class RunRecorder:
    """The trials of one run, the recorded ones first."""

    def __init__(self, clock: Clock, log: TrialLog[RunHeader] | KeptLog) -> None:
        self._clock, self._log = clock, log
        self._replayed = 0
        self.trials = list(log.trials)
        self.memory = 0
        """Highest memory of the worker, bytes. It is no part of a trial: with the clock ``work``,
        equal seeds give equal trials."""

    def enter(self, trial: Trial) -> None:
        """Charge and record one trial; one that the log holds sets the clock as it stood."""
        recorded = self._log.trials
        if self._replayed < len(recorded):
            last = self._replayed + 1 == len(recorded)
            self._clock.replay(recorded[self._replayed].spent, last=last)
            self._replayed += 1
            return
        charged = self._clock.charge(trial.outcome)
        self.memory = max(self.memory, trial.outcome.memory)
        entered = replace(
            trial,
            index=len(self.trials),
            outcome=replace(trial.outcome, memory=0),
            charged=charged,
            spent=self._clock.spent,
            at=now(),
        )
        self._log.append(entered)
        self.trials.append(entered)
