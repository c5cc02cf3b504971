from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from recorded import AT, ENVIRONMENT

from harness.records.baseline import BaselineRecord, read_baseline, read_baseline_record
from harness.records.outcome import Outcome
from harness.vocabulary import HarnessError, TrialStatus


def trained(value: float) -> Outcome:
    return Outcome(
        status=TrialStatus.COMPLETED, seconds=1.0, work=10.0, search=value, holdout=value / 2
    )


RECORD = BaselineRecord(
    fault="D1",
    content="abc",
    metric="accuracy",
    training_time=1.0,
    work=10.0,
    data="default",
    fraction=0.5,
    device="a machine",
    started=AT,
    environment=ENVIRONMENT,
    faulty=(
        trained(0.2),
        Outcome(status=TrialStatus.DIVERGED, seconds=0.5, fidelity=0.5, work=5.0),
    ),
    fixed=(trained(0.8), trained(1.0)),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    RECORD.write(tmp_path / "b.json")
    return tmp_path / "b.json"


def test_a_record_comes_back_exactly(path: Path) -> None:
    assert read_baseline_record(path) == RECORD


def test_the_analysis_reads_the_judged_trainings(path: Path) -> None:
    found = read_baseline(path, "D1")
    assert (found.faulty_search, found.faulty_holdout, found.faulty_unjudged) == ([0.2], [0.1], 1)
    assert (found.fixed_search, found.fixed_holdout, found.fixed_unjudged) == (
        [0.8, 1.0],
        [0.4, 0.5],
        0,
    )
    assert (found.training_time, found.work, found.fraction) == (1.0, 10.0, 0.5)


def test_the_baseline_of_another_fault_is_refused(path: Path) -> None:
    with pytest.raises(HarnessError, match=r"b\.json is no baseline of D2: .* with fault 'D1'"):
        read_baseline(path, "D2")


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"metric": "mae"}, "measured with metric 'accuracy', not 'mae'"),
        ({"content": "x"}, "measured with content 'abc', not 'x'"),
        ({"fraction": 1.0}, "measured with fraction 0.5, not 1.0"),
        ({"seeds": 3}, "it holds 2 trainings, not 3"),
    ],
)
def test_another_baseline_than_the_one_asked_for_is_refused(
    asked: dict[str, Any], problem: str, path: Path
) -> None:
    assert read_baseline(path, "D1", seeds=2, metric="accuracy").fault == "D1"
    with pytest.raises(HarnessError, match=f"no baseline of D1: it.*{problem}|{problem}"):
        read_baseline(path, "D1", **asked)


def test_the_first_baseline_stays(path: Path) -> None:
    replace(RECORD, device="another").write(path)
    assert read_baseline_record(path) == RECORD


@pytest.mark.parametrize(
    ("names", "value", "problem"),
    [
        (["training_time"], 0, "training_time is 0, not above 0"),
        (["training_time"], "1", "training_time is '1', not a number"),
        (["training_time"], float("inf"), "Infinity is no number"),
        (["work"], -1, "work is -1, not at least 0"),
        (["training_time"], 2.0, "training_time is 2.0, but the trainings have the median 1.0"),
        (["work"], 0, "work is 0.0, but the trainings have the median 10.0"),
        (["faulty"], [], "faulty holds no training"),
        (["fixed"], [], "fixed holds no training that was judged"),
        (["faulty", 0, "seconds"], 0.1, "training_time is 1.0, but the trainings have the median"),
        (["fraction"], 0, "fraction is 0, not in (0, 1]"),
        (["metric"], "luck", "metric is 'luck', not one of accuracy"),
        (["metric"], "angle", None),
        (["faulty"], {}, "faulty is {}, not a list"),
        (["faulty", 0, "search"], 1.5, "faulty.0.search is 1.5, but accuracy is a share"),
        (["fixed", 1, "holdout"], True, "fixed.1.holdout is True, not a number"),
        (["fixed", 1, "status"], "cut short", "fixed.1.status is 'cut short', not one of"),
    ],
)
def test_a_damaged_baseline_is_named_and_nothing_is_changed(
    path: Path, names: list[Any], value: object, problem: str | None
) -> None:
    content = json.loads(path.read_text())
    at = content
    for name in names[:-1]:
        at = at[name]
    at[names[-1]] = value
    path.write_text(json.dumps(content))
    before = path.read_bytes()
    if problem is None:
        assert read_baseline(path, "D1").metric == value
        return
    with pytest.raises(HarnessError, match=r"b\.json") as raised:
        read_baseline(path, "D1")
    assert problem in str(raised.value)
    assert path.read_bytes() == before
