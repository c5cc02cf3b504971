"""Searches on real Ray Tune: how they end, and what techniques that fail leave behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.engine.search import LOST_IN_A_ROW, search
from harness.records.clocks import Clock, TrainingClock
from harness.records.outcome import Trial
from harness.techniques.contract import FREE_TRIALS, Finish
from harness.techniques.random import Random
from harness.testing import Failing, FakeTrain, fake_task, run_technique
from harness.vocabulary import Cause, HarnessError

pytestmark = [pytest.mark.usefixtures("ray_session"), pytest.mark.timeout(180)]


def items(how: str, train: FakeTrain | None = None) -> tuple[list[Any], str]:
    """What a search of four trainings yields, and the error that ends it."""
    clock: Clock = TrainingClock(4.0)
    optimiser = Failing(how).optimiser(fake_task(), clock, 1)
    found: list[Any] = []
    try:
        for item in search(optimiser, train or FakeTrain(), clock):
            found.append(item)
            if isinstance(item, Trial):
                clock.charge(item.outcome)
    except RuntimeError as error:
        return found, str(error)
    return found, ""


@pytest.mark.parametrize("how", ["ask", "tell"])
def test_an_error_of_the_optimiser_ends_the_search_after_what_was_recorded(how: str) -> None:
    found, error = items(how)
    assert error == f"this technique fails to {how}"
    assert [type(item) for item in found] == [Trial]
    after, _ = run_technique(Random(), budget=2.0)
    assert len(after) == 2, "the next search is not disturbed"


def test_a_search_that_gives_up_at_once_has_no_trial() -> None:
    (finish,), error = items("nothing")
    assert isinstance(finish, Finish)
    assert (finish.status, finish.health, error) == ("ok", {"ask": 0, "tell": 0}, "")


def test_a_run_without_an_end_stops_after_many_free_trials() -> None:
    trials, finish = run_technique(Failing("endless"), train=FakeTrain(trouble="invalid", every=1))
    assert len(trials) == FREE_TRIALS
    assert all(trial.outcome.cause is Cause.LABELS for trial in trials)
    assert finish.health["ended"] == f"{FREE_TRIALS} trials in a row were invalid or cost nothing"


def test_a_search_fails_when_the_infrastructure_loses_training_after_training() -> None:
    found, error = items("endless", FakeTrain(trouble="raise", every=1))
    assert len(found) == LOST_IN_A_ROW
    assert error.startswith(
        f"{LOST_IN_A_ROW} trainings in a row were lost: train broke its promise"
    )


class Refuses(FakeTrain):
    def __call__(self, *_: Any, **__: Any) -> Any:
        raise HarnessError("the input is bad")


def test_bad_input_ends_the_search_with_its_message() -> None:
    with pytest.raises(HarnessError, match="the input is bad"):
        items("endless", Refuses())


SPACED = """
from harness.engine import repair
from harness.engine.session import shutdown, start
from harness.records.clocks import TrainingClock
from harness.techniques.random import Random
from harness.testing import FakeTrain, fake_task
start(2)
clock = TrainingClock(2.0)
def charge(trial):
    clock.charge(trial.outcome)
repair(Random(), fake_task(), FakeTrain(), clock, 1, enter=charge)
print(clock.spent)
shutdown()
"""


def test_an_interpreter_in_a_folder_with_a_space_runs_searches(tmp_path: Path) -> None:
    """Ray hands the interpreter's path to a shell; unquoted, a search would wait for ever."""
    environment = tmp_path / "a folder" / "environment"
    environment.parent.mkdir()
    environment.symlink_to(sys.prefix)
    done = subprocess.run(
        [environment / "bin" / "python", "-c", SPACED],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["2.0"]
