"""Bills: what a training will cost, and what one that took place did."""

from dataclasses import replace

import pytest

from harness.records.observation import Look
from harness.records.outcome import Mark
from harness.training.bill import Bill
from harness.training.prepared import Progress, Verdict
from harness.training.reference import Price
from harness.vocabulary import TrialStatus

PRICE = Price(step=1, sample=0, epoch=0, start=5, judging=2, judged=0.1, samples=100, batch_size=10)
BILL = Bill.of(PRICE, steps=20, judged=30)
DONE = Progress(begun=True, reference=12.0)


def verdict(evaluated: float) -> Verdict:
    return Verdict(status=TrialStatus.CUT, evaluate_seconds=evaluated)


def test_the_whole_training_is_its_steps_and_its_evaluation() -> None:
    assert BILL.training == 25
    assert BILL.evaluation == pytest.approx(5)
    assert BILL.whole == pytest.approx(30)


def test_what_did_not_take_place_is_not_charged() -> None:
    assert BILL.charged(DONE, verdict(0.5), None) == pytest.approx(17)
    assert BILL.charged(DONE, verdict(0.0), None) == 12  # diverged, and was not judged
    assert BILL.charged(Progress(), verdict(0.0), None) == 0  # crashed


def test_a_look_is_charged_as_an_evaluation_and_a_step() -> None:
    look = Look(blames=(), samples=100, judged=30, seconds=1.0, build_seconds=0.0, error="")
    assert BILL.charged(DONE, verdict(0.5), look) == pytest.approx(17 + 5 + PRICE.checks(1))


def test_a_mark_is_charged_as_the_run_that_would_have_ended_there() -> None:
    open_ = Mark(budget=5.0, ended=False, reference_seconds=7.0, search=0.5, holdout=0.5)
    ended = Mark(budget=10.0, ended=True, left=16.0)
    marked = (replace(open_, reference_seconds=12.0), ended)
    assert BILL.marked((open_, ended), charged=17.0) == marked


def test_a_budget_that_pays_for_all_of_a_training_ends_later() -> None:
    later = Mark(budget=10.0, ended=True, left=17.0)
    assert BILL.marked((later,), charged=17.0) == ()
