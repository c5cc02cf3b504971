from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.records.files import write_record
from harness.records.outcome import Outcome
from harness.records.trainings import KeptTraining, TrainingsRecord, read_trainings
from harness.vocabulary import HarnessError, TrialStatus

RECORD = TrainingsRecord(
    subject="digits_cnn",
    backend="jax",
    configuration={"epochs": 5, "loss": "hinge"},
    data_seed=7,
    data="default",
    fraction=0.5,
    trainings={
        "11": KeptTraining(
            device="a machine",
            outcome=Outcome(status=TrialStatus.COMPLETED, seconds=1.0, search=0.5, holdout=0.5),
        )
    },
)


def test_a_record_comes_back_exactly(tmp_path: Path) -> None:
    write_record(tmp_path / "t.json", RECORD)
    assert read_trainings(tmp_path / "t.json") == RECORD


@pytest.mark.parametrize(
    ("names", "value", "problem"),
    [
        (["fraction"], 1.5, "fraction is 1.5, not in (0, 1]"),
        (["trainings"], [], "trainings is [], not a mapping"),
        (["trainings", "11", "device"], None, "trainings.11.device is None, not text"),
        (["trainings", "11", "outcome", "seconds"], "1", "trainings.11.outcome.seconds is '1'"),
        (["trainings", "11", "outcome", "search"], None, "a completed trial has search and"),
    ],
)
def test_a_damaged_record_is_named(
    tmp_path: Path, names: list[str], value: object, problem: str
) -> None:
    path = tmp_path / "t.json"
    write_record(path, RECORD)
    content = json.loads(path.read_text())
    at: Any = content
    for name in names[:-1]:
        at = at[name]
    at[names[-1]] = value
    path.write_text(json.dumps(content))
    with pytest.raises(HarnessError, match=r"t\.json is no record of trainings") as raised:
        read_trainings(path)
    assert problem in str(raised.value)
