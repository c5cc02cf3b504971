"""How long things may take, as the environment says."""

from __future__ import annotations

import pytest

from harness.engine.limits import MEANINGS, NEVER, Limits
from harness.vocabulary import HarnessError


def test_each_limit_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for number, name in enumerate(MEANINGS, start=1):
        monkeypatch.setenv(name, str(number))
    assert Limits.of_environment() == Limits(1.0, 2.0, 3.0, 4.0)


def test_without_them_the_usual_ones_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in MEANINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TIME_SLACK", " ")
    assert Limits.of_environment() == Limits()


@pytest.mark.parametrize("text", ["abc", "0", "-1", "nan", "inf", "1e12"])
def test_what_is_no_number_of_seconds_is_told(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TIME_LIMIT", text)
    with pytest.raises(HarnessError, match=rf"TIME_LIMIT is a number .* Received: '{text}'"):
        Limits.of_environment()


def test_what_is_known_of_a_training_limits_it() -> None:
    limits = Limits(time_limit=50, time_slack=3)
    assert limits.of_training(10.0) == 43.0
    assert limits.of_training(1000.0) == 4003.0
    assert limits.of_training(NEVER) == limits.of_training(float("inf")) == 50
