"""Values as people write them into fault files and subjects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import yaml

from harness.subjects.registry import FAULTS, load_registry
from harness.subjects.values import is_plain, problem_with, problem_with_name, unlike

DIGITS = load_registry([FAULTS]).subject("digits_cnn")


@pytest.mark.parametrize("value", ["relu", "", 0, -3, 2.5, True, 3.04e-40])
def test_plain_values(value: Any) -> None:
    assert is_plain(value)


@pytest.mark.parametrize(
    "value",
    [None, [1], {"a": 1}, float("nan"), float("inf"), 10**400, np.float64(1), np.ones(2), b"relu"],
)
def test_values_that_are_not_plain(value: Any) -> None:
    assert not is_plain(value)
    if type(value) not in (int, float):
        expected = "Expected: a text, a number, true or false"
        assert expected in problem_with("regulariser_1", value, DIGITS)
    assert problem_with("l1_1", value, DIGITS)


@pytest.mark.parametrize("text", ["1e-3", "1E5", "1e10", "1.5e3", "0.5", "2", "1e-7"])
def test_a_number_that_yaml_takes_for_a_text_is_written_so_that_it_is_none(text: str) -> None:
    problem = unlike("learning_rate", text, 0.1)
    assert "the subject's own value is 0.1 (float)" in problem
    written = yaml.safe_load(problem.rpartition("write it as ")[2])
    assert isinstance(written, float)
    assert written == float(text)


def test_types_are_the_subject_s_own() -> None:
    assert unlike("learning_rate", 1, 0.5) == unlike("epochs", 3, 4) == ""
    assert "yes, no, on and off" in unlike("regulariser_1", False, "none")
    for value, own in ((3.0, 4), (True, 4), (1, True), (None, 0.5), ([1], 4), ("many", 4)):
        assert f"the subject's own value is {own!r}" in unlike("epochs", value, own)


def test_texts_can_be_read() -> None:
    for text in ("", "\x1b[31m", "x" * 1000):
        assert "characters that can be read" in problem_with("regulariser_1", text, DIGITS)


def test_names_of_settings() -> None:
    for name in DIGITS.fixed:
        assert problem_with_name(name, DIGITS) == ""
    for name in ("", "1st", "a b", "a-b", "größe", 3, None, ("loss",)):
        assert "is no name" in problem_with_name(name, DIGITS)
    problem = problem_with_name("kernel_initializer_1", DIGITS)
    assert "Did you mean kernel_initialiser_1" in problem
    declared = replace(DIGITS, data_settings=["kernel_initializer_1"])
    assert problem_with_name("kernel_initializer_1", declared) == ""
