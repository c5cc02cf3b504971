"""What every technique promises, on real Ray with a fake training.

A technique of yours passes the same tests: put it into TECHNIQUES.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeTrain

from harness.engine import repair
from harness.records.clocks import TrainingClock, exhausted
from harness.records.outcome import Trial
from harness.space.derivation import derive
from harness.subjects.registry import FAULTS, load_registry
from harness.techniques.autotrainer.technique import Autotrainer, AutotrainerIcst23
from harness.techniques.bohb import Bohb, BohbIcst23
from harness.techniques.contract import Finish, RepairTask, Technique
from harness.techniques.guided.technique import Guided
from harness.techniques.hebo import Hebo, HeboIcst23
from harness.techniques.random import Random, RandomIcst23
from harness.vocabulary import TrialStatus, changed

TECHNIQUES: dict[str, Technique] = {
    "random": Random(),
    "hebo": Hebo(initial=4),
    "bohb": Bohb(),
    "autotrainer": Autotrainer(),
    "guided": Guided(),
    "random_icst23": RandomIcst23(),
    "hebo_icst23": HeboIcst23(),
    "bohb_icst23": BohbIcst23(),
    "autotrainer_icst23": AutotrainerIcst23(),
}
LEARNS = ("hebo", "bohb")

AS_RUN = [name for name in TECHNIQUES if name.endswith("_icst23")]
"""Kept for comparison only; tested by make test-all."""

every_technique = pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.slow] if n in AS_RUN else []) for n in TECHNIQUES],
)
pytestmark = [pytest.mark.usefixtures("ray_session"), pytest.mark.timeout(180)]


def task() -> RepairTask:
    fault = load_registry([FAULTS])["D7"]
    return RepairTask(
        faulty=fault.faulty,
        space=derive(fault.faulty, fault.subject.context),
        metric=load_registry([FAULTS])["D1"].subject.measure,  # the fakes are better if higher
        training_time=1.0,
    )


def run(
    name: str, seed: int = 1, budget: float = 6.0, train: Any = None
) -> tuple[list[Trial], Finish]:
    """All trials of one run, charged as the runner charges them."""
    clock = TrainingClock(budget)
    trials: list[Trial] = []
    finish = Finish({})
    for item in repair(TECHNIQUES[name], task(), train or FakeTrain(), clock, seed):
        if isinstance(item, Finish):
            finish = item
            continue
        assert not exhausted(clock), "a trial was started after the clock was spent"
        clock.charge(item.outcome)
        trials.append(item)
    assert exhausted(clock)
    return trials, finish


def told(trials: list[Trial]) -> list[Any]:
    return [
        [t.proposal, dict(t.configuration), t.outcome.fidelity, t.outcome.search] for t in trials
    ]


@every_technique
def test_same_seed_same_trials_other_seed_others(name: str) -> None:
    first, _ = run(name)
    again, _ = run(name)
    other, _ = run(name, seed=2)
    assert told(first) == told(again)
    fixed_start = 8 if name == "hebo_icst23" else 1  # its Sobol sequence is the same for all seeds
    if len(first) > fixed_start:
        assert told(first) != told(other) or name == "hebo_icst23"


@pytest.fixture(scope="module")
def elsewhere() -> dict[str, Any]:
    """The trials of every technique in a fresh process, where hashes are randomised otherwise."""
    code = f"""
import json, sys
sys.path[:0] = {[str(Path(__file__).parent), *sys.path]!r}
from harness.engine.workers import start
start(2)
from test_conformance import TECHNIQUES, run, told
print(json.dumps({{name: told(run(name, budget=5.0)[0]) for name in TECHNIQUES}}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@every_technique
def test_same_seed_same_trials_in_a_fresh_process(name: str, elsewhere: dict[str, Any]) -> None:
    here = json.loads(json.dumps(told(run(name, budget=5.0)[0])))
    assert elsewhere[name] == here


@every_technique
def test_no_trial_after_the_clock_is_spent_and_the_last_is_cut(name: str) -> None:
    trials, _ = run(name, budget=2.5)
    assert sum(t.outcome.seconds for t in trials) == pytest.approx(2.5)
    assert trials[-1].outcome.status in (TrialStatus.CUT, TrialStatus.COMPLETED)


@every_technique
@pytest.mark.parametrize("trouble", ["crash", "diverge", "invalid", "exit", "raise"])
def test_trouble_is_a_row_and_never_fatal(name: str, trouble: str) -> None:
    trials, finish = run(name, budget=5.0, train=FakeTrain(trouble=trouble))
    bad = [t for t in trials if not t.outcome.judged]
    assert bad
    assert all(t.outcome.cause is not None for t in bad)
    assert [t for t in trials if t.outcome.status is TrialStatus.COMPLETED]
    assert finish.health


@every_technique
def test_proposals_are_whole_and_inside_the_space(name: str) -> None:
    trials, _ = run(name)
    faulty, space = task().faulty, task().space
    for trial in trials:
        changed(faulty, trial.configuration)  # raises if a value were added or dropped
        assert trial.configuration in space
        assert all(type(v) in (str, int, float) for v in trial.configuration.values())
        assert trial.suggest_seconds >= 0


@pytest.mark.parametrize("name", [n for n in TECHNIQUES if n != "random"])
def test_the_faulty_program_comes_first(name: str) -> None:
    trials, _ = run(name, budget=2.0)
    assert dict(trials[0].configuration) == dict(task().faulty)


@pytest.mark.parametrize("name", LEARNS)
def test_every_observation_reaches_the_searcher(name: str) -> None:
    trials, finish = run(name, train=FakeTrain(trouble="crash"))
    assert finish.health["observations"] == len(trials)


def test_the_study_s_bohb_never_observes() -> None:
    _, finish = run("bohb_icst23")
    assert finish.health["observations"] == 0


def test_bohb_starts_more_and_trains_on_what_is_promising() -> None:
    trials, _ = run("bohb", budget=7.5)
    fidelities: dict[int, list[float]] = {}
    for trial in trials:
        fidelities.setdefault(trial.proposal, []).append(trial.outcome.fidelity)
    assert len(fidelities) >= 12
    assert any(len(f) > 1 for f in fidelities.values())
    assert all(f == sorted(f) for f in fidelities.values())


@every_technique
def test_a_consumer_that_leaves_early_stops_the_search(name: str) -> None:
    search: Iterator[Any] = repair(TECHNIQUES[name], task(), FakeTrain(), TrainingClock(50.0), 1)
    next(search)
    search.close()  # type: ignore[attr-defined]
    assert len(run(name, budget=3.0)[0]) >= 3  # and the next one finds everything in order


def test_trials_that_cost_nothing_do_not_go_on_for_ever() -> None:
    class Free(FakeTrain):
        def __call__(self, *args: Any, **more: Any) -> Any:
            return FakeTrain(trouble="invalid")._fail()

    clock = TrainingClock(5.0)
    trials = list(repair(Random(), task(), Free(), clock, 1))
    assert len(trials) == 201  # FREE_TRIALS, and the closing word
