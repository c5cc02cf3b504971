from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.training.judge import Unjudgeable, accuracy, mae, mean_angle, measure
from harness.vocabulary import Cause, HarnessError


def test_accuracy_follows_the_shapes() -> None:
    one_hot = np.eye(3)[[0, 1, 2]]
    scores = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5], [0.0, 0.0, 1.0]])
    assert accuracy(one_hot, scores) == pytest.approx(2 / 3)
    assert accuracy(np.array([0, 1, 2]), scores) == pytest.approx(2 / 3)
    assert accuracy(np.array([[1.0], [0.0]]), np.array([[1.0], [1.0]])) == 0.5


def test_mae() -> None:
    assert mae(np.array([[1.0], [3.0]]), np.array([[2.0], [1.0]])) == 1.5


def test_labels_without_a_column_are_compared_with_one_column() -> None:
    """Broadcasting would compare each label with each prediction."""
    y, predicted = np.array([1.0, 3.0, 8.0]), np.array([[1.0], [3.0], [8.5]])
    assert mae(y, predicted) == mae(y, predicted[:, 0]) == mae(y[:, None], predicted)
    assert mae(y, predicted) == pytest.approx(0.5 / 3)


ONES, EYE = np.ones, np.eye(4)[[0, 1, 2, 3, 0]]

Shaped = tuple[Callable[..., float], Any, Any]

UNJUDGEABLE: dict[str, tuple[Shaped, Cause]] = {
    "fewer samples": ((mae, ONES((5, 1)), ONES((4, 1))), Cause.SHAPE),
    "one sample for all": ((mae, ONES((5, 1)), ONES((1, 1))), Cause.SHAPE),
    "a number for all": ((mae, ONES((5, 1)), np.float64(1)), Cause.SHAPE),
    "no sample": ((mae, ONES((0, 1)), ONES((0, 1))), Cause.SHAPE),
    "more columns than targets": ((mae, ONES((5, 1)), ONES((5, 2))), Cause.SHAPE),
    "a column for several targets": ((mae, ONES((5, 2)), ONES((5, 1))), Cause.SHAPE),
    "sequences": ((mae, ONES((5, 1)), ONES((5, 5, 1))), Cause.SHAPE),
    "a column for one-hot labels": ((accuracy, EYE, ONES((5, 1))), Cause.SHAPE),
    "fewer columns than classes": ((accuracy, EYE, ONES((5, 3))), Cause.SHAPE),
    "more columns than classes": ((accuracy, EYE, ONES((5, 6))), Cause.SHAPE),
    "sequences of scores": ((accuracy, EYE, ONES((5, 4, 4))), Cause.SHAPE),
    "sequences for binary labels": ((accuracy, ONES((5, 1)), ONES((5, 2, 1))), Cause.SHAPE),
    "a row of binary labels": ((accuracy, ONES((1, 5)), ONES((5, 1))), Cause.SHAPE),
    "no column": ((accuracy, ONES((5, 1)), ONES((5, 0))), Cause.SHAPE),
    "a class beyond the scores": ((accuracy, np.arange(5), ONES((5, 4))), Cause.LABELS),
    "a class below 0": ((accuracy, np.arange(5) - 1, ONES((5, 4))), Cause.LABELS),
    "one angle": ((mean_angle, ONES((5, 2)), ONES((5, 1))), Cause.SHAPE),
    "three angles": ((mean_angle, ONES((5, 2)), ONES((5, 3))), Cause.SHAPE),
    "targets that are no angles": ((mean_angle, ONES((5, 1)), ONES((5, 2))), Cause.SHAPE),
}


@pytest.mark.parametrize("case", UNJUDGEABLE)
def test_other_shapes_are_refused_with_both_named(case: str) -> None:
    (metric, y, predicted), cause = UNJUDGEABLE[case]
    with pytest.raises(Unjudgeable) as caught:
        metric(y, predicted)
    assert caught.value.cause is cause
    assert str(np.shape(predicted)) in str(caught.value)


@pytest.mark.parametrize("metric", ["accuracy", "mae", "angle"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_labels_that_are_no_numbers_judge_nothing(metric: str, bad: float) -> None:
    y = np.array([[0.0, 1.0], [bad, 0.0]])
    with pytest.raises(Unjudgeable, match=r"1 of the labels of shape \(2, 2\) are not finite"):
        measure(metric, y, np.ones((2, 2)))


@pytest.mark.parametrize(
    "outputs",
    [
        np.array([[object()], [None]]),
        np.array([["0.2"], ["0.4"]]),
        np.array([[1j], [0.5]]),
        np.array([["2020-01-01"], ["2020-01-02"]], dtype="datetime64[D]"),
    ],
)
def test_predictions_are_numbers(outputs: Any) -> None:
    with pytest.raises(Unjudgeable, match="the predictions are no real numbers: type") as caught:
        measure("accuracy", np.array([[0.0], [1.0]]), outputs)
    assert caught.value.cause is Cause.PROGRAM


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_non_finite_predictions_have_no_value(bad: float) -> None:
    y = np.array([[1.0], [2.0]])
    assert measure("mae", y, np.array([[1.0], [bad]])) is None
    assert measure("mae", y, np.array([[1.0], [2.0]])) == 0


def test_an_unknown_metric_is_named() -> None:
    with pytest.raises(HarnessError, match="no metric 'acc'"):
        measure("acc", np.zeros((1, 1)), np.zeros((1, 1)))
