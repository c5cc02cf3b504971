"""The shipped suite passes techniques that keep their promises, and names each broken promise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from broken import OneChange

from harness.techniques.contract import TechniqueError
from harness.techniques.random import Random
from harness.testing import (
    FAILURES,
    Failing,
    FakeTrain,
    OptimiserTestCase,
    TechniqueTestCase,
    comparable,
    fake_task,
    run_technique,
)

SEED = "test_the_seed_decides_the_trials"
PROCESS = "test_a_new_process_gives_the_same_trials"
CLOCK = "test_no_trial_starts_after_the_clock_is_spent_and_the_last_is_cut"
TROUBLE = "test_trouble_is_a_row_and_never_fatal"
WHOLE = "test_proposals_are_whole_plain_and_inside_the_space"
GLOBAL = "test_global_generators_are_left_alone"
FROZEN = "test_the_settings_are_plain_and_frozen"
ALL = {name for name in vars(TechniqueTestCase) if name.startswith("test_")}
OPTIMISER = {name for name in vars(OptimiserTestCase) if name.startswith("test_")}

BROKEN: Mapping[str, set[str]] = {
    "OneChange": set(),
    "TrainsOn": set(),
    "IgnoresTheLimit": set(),
    "HidesFailures": set(),
    "MovesTheClock": ALL - {FROZEN},
    "Stays": {"test_a_consumer_that_leaves_early_stops_the_search"},
    "Thawed": {FROZEN},
    "Keeps": set(),
    "IgnoresTheSeed": {SEED},
    "DrawsGlobally": {SEED, PROCESS, GLOBAL},
    "SeedsGlobally": {GLOBAL},
    "DependsOnHashes": {PROCESS},
    "ChangesTheTask": set(),
    "ProposesArrays": set(),
    "DropsAValue": ALL - {FROZEN} | OPTIMISER,
    "ExpectsValues": {TROUBLE, "test_a_run_in_which_all_fails_goes_on"},
}
"""Technique of ``broken`` -> the tests that fail for it. What the engine does not let a technique
do (train on, hide a failure, change its task) fails none."""

OWN_LOOP = list(BROKEN)[:7]
REALLY_ELSEWHERE = ("OneChange", "Keeps", "DrawsGlobally", "DependsOnHashes")

HEAD = """
import pytest
from broken import *
from harness.testing import OptimiserTestCase, TechniqueTestCase, comparable, run_technique

class Here:
    @pytest.fixture
    def elsewhere(self, technique, task):
        return comparable(run_technique(technique, task=task, budget=5.0, on_ray=False)[0])
"""

CASE = """
class Test{name}({bases}):
    @pytest.fixture
    def technique(self):
        return {name}()
"""


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Technique -> tests that fail for it, each with its message: one run of a file of cases."""
    folder = tmp_path_factory.mktemp("third_party")
    text = HEAD
    for name in BROKEN:
        case = "TechniqueTestCase" if name in OWN_LOOP else "OptimiserTestCase"
        bases = case if name in REALLY_ELSEWHERE else f"Here, {case}"
        text += CASE.format(name=name, bases=bases)
    (folder / "test_third_party.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rfE", "-p", "no:cacheprovider"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "400"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.search(r"\d+ passed", done.stdout), done.stdout + done.stderr
    found: dict[str, dict[str, str]] = {name: {} for name in BROKEN}
    pattern = r"^(?:FAILED|ERROR) \S+::Test(\w+)::(\w+)(?:\[\w+\])?(?: - (.*))?$"
    for name, test, message in re.findall(pattern, done.stdout, re.MULTILINE):
        found[name][test] = message
    return found


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_promise_fails_its_test_and_no_other(
    name: str, failed: dict[str, dict[str, str]]
) -> None:
    assert set(failed[name]) == BROKEN[name]


@pytest.mark.parametrize(
    ("name", "test", "message"),
    [
        ("MovesTheClock", CLOCK, "'ReadOnlyClock' object has no attribute 'charge'"),
        ("DropsAValue", WHOLE, "a configuration that adds or lacks epochs"),
        ("IgnoresTheSeed", SEED, "another seed gave the same trials"),
        ("DrawsGlobally", SEED, "the same seed gave other trials"),
    ],
)
def test_the_message_says_which_promise(
    name: str, test: str, message: str, failed: dict[str, dict[str, str]]
) -> None:
    assert message in failed[name][test]


def test_the_technique_of_the_readme_runs() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (code,) = [
        block
        for block in re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
        if "class OneChange" in block
    ]
    names: dict[str, Any] = {"__name__": "one_change"}
    exec(code, names)
    theirs, _ = run_technique(names["OneChange"]())
    ours, _ = run_technique(OneChange())
    assert comparable(theirs) == comparable(ours)


def test_without_pytest_one_message_says_what_is_missing() -> None:
    code = "import sys; sys.modules['pytest'] = None; import harness.testing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "harness.testing needs pytest, which is not installed" in done.stderr


class TestWithoutRay:
    def test_the_trials_are_those_of_the_engine(self, ray_session: None) -> None:
        for trouble in ("", "exit", "raise"):
            train = FakeTrain(trouble=trouble)
            here, _ = run_technique(Random(), train=train, budget=2.0, on_ray=False)
            there, _ = run_technique(Random(), train=train, budget=2.0)
            assert comparable(here) == comparable(there)
            assert [t.outcome.cause for t in here] == [t.outcome.cause for t in there]


NOTICED: Mapping[str, tuple[str, str]] = {
    "start": (TROUBLE, "fails to start"),
    "ask": (TROUBLE, "fails to ask"),
    "tell": (TROUBLE, "fails to tell"),
    "space": (WHOLE, "outside the space"),
    "endless": (SEED, "another seed gave the same trials"),
    "nothing": (CLOCK, "no trial was run"),
}
"""Failure -> a test that notices it, and its message."""


@pytest.mark.parametrize("how", FAILURES)
def test_every_failure_is_noticed_by_the_suite(how: str) -> None:
    test, message = NOTICED[how]
    more = {"trouble": "crash"} if test == TROUBLE else {}
    check = getattr(OptimiserTestCase(), test)
    with pytest.raises((AssertionError, TechniqueError), match=message):
        check(technique=Failing(how), task=fake_task(), **more)
    check(technique=Random(), task=fake_task(), **more)
