"""Where slots go. What they do is tested with real processes in the tests beside this one."""

from __future__ import annotations

import pytest

from harness.engine import pool
from harness.vocabulary import HarnessError

MACHINES = {"a": (4, 0), "b": (2, 2), "c": (1, 1)}
"""Cores and GPUs."""


@pytest.fixture(autouse=True)
def _machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_machines", lambda: MACHINES)
    monkeypatch.setattr(pool, "cores", lambda: 3)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


def test_machines_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pool._places(5, 0) == ["a", "b", "c", "a", "b"]
    assert pool._places(None, 0) == ["a", "b", "c"]  # Ray was started here, with a core to spare
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    assert pool._places(None, 0) == ["a", "b", "c", "a", "b", "a", "a"]


def test_gpus_are_shared_out_if_asked() -> None:
    assert pool._places(None, 2) == ["b", "c", "b", "c", "b", "b"]
    assert pool._places(3, 1) == ["b", "c", "b"]


@pytest.mark.parametrize(
    ("slots", "per_gpu", "message"),
    [
        (8, 0, "8 workers were asked for, but there is room for 7 on the CPUs of 3 machines"),
        (4, 1, "4 workers were asked for, but there is room for 3 on the GPUs for 1 each of 3"),
    ],
)
def test_more_than_there_is_room_for_is_refused(slots: int, per_gpu: int, message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        pool._places(slots, per_gpu)


def test_without_gpus_none_can_be_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_machines", lambda: {"a": (4, 0)})
    with pytest.raises(HarnessError, match="some workers were asked for, but there is room for 0"):
        pool._places(None, 2)
