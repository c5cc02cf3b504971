import math
from collections.abc import Iterator
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records.clocks import (
    CLOCKS,
    Clock,
    Cost,
    TrainingClock,
    WallClock,
    charge_of,
    check_budget,
    clock_row,
    exhausted,
    make_clock,
    remaining,
)
from harness.records.outcome import Outcome
from harness.training import Request
from harness.vocabulary import DEFAULT_CLOCK, HarnessError, TrialStatus


def outcome(seconds: float) -> Outcome:
    return Outcome(status=TrialStatus.CRASHED, seconds=seconds)


class Hand:
    """A clock's hand that the test moves."""

    at = 100.0

    def __call__(self) -> float:
        return self.at


@given(st.lists(st.floats(0, 5), max_size=30), st.floats(0.1, 20))
def test_training_seconds_add_up(seconds: list[float], budget: float) -> None:
    clock = TrainingClock(budget)
    for s in seconds:
        clock.charge(outcome(s))
    assert clock.spent == pytest.approx(math.fsum(seconds))
    assert exhausted(clock) == (clock.spent >= budget)
    assert remaining(clock) == max(0.0, budget - clock.spent)


def test_the_wall_clock_charges_whatever_passes() -> None:
    hand = Hand()
    clock = WallClock(10.0, now=hand)
    hand.at += 3
    assert clock.charge(outcome(1.0)) == 3
    hand.at += 4
    assert clock.charge(outcome(0.0)) == 4
    assert clock.spent == 7


def test_a_clock_set_back_never_goes_back() -> None:
    hand = Hand()
    clock = WallClock(10.0, now=hand)
    hand.at += 5
    assert clock.spent == 5
    hand.at -= 60
    assert clock.spent == 5
    assert clock.charge(outcome(0.0)) == 5


@pytest.mark.parametrize("name", sorted(CLOCKS))
def test_a_replayed_clock_stands_where_the_log_says(name: str) -> None:
    clock = make_clock(name, 10, 1.0)
    clock.replay(2.0, last=False)
    assert clock.spent == 2.0
    clock.replay(6.5, last=True)
    assert clock.spent == pytest.approx(6.5, abs=0.1)


def test_a_replayed_wall_clock_does_not_tick_before_its_last_trial() -> None:
    hand = Hand()
    clock = WallClock(10.0, now=hand)
    clock.replay(2.0, last=False)
    hand.at += 50
    assert clock.spent == 2.0
    clock.replay(4.0, last=True)
    hand.at += 1
    assert clock.spent == 5.0


costs = st.lists(st.tuples(st.floats(0, 5), st.integers(0, 10**9)), max_size=30)


def spend(clock: Clock, trials: Iterator[Outcome]) -> list[float]:
    """Start trials until the clock is exhausted; what was spent after each."""
    spent = []
    while not exhausted(clock) and (trial := next(trials, None)):
        before = clock.spent
        assert before + clock.charge(trial) == pytest.approx(clock.spent)
        spent.append(clock.spent)
    return spent


@given(
    costs,
    st.sampled_from(["reference", "training", "work"]),
    st.floats(0.1, 20),
    st.integers(0, 30),
)
def test_a_run_that_is_continued_is_charged_as_one_that_was_not_disturbed(
    told: list[tuple[float, int]], name: str, budget: float, killed_after: int
) -> None:
    one = 1e8 if name == "work" else 1.0
    outcomes = [
        replace(outcome(seconds), work=work, reference_seconds=2 * seconds)
        for seconds, work in told
    ]
    whole = make_clock(name, budget, one)
    spent = spend(whole, iter(outcomes))
    assert all(before < whole.budget for before in spent[:-1])
    recorded = spent[:killed_after]
    again = make_clock(name, budget, one)
    for number, at in enumerate(recorded, start=1):
        again.replay(at, last=number == len(recorded))
    assert recorded + spend(again, iter(outcomes[len(recorded) :])) == spent


@given(st.lists(st.floats(-50, 50), max_size=30))
def test_whatever_the_hand_does_the_wall_clock_never_goes_back(moves: list[float]) -> None:
    hand = Hand()
    clock = WallClock(100.0, now=hand)
    seen, charged = [clock.spent], 0.0
    for move in moves:
        hand.at += move
        charged += clock.charge(outcome(0.0))
        seen.append(clock.spent)
    assert seen == sorted(seen)
    assert charged == pytest.approx(clock.spent)


@pytest.mark.parametrize("bad", ["abc", "", None, -1, 0, float("nan"), float("inf"), True])
def test_an_impossible_budget_is_named(bad: object) -> None:
    with pytest.raises(HarnessError, match="budget .* is not possible"):
        check_budget(bad)


def test_an_unknown_clock_is_named() -> None:
    with pytest.raises(HarnessError, match="no clock 'wal'. Did you mean wall"):
        make_clock("wal", 1, 1.0)


COST = Cost(training_time=3.0, work=5e6, reference_time=2.0)


@pytest.mark.parametrize(
    ("name", "cost", "charged"),
    [("reference", 2.0, 0.25), ("training", 3.0, 4.0), ("wall", 3.0, None), ("work", 5e6, 70.0)],
)
def test_budget_and_charges_are_of_one_measure(
    name: str, cost: float, charged: float | None
) -> None:
    row = clock_row(name)
    assert row.one(COST) == cost
    trained = replace(outcome(4.0), work=70.0, reference_seconds=0.25)
    clock = make_clock(name, 10, cost)
    assert charge_of(name, trained) == charged
    if charged is not None:
        assert clock.charge(trained) == charged == clock.spent
    assert clock.unit == row.unit
    assert row.limit in {f.name for f in fields(Request)}
    assert row.timed == (name in ("training", "wall"))


def test_a_clock_with_constants_has_their_version() -> None:
    assert {row.name for row in CLOCKS.values() if row.version} == {"reference"}
    assert DEFAULT_CLOCK in CLOCKS
