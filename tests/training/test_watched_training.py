"""Watched trainings of a subject, in both frameworks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.subjects.registry import FAULTS, Registry
from harness.training import Request, Trainer, configure
from harness.training.watched.history import History, Link, Training
from harness.vocabulary import Cause, TrialStatus


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    configure("tensorflow", threads=1)
    return Trainer()


@pytest.fixture(params=["X1", "X3"], ids=["keras", "pytorch"])
def request_(request: pytest.FixtureRequest, registry: Registry, own_faults: Path) -> Request:
    """One link of four epochs of 7 steps: 200 samples in batches of 32."""
    fault = registry[request.param]
    link = Link(number=0, training=Training.of(fault.fixed))
    history = History(links=(link,), start=fault.fixed)
    plain = Request.of(fault, fault.fixed, seed=1, folders=(FAULTS, own_faults))
    return replace(plain, history=history)


PER_SAMPLE = 3 * (4 * 8 + 8 * 2)


def test_steps_and_checks_are_work(trainer: Trainer, request_: Request) -> None:
    outcome = trainer.train(request_)
    assert outcome.watched is not None
    assert (outcome.status, outcome.fidelity, outcome.steps) == (TrialStatus.COMPLETED, 1.0, 28)
    assert [check.epoch for check in outcome.watched.checks] == [0, 3]
    assert outcome.work == (4 * 200 + 2 * 32) * PER_SAMPLE  # a check takes one batch


def test_a_work_limit_cuts(trainer: Trainer, request_: Request) -> None:
    outcome = trainer.train(replace(request_, work_limit=201.0 * PER_SAMPLE))
    assert outcome.watched is not None
    assert (outcome.status, outcome.steps, outcome.fidelity) == (TrialStatus.CUT, 8, 8 / 28)
    assert outcome.watched.epochs == 1
    assert outcome.judged


def test_without_time_nothing_is_judged(trainer: Trainer, request_: Request) -> None:
    outcome = trainer.train(replace(request_, limit=0.0))
    assert (outcome.status, outcome.search, outcome.steps) == (TrialStatus.CUT, None, 0)


def test_a_program_that_cannot_be_opened_is_invalid(trainer: Trainer, request_: Request) -> None:
    assert request_.history is not None
    (link,) = request_.history.links
    bad = replace(link, training=replace(link.training, optimiser="adem"))
    history = replace(request_.history, links=(bad,))
    outcome = trainer.train(replace(request_, history=history))
    assert (outcome.status, outcome.cause) == (TrialStatus.INVALID, Cause.PROGRAM)
    assert "no optimiser 'adem'" in outcome.message
