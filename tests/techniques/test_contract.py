"""The types of the contract: what counts as a technique, and the defaults of an optimiser."""

from __future__ import annotations

import math

import pytest
from broken import OneChange

from harness.techniques.contract import AskAndTell, Finish, Optimiser, OwnLoop, Proposal, Technique
from harness.techniques.random import Random


class Counts(Optimiser):
    def health(self) -> dict[str, int]:
        return {"proposals": 3}


def test_an_optimiser_closes_with_its_counters_and_no_choice() -> None:
    assert Counts().finish() == Finish({"proposals": 3}, "ok", None)


@pytest.mark.parametrize(
    ("technique", "asked", "own"), [(Random(), True, False), (OneChange(), False, True)]
)
def test_a_technique_is_known_by_its_method(technique: object, asked: bool, own: bool) -> None:
    assert isinstance(technique, AskAndTell) == asked
    assert isinstance(technique, OwnLoop) == own
    assert isinstance(technique, Technique)


def test_something_else_is_no_technique() -> None:
    assert not isinstance(Counts(), Technique)


def test_a_proposal_is_a_full_training_without_a_limit_unless_it_says_otherwise() -> None:
    proposal = Proposal(proposal=0, configuration={})
    assert (proposal.fidelity, proposal.limit) == (1.0, math.inf)
    assert (proposal.history, proposal.look, proposal.note) == (None, False, None)
