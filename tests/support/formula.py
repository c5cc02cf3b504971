"""Guided repair on a training that is a formula, without Ray."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

from harness.records.clocks import Clock, TrainingClock, exhausted, remaining
from harness.records.observation import Look, Observation
from harness.records.outcome import Outcome
from harness.space.derivation import derive
from harness.subjects.registry import FAULTS, load_registry
from harness.techniques.contract import Proposal, RepairTask
from harness.techniques.guided.technique import Guided
from harness.testing import fake_seen
from harness.vocabulary import METRICS, Cause, Configuration, TrialStatus

Quality = Callable[[Configuration], float]


def task(fault: str = "G1") -> RepairTask:
    found = load_registry([FAULTS])[fault]
    return RepairTask(
        faulty=found.faulty,
        space=derive(found.faulty, found.subject.context),
        metric=METRICS["accuracy"],
        training_time=1.0,
    )


def run(
    quality: Quality,
    budget: float = 10.0,
    seed: int = 1,
    unwatchable: bool = False,
    looking: float = 0.0,
    make_clock: Callable[[float], Clock] = TrainingClock,
    **settings: Any,
) -> tuple[list[tuple[Proposal, Outcome]], int | None, dict[str, Any]]:
    """A run in which a training costs its share of 1, and its value follows from a formula.

    Args:
        quality: Configuration -> value on the search part; negative for a training that diverges.
        budget: In trainings of the faulty program.
        unwatchable: Whether watched trainings end as invalid.
        looking: What a look or a watched training costs on top, in seconds.
        make_clock: Budget -> clock; one training is 1 s, or 1 multiply-accumulate.
        settings: Fields of ``Guided``.
    """
    clock, reached = make_clock(budget), dict[int, float]()
    optimiser = Guided(**settings).optimiser(task(), clock, seed)
    found: list[tuple[Proposal, Outcome]] = []
    while not exhausted(clock):
        proposal = optimiser.ask()
        assert proposal is not None
        before = reached.get(proposal.proposal, 0.0)
        limit = min(proposal.limit, remaining(clock))
        share = proposal.fidelity - before
        value, end = quality(proposal.configuration), min(share, limit)
        reached[proposal.proposal] = before + end
        outcome = Outcome(
            status=TrialStatus.COMPLETED if share <= limit else TrialStatus.CUT,
            seconds=end + looking * (proposal.look or proposal.history is not None),
            fidelity=before + end,
            steps=1000,
            work=end,
            search=value,
            holdout=value,
        )
        if proposal.history and unwatchable:
            outcome = Outcome(status=TrialStatus.INVALID, seconds=0.0, cause=Cause.PROGRAM)
        elif value < 0:
            outcome = Outcome(
                status=TrialStatus.DIVERGED, seconds=end, work=end, cause=Cause.NON_FINITE
            )
        elif proposal.history:
            outcome = replace(outcome, seen=Observation(watched=fake_seen(None)))
        elif proposal.look:
            look = Look(blames=(), samples=1400, judged=200, seconds=0.0, build_seconds=0.0)
            outcome = replace(outcome, seen=Observation(look=look))
        optimiser.tell(proposal, outcome)
        clock.charge(outcome)
        found.append((proposal, outcome))
    return found, optimiser.choice(), dict(optimiser.health())


def completed(value: float, **fields: Any) -> Outcome:
    """A training that ended with this value on the search part."""
    return Outcome(
        status=TrialStatus.COMPLETED,
        **{"seconds": 1.0, "steps": 1000, "search": value, "holdout": value, **fields},
    )


def drive(
    steps: Generator[Proposal, Outcome, Any],
    clock: Clock,
    answer: Callable[[Proposal], Outcome],
) -> tuple[list[Proposal], Any]:
    """Answer the trainings of a part of a run; return them and what the part returns."""
    asked: list[Proposal] = []
    try:
        proposal = next(steps)
        while True:
            asked.append(proposal)
            outcome = answer(proposal)
            clock.charge(outcome)
            proposal = steps.send(outcome)
    except StopIteration as stop:
        return asked, stop.value
