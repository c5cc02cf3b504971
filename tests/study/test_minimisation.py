"""Stored runs are minimised on a training that is a formula, without Ray."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, median
from typing import Any

import pytest
from stored import write_study

from harness.analysis.explain import explain
from harness.analysis.protocols import CORRECTED
from harness.records.cell import Cell
from harness.records.files import read_json, read_record, write_json
from harness.records.outcome import Outcome
from harness.records.run import Minimised, Run
from harness.records.store import MINIMISED, Store
from harness.study.minimisation import RETRAININGS, Totals, minimise, totals
from harness.study.plan import Plan
from harness.study.reading import read_study
from harness.subjects.registry import Registry
from harness.techniques.hebo import Hebo
from harness.techniques.random import Random
from harness.training import Request
from harness.vocabulary import HarnessError, TrialStatus, changed

PLAN = Plan(
    name="small", faults=["D6"], techniques={"random": Random(), "hebo": Hebo()}, repetitions=2,
    budget=6,
)  # fmt: skip


@dataclass
class OneEditCounts:
    """A worker whose programs learn if the learning rate is the patched one."""

    faulty_rate: float
    dies_after: int = 10**9
    trained: int = 0

    def train(self, request: Request) -> Outcome:
        self.trained += 1
        if self.trained > self.dies_after:
            raise KeyboardInterrupt
        value = 0.5 if request.configuration["learning_rate"] == self.faulty_rate else 0.9
        return Outcome(
            status=TrialStatus.COMPLETED, seconds=1.0, work=10.0, search=value, holdout=value
        )


@dataclass(frozen=True)
class Here:
    """A pool of one slot, in this process."""

    worker: OneEditCounts

    def map(
        self, function: Callable[[Any, Any], Any], jobs: Sequence[Any]
    ) -> Iterator[tuple[Any, Any]]:
        for job in jobs:
            yield job, function(job, lambda backend: self.worker)


@pytest.fixture
def store(registry: Registry, tmp_path: Path) -> Store:
    return write_study(PLAN, registry, tmp_path)


def run(store: Store, registry: Registry, dies_after: int = 10**9) -> OneEditCounts:
    worker = OneEditCounts(float(registry["D6"].faulty["learning_rate"]), dies_after)
    failed = minimise(PLAN, registry, store, CORRECTED, lambda: Here(worker), print)  # type: ignore[arg-type,return-value]
    assert failed == 0
    return worker


def told(store: Store, registry: Registry) -> list[Minimised]:
    folders = [store.folder(cell) / MINIMISED for cell in PLAN.cells(registry)]
    return [read_record(f / f"{MINIMISED}.json", Minimised, "record") for f in folders]


def test_what_is_not_needed_is_taken_back_and_stored_beside_the_run(
    store: Store, registry: Registry
) -> None:
    before = read_study(PLAN, registry, store, CORRECTED)
    worker = run(store, registry)
    found, faulty = told(store, registry), registry["D6"].faulty
    for record in found:
        assert set(changed(faulty, record.configuration)) == {"learning_rate"}
        assert record.trainings % RETRAININGS == 0
        assert record.holdout_after == (0.9,) * RETRAININGS
    assert sum(record.trainings for record in found) == worker.trained
    after = read_study(PLAN, registry, store, CORRECTED)
    assert before.scores["minimised_complexity"].isna().all()
    assert (after.scores["minimised_complexity"] < after.scores["complexity_mean"]).all()
    assert (after.scores["mean"] == before.scores["mean"]).all()
    done = totals(PLAN, registry, store)
    assert done is not None
    trainings = [record.trainings for record in found]
    edits = [1 + len(record.taken_back) for record in found]
    assert done == Totals(4, fmean(edits), 1, median(trainings), None, as_good=4, halved=0)
    assert run(store, registry).trained == 0  # a second time there is nothing to do


def test_a_run_counts_with_what_was_minimised_of_its_own_winner(
    store: Store, registry: Registry
) -> None:
    run(store, registry)
    some = PLAN.cells(registry)[0]
    whole = read_study(PLAN, registry, store, CORRECTED).scores.set_index("technique")
    shutil.rmtree(store.folder(some) / MINIMISED)
    one = read_study(PLAN, registry, store, CORRECTED).scores.set_index("technique")
    assert one.loc[some.technique, "minimised_complexity"] == pytest.approx(1 / 12)
    assert whole.loc[some.technique, "minimised_complexity"] == pytest.approx(1 / 12)
    assert (one.loc[some.technique, "n_minimised"], whole.loc[some.technique, "n_minimised"]) == (
        1,
        2,
    )
    # With another winner, what was minimised is no part of its patch.
    for cell in PLAN.cells(registry)[1:]:
        path = store.folder(cell) / MINIMISED / f"{MINIMISED}.json"
        record = read_json(path)
        record["configuration"]["learning_rate"] *= 1.5
        write_json(path, record)
    other = read_study(PLAN, registry, store, CORRECTED).scores
    assert other["minimised_complexity"].isna().all()


def test_a_killed_command_continues_and_ends_alike(
    store: Store, registry: Registry, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(store, registry, dies_after=20)
    rest = run(store, registry).trained
    whole = write_study(PLAN, registry, tmp_path / "again")
    assert run(whole, registry).trained == rest + 20
    assert told(store, registry) == told(whole, registry)


def test_a_patch_that_is_a_history_or_one_edit_is_left_alone(
    store: Store, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Store.read_run

    def with_history(this: Store, cell: Cell) -> Run:
        run = read(this, cell)
        return replace(
            run,
            trials=[
                replace(t, note={"history": {"links": []}, "structural": {}}) for t in run.trials
            ],
        )

    def with_one_edit(this: Store, cell: Cell) -> Run:
        run = read(this, cell)
        patch = {**run.faulty, "epochs": 7}
        return replace(run, trials=[replace(t, configuration=patch) for t in run.trials])

    for changed_run in (with_history, with_one_edit):
        monkeypatch.setattr(Store, "read_run", changed_run)
        assert run(store, registry).trained == 0


def test_any_run_can_be_explained(store: Store, registry: Registry) -> None:
    run(store, registry)
    folder = store.folder(PLAN.cells(registry)[0])
    text = "\n".join(explain(folder))
    assert "random on D6, budget 6 x T" in text
    assert "the technique does not say why" in text
    assert "minimised after the run in" in text
    with pytest.raises(HarnessError, match="no finished run"):
        explain(folder / "nowhere")
