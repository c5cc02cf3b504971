"""A larger budget is paid once: the trials of the finished smaller run are its beginning."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest
from drivers import untimed
from tiny import plan

from harness.records.log import LOG, RunHeader
from harness.records.store import Store
from harness.study.plan import Plan
from harness.study.runner import run_plan
from harness.subjects.registry import load_registry
from harness.techniques.bohb import Bohb
from harness.techniques.random import Random
from harness.vocabulary import TrialStatus

pytestmark = [pytest.mark.usefixtures("ray_session", "with_own_faults"), pytest.mark.timeout(900)]

SMALL, LARGE = 8, 16


@dataclass(frozen=True)
class Reconsidering(Random):
    """Draws as Random does, but says nothing of smaller budgets."""

    anytime: ClassVar[bool] = False


def study(budget: float) -> Plan:
    techniques = {"random": Random(), "bohb": Bohb(), "reconsidering": Reconsidering()}
    return plan(techniques=techniques, budget=budget, clock="work", repetitions=1)


def go(wanted: Plan, store: Store, measured: Path | None = None) -> dict[str, Path]:
    """Technique -> folder of its finished run; the baselines are those of ``measured``, if any."""
    if measured is not None:
        shutil.copytree(measured / "baselines", store.root / "baselines")
    done = run_plan(wanted, store, slots=1, say=lambda _: None)
    assert not done.failed
    assert set(done.sources) == set(done.cells)
    return {cell.technique: store.folder(cell) for cell in done.cells}


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, own_faults: Path, ray_session: None
) -> dict[str, Path]:
    """The runs of the large budget, without any before them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAULTS_PATH", str(own_faults))
        return go(study(LARGE), Store(tmp_path_factory.mktemp("whole")))


def root(whole: dict[str, Path]) -> Path:
    return whole["random"].parents[3]


def test_a_larger_budget_goes_on_from_the_smaller_run(
    tmp_path: Path, whole: dict[str, Path]
) -> None:
    store = Store(tmp_path)
    small = go(study(SMALL), store, root(whole))
    before = {name: (folder / LOG).read_bytes() for name, folder in small.items()}
    large = go(study(LARGE), store)
    records = {c.technique: store.read_record(c) for c in study(LARGE).cells(load_registry())}
    for name, folder in large.items():
        assert untimed(folder / LOG)[1:] == untimed(whole[name] / LOG)[1:]
        assert (small[name] / LOG).read_bytes() == before[name]
        old, new = before[name].splitlines()[1:], (folder / LOG).read_bytes().splitlines()[1:]
        taken = records[name].continued_after
        assert new[:taken] == old[:taken]  # times included: nothing was trained again
        if name == "reconsidering":
            assert taken == 0
        else:
            cut = [b'"status": "cut"' in line for line in old]
            assert taken == (cut.index(True) if True in cut else len(old))
    assert records["bohb"].continued_after > 0


@pytest.mark.slow
def test_independent_runs_make_all_their_trials(tmp_path: Path, whole: dict[str, Path]) -> None:
    store = Store(tmp_path)
    go(study(SMALL), store, root(whole))
    alone = replace(study(LARGE), independent=True)
    go(alone, store)
    assert {store.read_record(c).continued_after for c in alone.cells(load_registry())} == {0}


@pytest.mark.slow
def test_a_run_killed_while_it_takes_over_goes_on(tmp_path: Path, whole: dict[str, Path]) -> None:
    store = Store(tmp_path)
    go(study(SMALL), store, root(whole))
    cells = {cell.technique: cell for cell in study(LARGE).cells(load_registry())}
    small = {cell.technique: cell for cell in study(SMALL).cells(load_registry())}
    record = store.read_record(small["bohb"])
    header = RunHeader(
        cell=cells["bohb"], metric="accuracy", training_time=record.training_time, started="then"
    )
    with store.log(header) as log:
        assert log is not None
        log.append(store.trials(record)[0])
    large = go(study(LARGE), store)
    assert untimed(large["bohb"] / LOG)[1:] == untimed(whole["bohb"] / LOG)[1:]
    assert store.trials(store.read_record(cells["bohb"]))[0].status is TrialStatus.COMPLETED
