from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records.schema import (
    Count,
    Misfit,
    Positive,
    Seconds,
    Share,
    decode_json,
    from_json,
    storable,
    to_json,
)
from harness.vocabulary import Cause, HarnessError, TrialStatus, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    number: int
    share: Share = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    text: str
    flag: bool
    count: Count
    seconds: Seconds
    time: Positive
    status: TrialStatus
    cause: Cause | None
    inner: Inner
    values: Mapping[str, Value]
    list: Sequence[float | None]
    anything: Mapping[str, Any]


WHOLE = Whole(
    text="t",
    flag=True,
    count=0,
    seconds=0.0,
    time=0.5,
    status=TrialStatus.CUT,
    cause=None,
    inner=Inner(number=-1, share=0.5),
    values={"a": 1, "b": 1.5, "c": "x", "d": False},
    list=(1.0, None),
    anything={"deep": [{"er": [1, None, "x"]}]},
)


def changed_to(where: str, value: object) -> dict[str, Any]:
    content = to_json(WHOLE)
    *outer, last = where.split(".")
    at = content
    for name in outer:
        at = at[name]
    at[last] = value
    return content


def test_a_record_comes_back_with_its_types() -> None:
    again = from_json(Whole, to_json(WHOLE))
    assert again == WHOLE
    assert type(again.values["d"]) is bool
    assert type(again.status) is TrialStatus


def test_a_whole_number_stands_for_a_float_and_a_default_for_a_missing_field() -> None:
    content = changed_to("seconds", 3)
    del content["inner"]["share"]
    found = from_json(Whole, content)
    assert (found.seconds, type(found.seconds), found.inner.share) == (3.0, float, 1.0)


@pytest.mark.parametrize(
    ("where", "value", "problem"),
    [
        ("text", 1, "text is 1, not text"),
        ("flag", 1, "flag is 1, not true or false"),
        ("count", True, "count is True, not a whole number"),
        ("count", 1.0, "count is 1.0, not a whole number"),
        ("count", -1, "count is -1, not at least 0"),
        ("seconds", "1", "seconds is '1', not a number"),
        ("seconds", True, "seconds is True, not a number"),
        ("seconds", None, "seconds is None, not a number"),
        ("seconds", math.inf, "seconds is inf, not a finite number"),
        ("seconds", 10**400, "not a finite number"),
        ("seconds", -0.1, "seconds is -0.1, not at least 0"),
        ("time", 0, "time is 0, not above 0"),
        ("status", "done", "status is 'done', not one of completed"),
        ("status", ["cut"], "status is"),
        ("cause", "bad luck", "cause is 'bad luck', not one of"),
        ("inner", [], "inner is [], not a mapping"),
        ("inner.share", 0, "inner.share is 0, not in (0, 1]"),
        ("inner.share", 1.1, "inner.share is 1.1, not in (0, 1]"),
        ("inner.other", 1, "inner holds the unknown field 'other'"),
        ("values.a", None, "values.a is None, not str or int or float or bool"),
        ("values.b", math.nan, "values.b is nan, not a finite number"),
        ("values", [1], "values is [1], not a mapping"),
        ("list", 1.0, "list is 1.0, not a list"),
        ("list", [1.0, "x"], "list.1 is 'x', not a number"),
        ("anything.deep", [math.nan], "not a finite number"),
    ],
)
def test_another_type_or_range_is_named_with_its_place(
    where: str, value: object, problem: str
) -> None:
    with pytest.raises(Misfit) as raised:
        from_json(Whole, changed_to(where, value))
    assert problem in str(raised.value)


def test_a_missing_field_is_named() -> None:
    content = to_json(WHOLE)
    del content["inner"]["number"]
    with pytest.raises(Misfit, match="inner lacks the field 'number'"):
        from_json(Whole, content)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("NaN", "NaN is no number"),
        ('{"a": Infinity}', "Infinity is no number"),
        ("[-Infinity]", "-Infinity is no number"),
        ("[" * 100_000, "nested too deeply"),
        ("{", "Expecting"),
        (b"\xff", "can't decode"),
    ],
)
def test_text_that_is_no_finite_json_is_refused(text: str | bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode_json(text)


def test_numbers_of_numpy_are_stored_as_numbers_or_refused_with_their_place() -> None:
    assert storable(Inner(number=1, share=np.float64(0.5))) == {"number": 1, "share": 0.5}
    with pytest.raises(HarnessError, match=r"this Inner cannot be stored: number is .*int64"):
        storable(Inner(number=np.int64(1)))  # type: ignore[arg-type]
    with pytest.raises(HarnessError, match=r"share is 2\.0, not in \(0, 1\]"):
        storable(Inner(number=1, share=2.0))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(to_json(WHOLE))), json_values)
def test_any_value_anywhere_is_read_as_it_is_or_refused(name: str, value: object) -> None:
    try:
        found = from_json(Whole, changed_to(name, value))
    except Misfit:
        return
    assert to_json(found)[name] == value
