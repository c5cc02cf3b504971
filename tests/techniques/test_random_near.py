"""The random walk: how far it steps, and when it moves."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from asking import FAULTY, completed, drive, failed, judge, task
from bench.optimisers import measure

from harness.records.clocks import TrainingClock
from harness.records.outcome import Outcome
from harness.space.derivation import VARIANTS, Space
from harness.space.domains import Choice
from harness.techniques.contract import NotApplicable, Proposal
from harness.techniques.random_near import RandomNear, RandomNearOptimiser
from harness.vocabulary import METRICS, Configuration, changed


def walk(
    seed: int = 1, variant: str = "corrected", metric: str = "accuracy"
) -> RandomNearOptimiser:
    return RandomNear().optimiser(task(variant, metric), TrainingClock(99.0), seed)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_proposal_is_one_or_two_edits_from_the_best_so_far(variant: str) -> None:
    optimiser, best, value, moves = walk(variant=variant), dict(FAULTY), -1.0, 0
    edits: Counter[int] = Counter()
    for number in range(200):
        proposal = optimiser.ask()
        if number:
            edits[len(changed(best, proposal.configuration))] += 1
        outcome = judge(proposal)
        optimiser.tell(proposal, outcome)
        if outcome.search is not None and outcome.search > value:
            best, value = dict(proposal.configuration), outcome.search
            moves += number > 0
    assert set(edits) == {1, 2}
    assert 60 < edits[1] < 140
    assert optimiser.health()["moves"] == moves > 0


@pytest.mark.parametrize("metric", ["accuracy", "mae"])
def test_it_moves_on_improvement_only(metric: str) -> None:
    """Better by the metric's direction; equal, worse and failed proposals are left again."""
    optimiser = walk(metric=metric)
    better, worse = (0.9, 0.1) if METRICS[metric].higher_is_better else (0.1, 0.9)

    def told(outcome: Outcome) -> Configuration:
        proposal = optimiser.ask()
        optimiser.tell(proposal, outcome)
        return proposal.configuration

    def base() -> Configuration:
        """The program that the next proposals are near to."""
        return optimiser._best

    told(completed(0.5))
    for outcome in (completed(0.5), completed(worse), failed()):
        told(outcome)
        assert base() == FAULTY
    best = told(completed(better))
    assert base() == best != FAULTY
    told(completed(0.5))
    assert base() == best


def test_a_faulty_program_that_fails_is_left_for_any_that_does_not() -> None:
    optimiser = walk()
    for outcome in (failed(), failed(), completed(0.0)):
        proposal = optimiser.ask()
        optimiser.tell(proposal, outcome)
    assert len(changed(proposal.configuration, optimiser.ask().configuration)) <= 2
    assert optimiser.health()["moves"] == 1


def test_every_hyperparameter_and_every_value_of_a_choice_is_drawn() -> None:
    optimiser = walk()
    proposals = drive(optimiser, 1500, lambda proposal: failed())  # it never moves
    for name, domain in task().space.domains.items():
        drawn = {p.configuration[name] for p in proposals}
        assert len(drawn) > 1
        if isinstance(domain, Choice):
            assert drawn == set(domain.values)


def test_every_hyperparameter_is_edited_equally_often() -> None:
    # A few proposals of many walks: later a choice of few values has none left that are new.
    edited: Counter[str] = Counter()
    for seed in range(100):
        proposals = drive(walk(seed), 15, lambda proposal: failed())
        edited.update(n for p in proposals[1:] for n in changed(FAULTY, p.configuration))
    assert edited.keys() == task().space.domains.keys()
    assert max(edited.values()) < 1.5 * min(edited.values())


def test_no_program_is_proposed_twice_while_there_are_others() -> None:
    domains = {"units_1": Choice((1, 2, 3)), "layers_1": Choice((0, 1))}
    this = replace(task(), space=Space("x", domains, {}), faulty={"units_1": 1, "layers_1": 0})
    optimiser = RandomNear().optimiser(this, TrainingClock(99.0), 1)
    drive(optimiser, 6, lambda proposal: failed())
    assert optimiser.health()["repeats"] == 0
    drive(optimiser, 3, lambda proposal: failed())
    assert optimiser.health()["repeats"] == 3


def test_a_program_without_a_choice_is_not_applicable() -> None:
    this = replace(task(), space=Space("x", {"epochs": Choice((5,))}, {}), faulty={"epochs": 5})
    with pytest.raises(NotApplicable, match="no hyperparameter"):
        RandomNear().optimiser(this, TrainingClock(99.0), 1)


def test_one_hyperparameter_is_enough() -> None:
    this = replace(
        task(), space=Space("x", {"epochs": Choice((5, 6, 7))}, {}), faulty={"epochs": 5}
    )
    drawn: list[Proposal] = drive(
        RandomNear().optimiser(this, TrainingClock(99.0), 1), 4, lambda proposal: failed()
    )
    assert {p.configuration["epochs"] for p in drawn} == {5, 6, 7}


def test_it_climbs() -> None:
    assert measure(RandomNear().optimiser, seed=0, evaluations=200).regret < 0.35
