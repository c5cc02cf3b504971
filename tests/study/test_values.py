"""Settings that are given as something else are one message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.study.values import (
    MOST,
    chunk_of,
    flag,
    mapping_by_fault,
    name_list,
    number,
    text,
    whole_number,
)
from harness.vocabulary import HarnessError


def test_values_are_taken_as_they_are() -> None:
    assert name_list("faults", ["D6", "D3", " D6 "]) == ["D6", "D3"]
    assert (number("fraction", 1), whole_number("seeds", 3), flag("mlflow", False)) == (1, 3, False)
    assert (text("data", ""), chunk_of("2/8"), chunk_of(None)) == ("", (2, 8), None)
    assert mapping_by_fault("seeds_for", {"D5": 4}) == {"D5": 4}


@pytest.mark.parametrize(
    ("check", "value", "message"),
    [
        (name_list, {"D6": 1}, "must be a list of names"),
        (name_list, ["D6", 3], "must be a list of names"),
        (number, True, "must be a number"),
        (number, float("nan"), "must be a number"),
        (whole_number, 0, "must be a whole number from 1"),
        (whole_number, MOST + 1, f"must be a whole number from 1 to {MOST}"),
        (whole_number, 2.0, "must be a whole number"),
        (flag, "no", "must be true or false"),
        (text, 3, "must be a text"),
        (mapping_by_fault, [1], "must be like"),
    ],
)
def test_other_values_are_one_message(
    check: Callable[[str, Any], Any], value: Any, message: str
) -> None:
    with pytest.raises(HarnessError, match=f"it {message}"):
        check("it", value)


@pytest.mark.parametrize("value", ["2", "a/8", "2/8/9", "٢/8"])
def test_a_chunk_is_two_numbers(value: str) -> None:
    with pytest.raises(HarnessError, match="chunk must be like 2/8"):
        chunk_of(value)
