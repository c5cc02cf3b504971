"""Code that does not return is interrupted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from harness.engine import gate
from harness.engine.patience import Patience, TooLong
from harness.techniques.contract import TechniqueError
from harness.testing import fake_task, run_technique


def test_a_loop_without_an_end_is_interrupted() -> None:
    with pytest.raises(TimeoutError, match="no answer within 0.05 s"):
        stubborn()


def stubborn() -> None:
    with Patience(0.05):
        while True:
            try:
                time.sleep(0.001)
            except Exception:
                continue


def counted(steps: int) -> int:
    """Steps of 10 ms that were made before an interrupt."""
    made = 0
    with suppress(TooLong):
        while made < steps:
            time.sleep(0.01)
            made += 1
    return made


def test_what_returns_in_time_is_left_alone_for_good() -> None:
    with Patience(0.05):
        pass
    assert counted(20) == 20


def test_time_while_paused_does_not_count() -> None:
    patience = Patience(0.2)
    with patience:
        patience.pause()
        made = counted(50)
        patience.resume()
    assert made == 50


def test_one_that_comes_back_late_starts_no_time() -> None:
    """A thread may end its training when the context is closed long since."""
    patience = Patience(0.05)
    with patience:
        patience.pause()
    patience.resume()
    assert counted(20) == 20


@dataclass(frozen=True)
class Endless:
    """Thinks for ever."""

    def repair(self, *_: Any) -> Iterator[Any]:
        while True:
            time.sleep(0.001)
        yield


def test_a_technique_that_thinks_for_ever_ends_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "THINKING", 0.1)
    with pytest.raises(TechniqueError, match="failed in repair: TimeoutError: no answer within"):
        run_technique(Endless(), task=fake_task())
