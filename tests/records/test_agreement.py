"""The files of one run agree, or one message says which does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from recorded import CELL, header, row, run_record

from harness.records.agreement import check_again, check_minimised, check_trials
from harness.records.log import LOG, Log, TrialLog, read_log
from harness.records.outcome import Trial
from harness.records.run import Confirmation, Minimised
from harness.records.run_record import RunRecord
from harness.records.store import run_of
from harness.vocabulary import HarnessError

PATH = Path("runs/D1/trials.jsonl")


@pytest.fixture
def log(tmp_path: Path) -> Log:
    opened = TrialLog(tmp_path, header())
    assert opened.acquire()
    for index in range(3):
        opened.append(row(index))
    opened.close()
    found = read_log(tmp_path / LOG)
    assert found is not None
    return found


def test_what_a_driver_wrote_agrees(log: Log) -> None:
    record = run_record(CELL, 3, choice=2)
    check_trials(PATH, log, record)
    run = run_of(record, log.trials)
    again = [Confirmation(proposal=2, fidelity=1.0, seed=n, outcome=row(0).outcome) for n in (1, 2)]
    check_again(PATH, again, run)
    check_minimised(PATH, Minimised({"epochs": 4}, 3), run)


def with_trials(change: Callable[[Trial], Trial]) -> Callable[[Log, RunRecord], Any]:
    return lambda log, record: (log._replace(trials=[*map(change, log.trials)]), record)


def with_record(**changes: Any) -> Callable[[Log, RunRecord], Any]:
    return lambda log, record: (log, replace(record, **changes))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_record(counts={"cut": 3}), "counts are .*cut.*, but the log holds .*completed"),
        (with_record(spent=0.31), "spent is 0.31, but the log ends with 0.3"),
        (with_record(spent=0.0), "spent is 0.0, but the log ends with 0.3"),
        (with_record(allowed=9.0), "allowed is 9.0, but budget times training_time is 10.0"),
        (with_record(training_time=0.6), "training_time is 0.6, but the log began with 0.5"),
        (with_record(choice=3), "choice is 3, but no trial has this proposal"),
        (with_record(allowed=0.05), "trial was charged after the budget of 0.05 was spent"),
        (
            with_record(seconds=replace(run_record(CELL, 3).seconds, search=1.0)),
            "seconds.search is 1.0, but the trials add up to 0.03",
        ),
        (with_trials(lambda t: replace(t, configuration={"epochs": "5"})), "epochs is '5', where"),
        (with_trials(lambda t: replace(t, configuration={"epochs": True})), "epochs is 'True'"),
        (with_trials(lambda t: replace(t, configuration={})), "differs in epochs"),
    ],
)
def test_a_contradiction_is_one_message(
    change: Callable[[Log, RunRecord], Any], message: str, log: Log
) -> None:
    with pytest.raises(HarnessError, match=f"(?s){message}.*Nothing was changed"):
        check_trials(PATH, *change(log, run_record(CELL, 3)))


def test_a_whole_number_may_stand_for_another(log: Log) -> None:
    check_trials(
        PATH,
        *with_trials(lambda t: replace(t, configuration={"epochs": 5.0}))(log, run_record(CELL, 3)),
    )


def test_a_running_clock_may_stand_after_its_last_trial(log: Log) -> None:
    cell = replace(CELL, clock="wall")
    own = log._replace(header=header(cell))
    check_trials(PATH, own, run_record(cell, 3, spent=5.0))
    with pytest.raises(HarnessError, match="spent is 0.1, but the log ends with"):
        check_trials(PATH, own, run_record(cell, 3, spent=0.1))
