import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.budget import (
    CLOCKS,
    TrainingClock,
    WallClock,
    check_budget,
    exhausted,
    make_clock,
    remaining,
)
from harness.tables import Outcome
from harness.vocabulary import HarnessError, TrialStatus


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


@pytest.mark.parametrize("bad", ["abc", "", None, -1, 0, float("nan"), float("inf"), True])
def test_an_impossible_budget_is_named(bad: object) -> None:
    with pytest.raises(HarnessError, match="budget .* is not possible"):
        check_budget(bad)


def test_an_unknown_clock_is_named() -> None:
    with pytest.raises(HarnessError, match="no clock 'wal'. Did you mean wall"):
        make_clock("wal", 1, 1.0)
