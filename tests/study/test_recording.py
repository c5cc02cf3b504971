"""Trials of a run are charged and recorded once, and replayed from its log."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.records.clocks import TrainingClock
from harness.records.outcome import Outcome, Trial
from harness.study.recording import RunRecorder
from harness.vocabulary import TrialStatus


@dataclass
class Log:
    trials: list[Trial] = field(default_factory=list)
    written: list[Trial] = field(default_factory=list)

    def append(self, trial: Trial) -> None:
        self.written.append(trial)


def trial(seconds: float, memory: int = 0) -> Trial:
    outcome = Outcome(
        status=TrialStatus.COMPLETED, seconds=seconds, search=0.5, holdout=0.5, memory=memory
    )
    return Trial(proposal=0, configuration={"epochs": 1}, outcome=outcome)


def test_a_trial_is_numbered_charged_and_written() -> None:
    log, clock = Log(), TrainingClock(10.0)
    made = RunRecorder(clock, log)  # type: ignore[arg-type]
    made.enter(trial(2.0, memory=7))
    made.enter(trial(3.0, memory=5))
    assert [(t.index, t.charged, t.spent) for t in log.written] == [(0, 2.0, 2.0), (1, 3.0, 5.0)]
    assert log.written == made.trials
    assert made.memory == 7
    assert {t.outcome.memory for t in made.trials} == {0}


def test_recorded_trials_set_the_clock_and_are_not_written_again() -> None:
    first, clock = Log(), TrainingClock(10.0)
    RunRecorder(clock, first).enter(trial(2.0))  # type: ignore[arg-type]
    again, clock = Log(trials=first.written), TrainingClock(10.0)
    made = RunRecorder(clock, again)  # type: ignore[arg-type]
    made.enter(trial(99.0))
    assert (clock.spent, again.written) == (2.0, [])
    made.enter(trial(1.0))
    assert [(t.index, t.spent) for t in made.trials] == [(0, 2.0), (1, 3.0)]
