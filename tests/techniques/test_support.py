"""What the optimisers share: ledger, penalty, encoding, isolation, seeds."""

from __future__ import annotations

import numpy as np
import pytest
from asking import FAULTY, completed, failed, task

from harness.techniques.contract import Proposal
from harness.techniques.support import (
    Encoding,
    Isolation,
    Ledger,
    Penalised,
    Source,
    numpy_state,
    seeds,
)
from harness.vocabulary import METRICS


def test_a_choice_keeps_its_values_and_their_types() -> None:
    encoding = Encoding(task().space)
    assert encoding.decode(encoding.encode(FAULTY)) == FAULTY
    back = encoding.decode({n: np.float64(v) for n, v in encoding.encode(FAULTY).items()})
    assert [type(v) for v in back.values()] == [type(FAULTY[n]) for n in back]


def test_numbers_just_outside_are_put_inside() -> None:
    encoding = Encoding(task().space)
    back = encoding.decode(
        {**encoding.encode(FAULTY), "learning_rate": 1e-6 - 1e-15, "epochs": 101}
    )
    assert (back["learning_rate"], back["epochs"]) == (1e-6, 100)


class TestPenalised:
    def proposals(self, n: int) -> list[Proposal]:
        return [Proposal(proposal=i, configuration={}) for i in range(n)]

    def test_accuracy_of_a_failure_is_0(self) -> None:
        learn = Penalised(METRICS["accuracy"])
        a, b = self.proposals(2)
        assert learn.losses(a, failed()) == [(a, 0.0)]
        assert learn.losses(b, completed(0.75)) == [(b, -0.75)]

    def test_an_error_without_bound_waits_for_the_first_value(self) -> None:
        learn = Penalised(METRICS["mae"])
        a, b, c, d = self.proposals(4)
        assert learn.losses(a, failed()) == []
        assert learn.losses(b, completed(2.0)) == [(a, 2.0), (b, 2.0)]
        assert learn.losses(c, completed(5.0)) == [(c, 5.0)]
        assert learn.losses(d, failed()) == [(d, 5.0)]


def test_isolation_continues_where_it_was() -> None:
    isolated = Isolation(numpy_state(1))
    drawn = []
    for _ in range(3):
        np.random.seed(0)
        with isolated():
            drawn.append(float(np.random.rand()))
    assert drawn == np.random.RandomState(1).rand(3).tolist()


class TestLedger:
    def test_proposals_are_numbered_and_counted_by_source(self) -> None:
        ledger = Ledger(Source.FAULTY, Source.RANDOM)
        first = ledger.enter({"epochs": 1}, Source.FAULTY)
        second = ledger.enter({"epochs": 2}, Source.RANDOM, fidelity=0.5)
        assert (first.proposal, first.fidelity, first.note) == (0, 1.0, {"source": "faulty"})
        assert (second.proposal, second.fidelity) == (1, 0.5)
        assert ledger.health() == {
            "proposals": 2,
            "repeats": 0,
            "faulty_proposals": 1,
            "random_proposals": 1,
        }

    def test_a_repeated_configuration_is_noticed_whatever_the_order_of_its_values(self) -> None:
        ledger = Ledger(Source.RANDOM)
        ledger.enter({"epochs": 1, "units_1": 2}, Source.RANDOM)
        ledger.enter({"units_1": 2, "epochs": 1}, Source.RANDOM)
        assert ledger.health()["repeats"] == 1


def test_isolation_ends_after_an_error_too() -> None:
    isolated = Isolation(numpy_state(1))
    np.random.seed(7)

    def fail() -> None:
        with isolated():
            np.random.rand()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert np.random.rand() == np.random.RandomState(7).rand()


def test_seeds_are_independent_of_each_other_and_repeatable() -> None:
    one, two = seeds(1, 4), seeds(2, 4)
    assert one == seeds(1, 4)
    assert len({*one, *two}) == 8
    assert all(0 <= seed < 2**32 for seed in one)
    assert seeds(1, 2) == one[:2]
