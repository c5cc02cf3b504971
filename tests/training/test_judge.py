import numpy as np
import pytest

from harness.training.judge import accuracy, mae, measure
from harness.vocabulary import HarnessError


def test_accuracy_follows_the_shapes() -> None:
    one_hot = np.eye(3)[[0, 1, 2]]
    scores = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5], [0.0, 0.0, 1.0]])
    assert accuracy(one_hot, scores) == pytest.approx(2 / 3)
    assert accuracy(np.array([0, 1, 2]), scores) == pytest.approx(2 / 3)
    assert accuracy(np.array([[1.0], [0.0]]), np.array([[1.0], [1.0]])) == 0.5


def test_mae() -> None:
    assert mae(np.array([[1.0], [3.0]]), np.array([[2.0], [1.0]])) == 1.5


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_non_finite_predictions_have_no_value(bad: float) -> None:
    y = np.array([[1.0], [2.0]])
    assert measure("mae", y, np.array([[1.0], [bad]])) is None
    assert measure("mae", y, np.array([[1.0], [2.0]])) == 0


def test_an_unknown_metric_is_named() -> None:
    with pytest.raises(HarnessError, match="no metric 'acc'"):
        measure("acc", np.zeros((1, 1)), np.zeros((1, 1)))
