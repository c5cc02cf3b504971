"""The referee of one run: every training passes it, is charged and recorded, whoever asked.

A technique meets copies only: of its task, of each outcome, and a clock that it can read. What it
says of a training is compared with the training that took place.
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.engine.gate import Gate, RunOver
from harness.engine.marks import ahead
from harness.records.clocks import Clock, ClockFace, exhausted, remaining
from harness.records.outcome import Outcome, ShownOutcome, Trial
from harness.techniques.contract import (
    FREE_TRIALS,
    Finish,
    NotApplicable,
    Optimiser,
    Proposal,
    RepairTask,
    Train,
)
from harness.training.watched.history import History
from harness.vocabulary import Configuration, TrialStatus

Enter = Callable[[Trial], None]
"""Records a trial and charges its clock."""


def own_copy(task: RepairTask) -> RepairTask:
    """A task that shares nothing with ``task`` but the program's functions."""
    return replace(
        task,
        faulty=dict(task.faulty),
        space=copy.deepcopy(task.space),
        metric=copy.deepcopy(task.metric),
    )


@dataclass(frozen=True, slots=True)
class _Trained:
    """A training that took place."""

    proposal: Proposal
    outcome: Outcome
    shown: ShownOutcome
    thinking: float
    """Seconds from the end of the training before it to this one's request."""

    def is_told_by(self, trial: Trial) -> bool:
        """Whether ``trial`` is this training as the technique was shown it."""
        told = {} if trial.configuration is None else trial.configuration
        return (
            trial.proposal == self.proposal.proposal
            and dict(told) == dict(self.proposal.configuration)
            and trial.outcome == self.shown
        )


class Referee:
    """Counts and enforces what one run may do."""

    def __init__(self, gate: Gate, clock: Clock, enter: Enter) -> None:
        self._gate, self._clock, self._enter = gate, clock, enter
        self._free = 0
        self.closed = False

    @property
    def over(self) -> bool:
        """Whether no further training may start."""
        return self.closed or exhausted(self._clock) or self._free >= FREE_TRIALS

    @property
    def face(self) -> ClockFace:
        return self._clock

    @property
    def remaining(self) -> float:
        """What the next training may be charged, in the clock's unit."""
        return remaining(self._clock)

    def enter(self, trial: Trial) -> None:
        """Charge and record one trial."""
        before = self._clock.spent
        self._enter(trial)
        idle = trial.status is TrialStatus.INVALID or self._clock.spent <= before
        self._free = self._free + 1 if idle else 0

    def finish(self, word: Finish) -> Finish:
        """The closing word, with the reason if trials without a charge ended the run."""
        if self._free < FREE_TRIALS:
            return word
        reason = f"{FREE_TRIALS} trials in a row were invalid or cost nothing"
        return replace(word, health={**word.health, "ended": reason})


class OwnTrainings:
    """The trainings of a technique with a loop of its own, and what it says of them.

    A training waits until its trial is yielded, or until the technique goes on without it: then it
    is recorded without a note.
    """

    def __init__(self, referee: Referee, gate: Gate, train: Train) -> None:
        self._referee, self._gate, self._train = referee, gate, train
        self._one_at_a_time = threading.Lock()
        self._waiting: _Trained | None = None
        self._withheld: list[_Trained] = []
        self._since = time.perf_counter()
        self._failure: Exception | None = None

    def function(self) -> Train:
        """``train`` as the technique gets it: a function that shows nothing of what is behind."""

        def train(
            configuration: Configuration,
            *,
            proposal: int,
            fidelity: float,
            limit: float,
            history: History | None = None,
            look: bool = False,
        ) -> Outcome:
            asked = Proposal(
                proposal=proposal,
                configuration=configuration,
                fidelity=fidelity,
                history=history,
                look=look,
                limit=limit,
            )
            with self._one_at_a_time:
                return self._guarded(asked)

        return train

    def _guarded(self, asked: Proposal) -> ShownOutcome:
        """Train; an error that is not the technique's to catch is kept for :meth:`close`."""
        if self._failure is not None:
            raise RunOver
        self._gate.patience.pause()
        try:
            return self._trained(asked)
        except Exception as error:
            self._failure = error
            raise RunOver from error
        finally:
            self._gate.patience.resume()

    def yielded(self, item: Any) -> None:
        """Record the training that a yielded trial tells of.

        Raises:
            TechniqueError: If it tells of none.
        """
        with self._one_at_a_time:
            trial = self._gate.trial(item)
            waiting = self._waiting
            if waiting is not None and waiting.is_told_by(trial):
                self._waiting = None
                self._record(waiting, trial.note)
                return
            for number, training in enumerate(self._withheld):
                if training.is_told_by(trial) and not trial.note:
                    del self._withheld[number]
                    return
            raise self._gate.refuse(
                f"yielded a trial of proposal {trial.proposal!r} that is not the outcome of its "
                "training: made up, altered, repeated, or with a note after the next training. "
                "Yield Trial(proposal=..., configuration=..., outcome=...) with what train was "
                "given and returned, once, before the next training"
            )

    def close(self) -> None:
        """Record what waits; trainings are refused from now on.

        Raises:
            Exception: What ended a training, or its recording, while the technique ran.
        """
        with self._one_at_a_time:
            self._referee.closed = True
            if self._failure is not None:
                raise self._failure
            self._withhold()

    def _trained(self, asked: Proposal) -> ShownOutcome:
        self._withhold()
        if self._referee.over:
            raise RunOver
        proposal = self._gate.proposal(asked)
        thinking = time.perf_counter() - self._since
        outcome = self._train(
            proposal.configuration,
            proposal=proposal.proposal,
            fidelity=proposal.fidelity,
            limit=min(proposal.limit, self._referee.remaining),
            **_more(proposal),
            **ahead(self._train, self._referee.face),
        )
        self._since = time.perf_counter()
        self._waiting = _Trained(proposal, outcome, ShownOutcome.of(outcome), thinking)
        return ShownOutcome.of(outcome)

    def _withhold(self) -> None:
        """Record the training that waits for its trial, without it."""
        if self._waiting is not None:
            training, self._waiting = self._waiting, None
            self._withheld.append(training)
            self._record(training, None)

    def _record(self, training: _Trained, note: Any) -> None:
        proposal = training.proposal
        self._referee.enter(
            Trial(
                proposal=proposal.proposal,
                configuration=proposal.configuration,
                outcome=training.outcome,
                suggest_seconds=training.thinking,
                note=self._gate.note(note, proposal.proposal, proposal.history),
            )
        )
        self._since = time.perf_counter()


class GuardedOptimiser(Optimiser):
    """An optimiser of a technique behind the referee: trusted proposals out, copies in."""

    def __init__(self, optimiser: Any, referee: Referee, gate: Gate) -> None:
        self._inner, self._referee, self._gate = optimiser, referee, gate
        self._asked: Any = None

    def ask(self) -> Proposal | None:
        if self._referee.over:
            return None
        with self._gate.blaming("ask"):
            self._asked = self._inner.ask()
        return None if self._asked is None else self._gate.proposal(self._asked)

    def tell(self, proposal: Proposal, outcome: Outcome) -> None:
        with self._gate.blaming("tell"):
            self._inner.tell(self._asked, ShownOutcome.of(outcome))

    def health(self) -> Mapping[str, int | float | str]:
        with self._gate.blaming("health"):
            counters = self._inner.health()
        return self._gate.health(counters)

    def finish(self) -> Finish:
        self._referee.closed = True
        with self._gate.blaming("finish"):
            word = self._inner.finish() if hasattr(self._inner, "finish") else Finish(self.health())
        return self._referee.finish(self._gate.finish(word))


def made_optimiser(technique: Any, arguments: tuple[Any, ...], gate: Gate) -> Any:
    """The optimiser of an ask-and-tell technique.

    Raises:
        NotApplicable: If the technique cannot treat the program.
        TechniqueError: If it raises anything else, or makes no optimiser.
    """
    with gate.blaming("optimiser", NotApplicable):
        optimiser = technique.optimiser(*arguments)
    lacking = [n for n in ("ask", "tell", "health") if not callable(getattr(optimiser, n, None))]
    if lacking:
        raise gate.refuse(
            f"made a {type(optimiser).__name__} as its optimiser, which lacks {', '.join(lacking)}"
        )
    return optimiser


def _more(proposal: Proposal) -> dict[str, Any]:
    """The arguments of ``train`` that few trainings need."""
    history = {"history": proposal.history} if proposal.history else {}
    return {**history, **({"look": True} if proposal.look else {})}
