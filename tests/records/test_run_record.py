from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import CELL, run_record

from harness.records.run_record import RUN, RunRecord, RunSeconds, read_run_record
from harness.vocabulary import HarnessError

RECORD = run_record(CELL, 3, choice=1, health={"kept": 2, "why": "x", "share": 0.5})


def edited(folder: Path, where: str, value: object) -> bytes:
    """Write the record with one field changed, or dropped for ``...``; return its bytes."""
    RECORD.write(folder)
    content = json.loads((folder / RUN).read_text())
    *outer, last = where.split(".")
    at: Any = content
    for name in outer:
        at = at[name]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    (folder / RUN).write_text(json.dumps(content))
    return (folder / RUN).read_bytes()


def test_a_record_comes_back_exactly_with_its_version(tmp_path: Path) -> None:
    RECORD.write(tmp_path)
    assert read_run_record(tmp_path) == RECORD
    assert json.loads((tmp_path / RUN).read_text())["version"] == 2


seconds = st.floats(0, 1e9)


@given(
    st.builds(
        run_record,
        st.just(CELL),
        st.integers(0, 99),
        choice=st.none() | st.integers(0, 99),
        health=st.dictionaries(
            st.text(), st.integers(-9, 9) | st.floats(-9, 9) | st.text(), max_size=3
        ),
        spent=seconds,
        seconds=st.builds(
            RunSeconds,
            training=seconds,
            search=seconds,
            building=seconds,
            total=seconds,
            opening=seconds,
        ),
        device=st.text(),
    )
)
def test_any_record_comes_back(tmp_path_factory: pytest.TempPathFactory, record: RunRecord) -> None:
    folder = tmp_path_factory.mktemp("run")
    record.write(folder)
    assert read_run_record(folder) == record


@pytest.mark.parametrize(
    ("where", "value", "problem"),
    [
        ("status", ..., "lacks the field 'status'"),
        ("trials", True, "trials is True, not a whole number"),
        ("trials", 4, "counts add up to 3, but there are 4 trials"),
        ("choice", -1, "choice is -1, not at least 0"),
        ("training_time", 0, "training_time is 0, not above 0"),
        ("training_time", "1", "training_time is '1', not a number"),
        ("allowed", -1.0, "allowed is -1.0, not above 0"),
        ("seconds.total", -1, "seconds.total is -1, not at least 0"),
        ("seconds.total", float("nan"), "NaN is no number"),
        ("seconds", 1, "seconds is 1, not a mapping"),
        ("fault.metric", "luck", "fault.metric is 'luck', not one of accuracy"),
        ("fault.fixed", {"lr": 1}, "fault.fixed and 'faulty' differ in their names: epochs, lr"),
        ("health.kept", None, "health.kept is None, not str or int or float or bool"),
        ("cell.budget", 0, "cell.budget is 0, not above 0"),
        ("cell.fraction", 2, "cell.fraction is 2, not in (0, 1]"),
        ("environment.dirty", "no", "environment.dirty is 'no', not true or false"),
        ("version", 1, "dnn-repair migrate RESULTS"),
        ("version", True, "was written by results version True"),
        ("surprise", 1, "holds the unknown field 'surprise'"),
    ],
)
def test_a_damaged_record_is_named_and_nothing_is_changed(
    tmp_path: Path, where: str, value: object, problem: str
) -> None:
    before = edited(tmp_path, where, value)
    with pytest.raises(HarnessError) as raised:
        read_run_record(tmp_path)
    assert problem in str(raised.value)
    assert str(tmp_path / RUN) in str(raised.value)
    assert (tmp_path / RUN).read_bytes() == before


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"health": {"loss": float("nan")}}, "health.loss is nan, not a finite number"),
        ({"training_time": 0.0}, "training_time is 0.0, not above 0"),
        ({"choice": -1}, "choice is -1, not at least 0"),
    ],
)
def test_nonsense_is_not_written(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    with pytest.raises(HarnessError, match="this RunRecord cannot be stored") as raised:
        replace(RECORD, **change).write(tmp_path)
    assert problem in str(raised.value)
    assert not list(tmp_path.iterdir())
