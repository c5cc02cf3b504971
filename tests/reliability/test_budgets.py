"""Finished work continued with a larger budget, and searches that have nothing to search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from drivers import SMALL, finish, lines
from upsets import Driver, one_message

from harness.records.files import read_json
from harness.records.log import LOG
from harness.records.run_record import RUN
from harness.space.domains import Choice
from harness.techniques.autotrainer.technique import Autotrainer
from harness.techniques.bohb import Bohb
from harness.techniques.contract import RepairTask, Technique
from harness.techniques.guided.technique import Guided
from harness.techniques.hebo import Hebo
from harness.techniques.random import Random
from harness.testing import FakeTrain, fake_task, run_technique

STUDY = [*SMALL, "plan.techniques=[random,bohb]"]


def _rows(log: Path) -> list[bytes]:
    return log.read_bytes().splitlines()[1:]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("killed", [False, True])
def test_a_larger_budget_is_paid_once(
    killed: bool, tmp_path: Path, drivers: Callable[..., Driver], own_faults: Path, again: int
) -> None:
    """10, then 20: the trials of the first run are those of the second one, times included."""
    whole, folder = tmp_path / "whole", tmp_path / "results"
    finish([*STUDY, "budget=20"], whole, own_faults)
    finish([*STUDY, "budget=10"], folder, own_faults)
    small = {path: path.read_bytes() for path in folder.rglob(LOG)}
    if killed:
        driver = drivers(*STUDY, "budget=20", f"results={folder}")
        driver.until(lambda: any(p not in small and p.stat().st_size for p in folder.rglob(LOG)))
        driver.process.kill()
        driver.end()
    driver = drivers(*STUDY, "budget=20", f"results={folder}")
    code, said = driver.end()
    assert code == 0, said
    one_message(said)
    assert {path: path.read_bytes() for path in small} == small
    large = {path.parts[-3]: path for path in folder.rglob(LOG) if path not in small}
    assert len(large) == len(small)
    for path in small:
        own, longer = _rows(path), _rows(large[path.parts[-3]])
        ended = (n for n, row in enumerate(own) if b'"status": "cut"' in row)
        taken = next(ended, len(own))
        assert taken > 0 or "bohb" not in path.parts  # whose first trainings are short
        assert longer[:taken] == own[:taken]
        record = read_json(large[path.parts[-3]].parent / RUN)
        assert record["continued_after"] >= taken if killed else record["continued_after"] == taken
    found, undisturbed = lines(folder), lines(whole)
    assert all(found[name] == log for name, log in undisturbed.items())


TECHNIQUES: dict[str, Technique] = {
    "random": Random(),
    "hebo": Hebo(initial=4),
    "bohb": Bohb(),
    "guided": Guided(),
    "autotrainer": Autotrainer(),
}


def _task(values: tuple[str, ...]) -> RepairTask:
    """A program with one hyperparameter to search, of these values."""
    task = fake_task()
    others = {name: value for name, value in task.faulty.items() if name != "optimiser"}
    space = replace(task.space, domains={"optimiser": Choice(values)}, frozen=others)
    return replace(task, space=space)


@pytest.mark.usefixtures("ray_session")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("values", [("adam", "sgd", "rmsprop"), ("adam",)], ids=["three", "one"])
@pytest.mark.parametrize("name", TECHNIQUES)
def test_a_space_of_few_configurations(name: str, values: tuple[str, ...]) -> None:
    """One hyperparameter and a budget of fifty trainings: the search ends, within its space."""
    task = _task(values)
    if name == "hebo" and len(values) == 1:  # nothing is left to model
        trials, finish = run_technique(TECHNIQUES[name], task=task, budget=50)
        assert (trials, finish.status) == ([], "not_applicable")
        return
    trials, finish = run_technique(TECHNIQUES[name], task=task, budget=50, train=FakeTrain())
    assert finish.status in ("ok", "no_symptom", "not_applicable")
    assert len(trials) <= 50 * 9
    for trial in trials:
        assert trial.configuration is not None
        if name != "autotrainer":  # its solutions are its own
            assert trial.configuration["optimiser"] in values
            assert {**trial.configuration, "optimiser": "adam"} == dict(task.faulty)
