"""Code that does not return is interrupted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from harness.engine import gate
from harness.engine.patience import Patience
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


def test_what_returns_in_time_is_left_alone_for_good() -> None:
    with Patience(0.05):
        pass
    for _ in range(20):
        time.sleep(0.01)


def test_time_while_paused_does_not_count() -> None:
    patience = Patience(0.2)
    with patience:
        patience.pause()
        for _ in range(50):
            time.sleep(0.01)
        patience.resume()


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
