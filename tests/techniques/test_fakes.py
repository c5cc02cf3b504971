from __future__ import annotations

import pickle
from typing import Any

import pytest

from harness.techniques.contract import AskAndTell
from harness.techniques.fakes import (
    FAILURES,
    TROUBLES,
    Failing,
    FakeTrain,
    fake_quality,
    fake_task,
    lost_training,
)
from harness.training.watched.history import History, Link, Training
from harness.vocabulary import Cause, TrialStatus


class TestFakeTrain:
    def ask(self, train: FakeTrain, proposal: int = 0, **asked: Any) -> Any:
        arguments = {"fidelity": 1.0, "limit": 9.0, **asked}
        return train(fake_task().faulty, proposal=proposal, **arguments)

    def test_a_share_of_a_training_costs_that_share(self) -> None:
        outcome = self.ask(FakeTrain(seconds=4.0), fidelity=0.25)
        assert (outcome.status, outcome.seconds) == (TrialStatus.COMPLETED, 1.0)

    def test_a_training_is_cut_at_its_limit(self) -> None:
        whole, cut = self.ask(FakeTrain()), self.ask(FakeTrain(), limit=0.25)
        assert (cut.status, cut.seconds, cut.fidelity) == (TrialStatus.CUT, 0.25, 0.25)
        assert cut.search == whole.search / 2

    @pytest.mark.parametrize("trouble", [t for t in TROUBLES if t != "raise"])
    def test_every_third_proposal_is_in_trouble(self, trouble: str) -> None:
        outcomes = [self.ask(FakeTrain(trouble=trouble), n) for n in range(6)]
        assert [o.judged for o in outcomes] == [True, False, True, True, False, True]
        assert outcomes[1].cause is not None

    def test_a_training_that_raises_is_no_row(self) -> None:
        with pytest.raises(RuntimeError, match="breaks its promise"):
            self.ask(FakeTrain(trouble="raise"), 1)

    def test_a_watched_training_shows_slow_convergence(self) -> None:
        faulty = fake_task().faulty
        link = Link(number=0, training=Training.of(faulty))
        history = History(links=(link,), start=faulty)
        assert self.ask(FakeTrain()).seen is None
        assert self.ask(FakeTrain(), history=history).watched.symptom == "slow_convergence"

    def test_it_can_be_pickled(self) -> None:
        train = FakeTrain(trouble="crash", every=5)
        assert pickle.loads(pickle.dumps(train)) == train


def test_the_best_configuration_is_known() -> None:
    faulty = fake_task().faulty
    best = {**faulty, "learning_rate": 0.1, "optimiser": "rmsprop"}
    assert fake_quality(best) == 1.0
    assert 0 <= fake_quality(faulty) < 0.5
    assert best in fake_task().space and faulty in fake_task().space


def test_tasks_share_nothing() -> None:
    one, two = fake_task(), fake_task()
    one.faulty["epochs"] = 1  # type: ignore[index]
    assert two.faulty["epochs"] == 20


def test_a_lost_training_costs_nothing() -> None:
    outcome = lost_training("gone")
    assert (outcome.seconds, outcome.cause) == (0.0, Cause.INFRASTRUCTURE)
    assert outcome.message == "gone"


@pytest.mark.parametrize("how", FAILURES)
def test_failing_techniques_are_asked_and_told(how: str) -> None:
    assert isinstance(Failing(how), AskAndTell)
    assert pickle.loads(pickle.dumps(Failing(how))) == Failing(how)


def test_a_failure_comes_after_so_many_calls() -> None:
    search = Failing("ask", after=2).optimiser(fake_task(), None, 1)  # type: ignore[arg-type]
    assert [search.ask().proposal, search.ask().proposal] == [0, 1]  # type: ignore[union-attr]
    with pytest.raises(RuntimeError, match="fails to ask"):
        search.ask()
