"""With the clocks ``work`` and ``reference`` a study depends on its seeds alone."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from drivers import lines
from tiny import plan

from harness.records.log import LOG, read_log
from harness.records.store import Store
from harness.study.runner import run_plan
from harness.subjects.registry import load_registry
from harness.techniques.bohb import Bohb
from harness.techniques.hebo import Hebo
from harness.techniques.random import Random

pytestmark = [pytest.mark.usefixtures("ray_session", "with_own_faults"), pytest.mark.timeout(600)]

ELSEWHERE = Path(__file__).parents[1] / "data" / "work_random.json"
"""Trials of a run of Random as another machine made them (x86, 2 cores)."""


def go(store: Store, slots: int = 2, **changes: Any) -> None:
    study = plan(**{"clock": "work", **changes})
    done = run_plan(study, store, slots=slots, say=lambda _: None)
    assert not done.failed


def test_charges_and_random_s_proposals_are_those_of_another_machine(tmp_path: Path) -> None:
    store = Store(tmp_path)
    go(store, budget=40, repetitions=1)
    (cell,) = plan(clock="work", budget=40, repetitions=1).cells(load_registry())
    log = read_log(store.folder(cell) / LOG)
    assert log is not None
    assert [
        {"configuration": r.configuration, "charged": r.charged, "status": r.outcome.status}
        for r in log[1]
    ] == json.loads(ELSEWHERE.read_text())


def _busy() -> None:
    while True:
        sum(range(10_000))


@contextmanager
def _load(processes: int) -> Iterator[None]:
    """Keeps every core busy."""
    started = [multiprocessing.get_context("spawn").Process(target=_busy) for _ in range(processes)]
    for process in started:
        process.start()
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.join()


@pytest.mark.slow
@pytest.mark.parametrize("clock", ["work", "reference"])
def test_load_changes_no_byte_but_times(tmp_path: Path, clock: str) -> None:
    """All techniques; alone, then two runs at a time beside twice as many processes as cores."""
    changes = {
        "techniques": {"random": Random(), "hebo": Hebo(), "bohb": Bohb()},
        "repetitions": 1,
        "budget": 15,
        "clock": clock,
    }
    calm, busy = Store(tmp_path / "calm"), Store(tmp_path / "busy")
    go(calm, slots=1, **changes)
    with _load(2 * (os.cpu_count() or 1)):
        go(busy, slots=2, **changes)
    assert lines(calm.root) == lines(busy.root)
    assert sum(map(len, lines(calm.root).values())) > 20
