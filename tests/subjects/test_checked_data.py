"""Arrays of all kinds, as careless and hostile loads return them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.subjects.arrays import Data
from harness.subjects.checked_data import BadData, check_data
from harness.subjects.semantics import FRACTIONAL_CLASSES, SEVERAL_CLASSES

N = 6
X = np.linspace(0, 1, N * 4, dtype="float32").reshape(N, 4)
GOOD: dict[str, np.ndarray] = {
    "one_hot": np.eye(3, dtype="float32")[[0, 1, 2, 0, 1, 2]],
    "binary": np.array([0, 1, 0, 1, 1, 0], dtype="float32")[:, None],
    "classes": np.array([0, 1, 2, 0, 1, 2]),
    "real": X[:, 0],
}


def data(labels: str = "one_hot", **changes: Any) -> Data:
    return replace(Data(*(X, GOOD[labels]) * 3), **changes)


def changed(array: np.ndarray, value: Any, dtype: str = "float32") -> np.ndarray:
    """A copy whose last value is another one."""
    found = array.astype(dtype)
    found.reshape(-1)[-1] = value
    return found


@pytest.mark.parametrize("labels", GOOD)
@pytest.mark.parametrize("kind", ["float32", "float64", "float16"])
def test_good_arrays_pass(labels: str, kind: str) -> None:
    check_data(data(labels), "mine", labels)
    check_data(Data(*(X.astype(kind), GOOD[labels].astype(kind)) * 3), "mine", labels)


@pytest.mark.parametrize("kind", ["bool", "uint8", "int64"])
def test_whole_numbers_and_truth_values_are_numbers(kind: str) -> None:
    check_data(Data(*(X.astype(kind), GOOD["binary"].astype(kind)) * 3), "mine", "binary")


def test_several_inputs_pass() -> None:
    inputs = (X, X[:, :2, None])
    check_data(Data(*(inputs, GOOD["real"]) * 3), "mine", "real")


def test_smoothed_labels_pass() -> None:
    smoothed = (0.9 * GOOD["one_hot"] + 0.1 / 3).astype("float32")
    check_data(data(y_train=smoothed), "mine", "one_hot")


WRONG: dict[str, tuple[str, Any, str]] = {
    "nothing": ("real", None, "load returned None. Expected: a harness.subjects.Data"),
    "a list of arrays": ("real", [X, X], "load returned a builtins.list"),
    "a list of inputs": ("real", data("real", x_train=[X, X]), "x_train is a builtins.list"),
    "no inputs": ("real", data("real", x_train=()), "x_train is an empty tuple"),
    "lists": ("real", data("real", y_train=[0.5] * N), "y_train is a builtins.list"),
    "a masked array": (
        "real",
        data("real", x_train=np.ma.masked_less(X, 0.5)),
        "x_train is a numpy.ma.*MaskedArray. Expected: a NumPy array",
    ),
    "objects": (
        "real",
        data("real", x_search=X.astype(object)),
        r"x_search has shape \(6, 4\) and type object. Expected: whole or real numbers",
    ),
    "text": ("real", data("real", y_search=GOOD["real"].astype(str)), "type <U"),
    "complex": ("real", data("real", x_train=X.astype(complex)), "type complex128"),
    "dates": (
        "real",
        data("real", y_train=GOOD["classes"].astype("datetime64[D]")),
        "type datetime64",
    ),
    "long numbers": ("real", data("real", x_train=X.astype(np.longdouble)), "at most 64 bits"),
    "a number": ("real", data("real", y_train=np.array(0.5)), r"y_train has shape \(\)"),
    "no samples": (
        "real",
        data("real", x_train=X[:0], y_train=GOOD["real"][:0]),
        r"x_train has shape \(0, 4\).*a larger fraction",
    ),
    "no features": ("real", data("real", x_holdout=X[:, :0]), r"x_holdout has shape \(6, 0\)"),
    "more inputs than labels": (
        "real",
        data("real", y_search=GOOD["real"][:5]),
        r"y_search has shape \(5,\) .*x_search has shape \(6, 4\)",
    ),
    "inputs of two lengths": (
        "real",
        Data(*((X, X[:5]), GOOD["real"]) * 3),
        r"x_train\[1\] has shape \(5, 4\) .*x_train\[0\] has shape \(6, 4\)",
    ),
    "samples of two shapes": (
        "real",
        data("real", x_holdout=X[:, :3]),
        r"a sample of x_train has shape \(4,\), one of x_holdout has shape \(3,\)",
    ),
    "one input less": (
        "real",
        replace(Data(*((X, X), GOOD["real"]) * 3), x_search=(X,)),
        r"x_train\[1\] has shape \(4,\), one of x_search\[1\] does not exist",
    ),
    "one input instead of a tuple": (
        "real",
        replace(Data(*((X,), GOOD["real"]) * 3), x_search=X),
        "does not exist",
    ),
    "numbers of classes": (
        "one_hot",
        data(y_holdout=np.eye(4)[[0, 1, 2, 3, 0, 1]]),
        r"y_train has shape \(3,\), one of y_holdout has shape \(4,\)",
    ),
    "targets of two shapes": ("real", data("real", y_search=X[:, :1]), "one of y_search"),
    "class numbers as one-hot": (
        "one_hot",
        Data(*(X, GOOD["classes"]) * 3),
        r"y_train has shape \(6,\).*Expected: one_hot labels: \(n, classes\)",
    ),
    "one column": ("one_hot", Data(*(X, GOOD["binary"]) * 3), "Expected: one_hot labels"),
    "two marks": (
        "one_hot",
        data(y_search=changed(GOOD["one_hot"], 1) + np.eye(3)[[1] * N]),
        "values 0, 1, 2 up to 2",
    ),
    "a row without a mark": (
        "one_hot",
        data(y_holdout=changed(GOOD["one_hot"], 0)),
        "each row with the sum 1.*SEVERAL_CLASSES",
    ),
    "a negative mark": ("one_hot", data(y_train=GOOD["one_hot"] * 3 - 1), "values -1, 2"),
    "binary 7": (
        "binary",
        data("binary", y_train=changed(GOOD["binary"], 7)),
        r"values 0, 1, 7 up to 7. Expected: binary labels: \(n, 1\), each 0 or 1",
    ),
    "binary -1": ("binary", Data(*(X, 2 * GOOD["binary"] - 1) * 3), "values -1, 1 up to 1"),
    "binary 0.5": ("binary", data("binary", y_holdout=changed(GOOD["binary"], 0.5)), "0, 0.5, 1"),
    "binary without a column": (
        "binary",
        Data(*(X, GOOD["binary"][:, 0]) * 3),
        r"y_train has shape \(6,\)",
    ),
    "binary one-hot": (
        "binary",
        Data(*(X, GOOD["one_hot"]) * 3),
        "Expected: binary labels",
    ),
    "classes with a column": (
        "classes",
        Data(*(X, GOOD["classes"][:, None]) * 3),
        r"y_train has shape \(6, 1\).*Expected: classes labels: \(n,\)",
    ),
    "a class below 0": ("classes", data("classes", y_search=GOOD["classes"] - 1), "values -1"),
    "half a class": ("classes", data("classes", y_train=GOOD["classes"] / 2), "0, 0.5, 1"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_used_is_named_with_what_was_expected(case: str) -> None:
    labels, arrays, message = WRONG[case]
    with pytest.raises(BadData, match=message) as caught:
        check_data(arrays, "mine", labels)
    assert str(caught.value).startswith("the data of subject 'mine': ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "field", ["x_train", "y_train", "x_search", "y_search", "x_holdout", "y_holdout"]
)
@pytest.mark.parametrize("labels", GOOD)
def test_no_array_has_a_value_that_is_no_number(labels: str, field: str, bad: float) -> None:
    arrays = data(labels)
    broken = replace(arrays, **{field: changed(getattr(arrays, field), bad)})
    with pytest.raises(BadData, match=f"{field} has shape .* 1 values are NaN or infinite"):
        check_data(broken, "mine", labels)


def test_large_finite_numbers_pass() -> None:
    """Their sum is infinite."""
    check_data(Data(*(np.full((N, 4), 3e38, "float32"), GOOD["real"]) * 3), "mine", "real")
    check_data(Data(*(np.full((N, 4), 6e4, "float16"), GOOD["real"]) * 3), "mine", "real")


def test_a_subject_may_declare_several_classes_or_fractions() -> None:
    several = data(y_train=GOOD["one_hot"][:, ::-1] + GOOD["one_hot"] > 0)
    with pytest.raises(BadData):
        check_data(several, "mine", "one_hot")
    check_data(several, "mine", "one_hot", semantics=[SEVERAL_CLASSES])
    with pytest.raises(BadData, match="several"):
        check_data(
            data(y_train=GOOD["one_hot"] * 2), "mine", "one_hot", semantics=[SEVERAL_CLASSES]
        )
    divided = data("classes", y_train=GOOD["classes"] / 255)
    check_data(divided, "mine", "classes", semantics=[FRACTIONAL_CLASSES])
    judged = data("classes", y_search=GOOD["classes"] / 255)
    with pytest.raises(BadData, match="y_search"):
        check_data(judged, "mine", "classes", semantics=[FRACTIONAL_CLASSES])


def test_an_altered_data_setting_may_spoil_what_is_trained_on() -> None:
    """That is the fault then; the shapes and the labels that judge stay in order."""
    spoilt = data("classes", x_train=changed(X, np.nan), y_train=GOOD["classes"] / 255)
    check_data(spoilt, "mine", "classes", altered=True)
    no_labels = replace(spoilt, y_holdout=changed(GOOD["classes"], np.nan))
    with pytest.raises(BadData, match="y_holdout .*NaN"):
        check_data(no_labels, "mine", "classes", altered=True)
    with pytest.raises(BadData, match="one length"):
        check_data(replace(spoilt, y_train=X[:5, 0]), "mine", "classes", altered=True)


def test_no_value_of_a_large_array_is_skipped() -> None:
    large = np.ones((1_000_000, 4), dtype="float32")
    y = np.zeros(len(large), dtype="float32")
    arrays = Data(large, y, X, GOOD["real"], X, GOOD["real"])
    check_data(arrays, "mine", "real")
    large[777_777, 2] = np.nan
    with pytest.raises(BadData, match="x_train"):
        check_data(arrays, "mine", "real")
