"""Whole studies, tiny but real: real Ray, real searchers, real training."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from drivers import untimed
from tiny import plan

from harness.analysis.protocols import CORRECTED
from harness.analysis.winners import confirmations, winner
from harness.records.files import read_json
from harness.records.log import LOG, RunHeader, read_log
from harness.records.outcome import Trial
from harness.records.store import Store
from harness.study.plan import Plan, sources
from harness.study.reading import read_study
from harness.study.runner import run_plan
from harness.subjects.registry import load_registry
from harness.techniques.bohb import Bohb
from harness.techniques.contract import Finish
from harness.techniques.random import Random
from harness.vocabulary import HarnessError

pytestmark = [pytest.mark.usefixtures("ray_session", "with_own_faults"), pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One results folder for the module, so that the baseline is measured once."""
    return Store(tmp_path_factory.mktemp("results"))


def go(study: Plan, store: Store, slots: int = 2) -> Any:
    return run_plan(study, store, slots=slots, say=lambda _: None)


def copy_baselines(results: Store, where: Path) -> None:
    """Spare a study its baselines, where they have been measured."""
    if (results.root / "baselines").exists():
        shutil.copytree(results.root / "baselines", where / "baselines")


def test_a_study_is_made_recorded_and_not_made_again(results: Store) -> None:
    study = plan()
    cells = study.cells(load_registry())
    assert results.missing(cells) == cells
    done = go(study, results)
    assert not done.failed
    assert results.missing(cells) == []
    for cell in cells:
        record = results.read_record(cell)
        log = read_log(results.folder(cell) / LOG)
        assert log is not None
        rows = log[1]
        assert [r.index for r in rows] == list(range(record.trials))
        assert record.spent == pytest.approx(sum(r.outcome.seconds for r in rows))
        assert record.spent >= record.allowed
        assert rows[-2].spent < record.allowed if len(rows) > 1 else True
        assert record.environment.packages["tensorflow"]
        assert record.device.startswith("tensorflow")
        assert record.seconds.total >= record.seconds.training + record.seconds.search
        assert results.read_run(cell).trials
    before = {c: (results.folder(c) / LOG).stat().st_mtime_ns for c in cells}
    go(study, results)
    assert before == {c: (results.folder(c) / LOG).stat().st_mtime_ns for c in cells}


def test_repetitions_see_other_configurations(results: Store) -> None:
    one, two = (results.read_run(c).trials for c in plan().cells(load_registry()))
    assert one[0].configuration != two[0].configuration


@pytest.mark.slow
def test_a_configuration_that_is_trained_on_pays_only_for_what_it_adds(results: Store) -> None:
    study = plan(techniques={"bohb": Bohb()}, repetitions=1, budget=12, clock="work")
    go(study, results)
    (cell,) = study.cells(load_registry())
    log = read_log(results.folder(cell) / LOG)
    assert log is not None
    continued = 0
    had: dict[int, float] = {}
    for row in log[1]:
        outcome = row.outcome
        if not outcome.judged:
            continue
        batches = -(-200 // int(row.configuration["batch_size"]))
        total = batches * int(row.configuration["epochs"])
        before = had.get(row.proposal, 0.0)
        assert outcome.steps == round(outcome.fidelity * total) - round(before * total)
        continued += before > 0
        had[row.proposal] = outcome.fidelity
    assert continued


def test_the_wall_clock_charges_more_than_training(results: Store) -> None:
    """With a native PyTorch program; asking for a backend of Keras does not change that."""
    study = plan(faults=["X3"], clock="wall", repetitions=1, budget=20, backend="jax")
    go(study, results)
    (cell,) = study.cells(load_registry())
    record = results.read_record(cell)
    assert record.spent > record.seconds.training
    assert record.device.startswith("pytorch on ")


@pytest.mark.slow
def test_seconds_are_not_counted_against_those_of_another_device(
    results: Store, tmp_path: Path
) -> None:
    go(plan(repetitions=1), results)  # measures the baseline
    copy_baselines(results, tmp_path)
    (path,) = (tmp_path / "baselines").glob("X1*")
    path.write_text(json.dumps(read_json(path) | {"device": "tensorflow on an abacus"}))
    store = Store(tmp_path)
    with pytest.raises(HarnessError, match=r"T of X1 was measured with tensorflow on an abacus"):
        go(plan(repetitions=1), store)
    assert not list((tmp_path / "runs").rglob(LOG))
    assert not go(plan(repetitions=1, clock="work"), store).failed


@pytest.mark.parametrize(
    ("name", "clock"),
    [
        ("random", "reference"),
        pytest.param("random", "work", marks=pytest.mark.slow),
        pytest.param("bohb", "reference", marks=pytest.mark.slow),
    ],
)
def test_with_a_clock_that_computes_a_seeded_run_is_repeated_exactly(
    results: Store, tmp_path: Path, name: str, clock: str
) -> None:
    """Whatever else the machine does: here another run of the study beside it."""
    techniques: dict[str, Any] = {"random": Random(), "bohb": Bohb()}
    study = plan(techniques={name: techniques[name]}, clock=clock, budget=8)
    go(study, results)
    alone = Store(tmp_path)
    copy_baselines(results, tmp_path)
    go(study, alone, slots=1)
    for cell in study.cells(load_registry()):
        lines = untimed(results.folder(cell) / LOG)
        assert len(lines) > 2
        assert lines == untimed(alone.folder(cell) / LOG)
        record = results.read_record(cell)
        assert record.spent >= record.allowed
        if clock == "work":
            assert record.allowed == 8 * 3 * (4 * 8 + 8 * 2) * 200 * 4


def test_a_run_goes_on_where_its_log_ends(results: Store, tmp_path: Path) -> None:
    """The continued run repeats no recorded trial and proposes what it would have proposed."""
    study = plan(repetitions=1)
    (cell,) = study.cells(load_registry())
    whole = read_log(results.folder(cell) / LOG)
    assert whole is not None
    header, rows = whole.header, whole.trials
    keep = max(1, len(rows) // 2)
    part = Store(tmp_path)
    copy_baselines(results, tmp_path)
    folder = part.folder(cell)
    folder.mkdir(parents=True)
    lines = (results.folder(cell) / LOG).read_bytes().splitlines(keepends=True)
    (folder / LOG).write_bytes(b"".join(lines[: 1 + keep]) + b'{"index": 1, "torn')
    go(study, part)
    again = read_log(folder / LOG)
    assert again is not None
    assert again[0] == header
    assert again[1][:keep] == rows[:keep]
    shared = min(len(again[1]), len(rows))
    for a, b in zip(again[1][:shared], rows[:shared], strict=True):
        assert a.configuration == b.configuration
    record = part.read_record(cell)
    assert record.continued_after == keep
    assert record.spent >= record.allowed


def test_winners_are_confirmed_beside_their_runs(results: Store) -> None:
    study = plan()
    cells = study.cells(load_registry())
    go(study, results)
    logs = {c: (results.folder(c) / LOG).read_bytes() for c in cells}
    for times in (1, 2, 2):
        done = run_plan(study, results, slots=2, say=lambda _: None, confirmations=times)
        assert not done.failed
        for cell in cells:
            run = results.read_run(cell)
            best = winner(run, CORRECTED)
            assert best is not None
            assert len(run.confirmed) == times
            assert {(c.proposal, c.fidelity) for c in run.confirmed} == {
                (best.proposal, best.fidelity)
            }
            assert all(c.outcome.fidelity == best.fidelity for c in run.confirmed)
            assert len({c.seed for c in run.confirmed}) == times
    assert logs == {c: (results.folder(c) / LOG).read_bytes() for c in cells}


def test_a_longer_run_answers_a_smaller_budget(results: Store) -> None:
    """None is made again, unless independent runs are wanted or the technique is not anytime."""
    registry = load_registry()
    go(plan(), results)
    smaller = plan(budget=1.5)
    cells = smaller.cells(registry)
    done = run_plan(smaller, results, slots=1, say=lambda _: None, confirmations=1)
    assert results.missing(cells) == cells
    assert {s.budget for s in done.sources.values()} == {3.0}
    study = read_study(smaller, registry, results, CORRECTED)
    assert study.missing == []
    for run in study.runs:
        assert (run.budget, run.prefix_of) == (1.5, 3.0)
        assert run.trials[-1].spent <= run.allowed
        best = winner(run, CORRECTED)
        assert best is None or confirmations(best, run)
    assert list(study.scores["n_prefix"]) == [2]
    assert study.origin == (
        "Read off the beginnings of longer runs: 2 of 2 with budget 3. This saves 1.5 T a run."
    )
    own = replace(smaller, independent=True)
    with pytest.raises(HarnessError, match="nothing of plan"):
        read_study(own, registry, results, CORRECTED)
    declared = replace(smaller, techniques={"random": Nonsense()})
    assert sources(declared, declared.cells(registry), results) == {}


STUDY = """
import sys
sys.path[:0] = {path!r}
from tiny import plan
from harness.study.runner import run_plan
from harness.records.store import Store
from pathlib import Path
run_plan(plan(repetitions=12, budget=20), Store(Path({root!r})), slots=2)
"""


@pytest.mark.slow
def test_a_killed_study_continues_and_loses_nothing(results: Store, tmp_path: Path) -> None:
    study = plan(repetitions=12, budget=20)
    cells = study.cells(load_registry())
    store = Store(tmp_path)
    copy_baselines(results, tmp_path)
    code = STUDY.format(path=sys.path, root=str(tmp_path))
    driver = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not any(
        path.read_bytes().count(b"\n") > 3 for path in tmp_path.rglob(LOG)
    ):
        time.sleep(0.05)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    time.sleep(2)  # what Ray started notices, and ends
    recorded = {c: read_log(store.folder(c) / LOG) for c in cells}
    assert store.missing(cells), "the driver was killed too late to test anything"
    go(study, store)
    assert store.missing(cells) == []
    for cell, before in recorded.items():
        after = read_log(store.folder(cell) / LOG)
        assert after is not None
        if before is not None:
            assert after[1][: len(before[1])] == before[1]
        assert len({r.index for r in after[1]}) == len(after[1])


@dataclass(frozen=True)
class Nonsense(Random):
    """A technique that forgets values, or raises."""

    how: str = "forgets"

    def repair(self, task, train, clock, seed):
        if self.how == "raises":
            raise RuntimeError("no idea")
        if self.how == "declines":
            yield Finish({"looked_at": 1}, status="not_applicable")
            return
        outcome = train(task.faulty, proposal=0, fidelity=1.0, limit=1.0)
        yield Trial(proposal=0, configuration={"epochs": 1}, outcome=outcome)


def test_a_technique_that_fails_stops_no_other(results: Store) -> None:
    study = plan(
        techniques={"bad": Nonsense(how="raises"), "random": Random()}, repetitions=1, budget=2
    )
    done = go(study, results)
    (reason,) = done.failed.values()
    assert "no idea" in reason
    assert [c.technique for c in done.cells if c not in done.sources] == ["bad"]


def test_a_forged_trial_ends_its_run_and_no_other(results: Store) -> None:
    study = plan(techniques={"bad": Nonsense(), "random": Random()}, repetitions=1, budget=2)
    done = go(study, results)
    (reason,) = done.failed.values()
    assert "technique 'bad' yielded a trial of proposal 0 that is not the outcome" in reason
    bad = next(cell for cell in done.cells if cell.technique == "bad")
    log = read_log(results.folder(bad) / LOG)
    assert log is not None
    assert len(log.trials) == 1, "the training took place, so it was charged and recorded"
    assert [c.technique for c in done.sources] == ["random"]


def test_winners_are_confirmed_as_their_runs_end(
    results: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.study.runner.confirm", lambda *_: [])
    study = plan(techniques={"random": Random()}, repetitions=1, budget=2, seed=11)
    run_plan(study, results, slots=1, confirmations=2, say=lambda line: None)
    (cell,) = study.cells(load_registry())
    assert len(results.confirmed(cell)) == 2


def test_a_cell_that_another_driver_has_is_left(results: Store) -> None:
    study = plan(budget=2, seed=7)
    taken, free = study.cells(load_registry())
    with results.log(RunHeader(cell=taken, metric="accuracy", training_time=1.0)) as log:
        assert log is not None
        done = go(study, results)
    assert list(done.elsewhere) == [taken]
    assert not done.failed
    assert results.missing([taken, free]) == [taken]


def test_a_technique_may_decline(results: Store) -> None:
    study = plan(techniques={"shy": Nonsense(how="declines")}, repetitions=1, budget=2)
    go(study, results)
    (cell,) = study.cells(load_registry())
    record = results.read_record(cell)
    assert (record.status, record.trials) == ("not_applicable", 0)
    assert record.health["looked_at"] == 1
