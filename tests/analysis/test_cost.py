from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stored import write_study

from harness.analysis.cost import START, Past, makespan, nearest, past_runs, project
from harness.records.cell import Cell
from harness.records.store import Store
from harness.study.plan import Plan
from harness.subjects.registry import Registry
from harness.techniques.hebo import Hebo
from harness.techniques.random import Random
from harness.vocabulary import HarnessError

PAST = Past(
    fault="X1",
    technique="random",
    repetition=1,
    budget=10.0,
    training_time=2.0,
    trials=5,
    training=22.0,
    building=10.0,
    search=1.0,
    other=4.0,
    bytes=1000,
)


def cells(registry: Registry, **changes: object) -> list[Cell]:
    usual = {
        "name": "p",
        "faults": ["X1"],
        "techniques": {"random": Random()},
        "repetitions": 4,
        "budget": 20,
    }
    return Plan(**{**usual, **changes}).cells(registry)  # type: ignore[arg-type]


def test_a_projection_by_hand(registry: Registry) -> None:
    """Twice the budget on a fault half as dear: the same training, twice the trials."""
    found = project(cells(registry), {"X1": 1.0}, [PAST], slots=2, seeds={"X1": 3}, confirmations=2)
    (part,) = found.parts
    assert (part.runs, part.training, part.building) == (4, 4 * 22.0, 4 * 20.0)
    assert (part.search, part.other, found.bytes) == (4 * 2.0, 4 * 8.0, 4 * 2000)
    assert found.baselines == 2 * 3 * 1.0
    assert found.confirmations == pytest.approx(4 * 2 * (22.0 + 20.0) / 10)
    assert found.wall == pytest.approx(START + 6.0 + 2 * 52.0 + 2 * 8.4)


def test_the_nearest_runs_tell_most(registry: Registry) -> None:
    own, other = replace(PAST, other=40.0), replace(PAST, fault="X2")
    third = replace(PAST, technique="hebo")
    assert nearest("X1", "random", [own, other, third]) == [own]
    assert nearest("X3", "random", [own, other, third]) == [own, other]
    assert nearest("X3", "bohb", [own, other, third]) == [own, other, third]


def test_runs_without_trials_tell_nothing(registry: Registry) -> None:
    with pytest.raises(HarnessError, match="no stored run to learn from"):
        project(
            cells(registry),
            {"X1": 1.0},
            [replace(PAST, trials=0)],
            slots=1,
            seeds={"X1": 1},
            confirmations=0,
        )


def test_what_runs_took_is_read_off_their_records(tmp_path: Path, registry: Registry) -> None:
    plan = Plan(name="p", faults=["X1"], techniques={"hebo": Hebo()}, repetitions=2, budget=5)
    store = write_study(plan, registry, tmp_path)
    (one, two) = past_runs(store)
    assert {one.repetition, two.repetition} == {1, 2}
    assert (one.technique, one.trials, one.training, one.other) == ("hebo", 4, 8.0, 1.5)
    assert one.bytes == sum(
        p.stat().st_size
        for p in store.folder(plan.cells(registry)[0]).iterdir()
        if p.name != "lock"
    )
    assert past_runs(Store(tmp_path / "nowhere")) == []


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=20), st.integers(1, 8))
def test_a_makespan_is_between_its_bounds(durations: list[float], slots: int) -> None:
    """No schedule beats the two lower bounds; Graham's bound for a list schedule is never passed.

    Source: R. L. Graham, Bounds on multiprocessing timing anomalies, 1969.
    """
    found = makespan(durations, slots)
    least = max(max(durations), sum(durations) / slots)
    assert least - 1e-9 <= found <= (2 - 1 / slots) * least + 1e-9
