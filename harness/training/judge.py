"""Metrics of a program's predictions. Predictions that are not finite have no value.

Labels and predictions are compared sample by sample, and nothing is broadcast: a metric says which
shapes it compares, and refuses all others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.vocabulary import METRICS, Cause, HarnessError, unknown


class Unjudgeable(HarnessError):
    """Predictions that the labels cannot judge; the message names their shapes."""

    def __init__(self, message: str, cause: Cause = Cause.SHAPE) -> None:
        super().__init__(message)
        self.cause = cause


def accuracy(y: np.ndarray, predicted: np.ndarray) -> float:
    """Share of samples classified correctly, in [0, 1].

    The comparison follows the shapes, as Keras resolves "accuracy", never the loss.

    Args:
        y: Labels: (n, k) one-hot, (n, 1) binary, or (n,) class numbers.
        predicted: (n, k) scores, k as in one-hot labels and above every class number; or (n, 1)
            or (n,) scores compared with 0.5, for labels that are not one-hot.

    Raises:
        Unjudgeable: If the shapes are others, or labels are not finite or beyond the scores.

    >>> accuracy(np.array([[0.0], [1.0]]), np.array([[0.2], [0.4]]))
    0.5
    """
    _check_labels(y, predicted)
    if y.ndim == 2 and y.shape[1] > 1:
        if predicted.shape != y.shape:
            raise _mismatch(y, predicted, f"{y.shape}, one column for each class")
        return float(np.mean(np.argmax(y, axis=1) == np.argmax(predicted, axis=1)))
    n = len(y)
    if y.shape not in ((n,), (n, 1)):
        raise _mismatch(y, predicted, "labels of shape (n, k), (n, 1) or (n,)")
    labels = y.reshape(-1)
    if predicted.ndim == 2 and predicted.shape[1] > 1:
        if labels.min() < 0 or labels.max() >= predicted.shape[1]:
            raise Unjudgeable(
                f"the labels are class numbers from {labels.min():g} to {labels.max():g}, and the "
                f"predictions of shape {predicted.shape} score the classes 0 to "
                f"{predicted.shape[1] - 1} only",
                Cause.LABELS,
            )
        return float(np.mean(labels == np.argmax(predicted, axis=1)))
    if predicted.shape not in ((n,), (n, 1)):
        raise _mismatch(y, predicted, f"({n}, k), ({n}, 1) or ({n},)")
    return float(np.mean(labels == (predicted.reshape(-1) > 0.5)))


def mae(y: np.ndarray, predicted: np.ndarray) -> float:
    """Mean absolute error, in the unit of the target.

    Args:
        y, predicted: (n, ...) of one shape; (n,) counts as (n, 1).

    Raises:
        Unjudgeable: If the shapes differ, or labels are not finite.

    >>> mae(np.array([[1.0], [2.0]]), np.array([[1.5], [2.0]]))
    0.25
    """
    _check_labels(y, predicted)
    column, outputs = (a[:, None] if a.ndim == 1 else a for a in (y, predicted))
    if column.shape != outputs.shape:
        raise _mismatch(y, predicted, f"{y.shape}, a value for each label")
    return float(np.mean(np.abs(column - outputs)))


def mean_angle(y: np.ndarray, predicted: np.ndarray) -> float:
    """Mean angle between true and predicted direction, in radians, in [0.0045, 3.14].

    The cosine is clipped to +-0.99999 as in the study, so the least value that can occur is
    arccos(0.99999) = 0.00447. Non-finite predictions never come here: a clip may hide them.

    Args:
        y, predicted: (n, 2) spherical coordinates (theta, phi), radians, of the unit vectors
            (sin theta cos phi, sin theta sin phi, cos theta).

    Raises:
        Unjudgeable: If the shapes are others, or labels are not finite.

    >>> round(mean_angle(np.array([[0.0, 0.0]]), np.array([[0.5, 2.0]])), 6)
    0.5
    """
    _check_labels(y, predicted)
    if not y.shape == predicted.shape == (len(y), 2):
        raise _mismatch(y, predicted, f"({len(y)}, 2) for labels and predictions")
    cosine = np.sum(_direction(y) * _direction(predicted), axis=0)
    return float(np.mean(np.arccos(np.clip(cosine, -0.99999, 0.99999))))


def _direction(angles: np.ndarray) -> np.ndarray:
    """(3, n) unit vectors."""
    theta, phi = angles[:, 0], angles[:, 1]
    return np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])


_FUNCTIONS = {"accuracy": accuracy, "mae": mae, "angle": mean_angle}
assert set(_FUNCTIONS) == set(METRICS)


def measure(metric: str, y: np.ndarray, predicted: np.ndarray) -> float | None:
    """The value of ``metric``, or None where predictions or value are not finite.

    Raises:
        Unjudgeable: If the labels cannot judge the predictions.
    """
    if metric not in _FUNCTIONS:
        raise unknown("metric", metric, _FUNCTIONS)
    y, predicted = _numbers("labels", y), _numbers("predictions", predicted)
    if not np.isfinite(predicted).all():
        return None
    _check_labels(y, predicted)
    value = _FUNCTIONS[metric](y, np.asarray(predicted, dtype=np.float64))
    return value if np.isfinite(value) else None


def _numbers(what: str, array: Any) -> np.ndarray:
    """An array of real numbers or truth values."""
    found = np.asarray(array)
    if found.dtype.kind not in "biuf":
        raise Unjudgeable(
            f"the {what} are no real numbers: type {found.dtype}, shape {found.shape}",
            Cause.PROGRAM,
        )
    return found


def _check_labels(y: np.ndarray, predicted: np.ndarray) -> None:
    """One prediction for each label, and each label a number."""
    if not y.ndim or not predicted.ndim or len(y) != len(predicted) or not len(y):
        raise _mismatch(y, predicted, "as many samples as there are labels, at least one")
    if not np.isfinite(y).all():
        count = int(np.size(y) - np.isfinite(y).sum())
        raise Unjudgeable(f"{count} of the labels of shape {y.shape} are not finite", Cause.LABELS)


def _mismatch(y: np.ndarray, predicted: np.ndarray, expected: str) -> Unjudgeable:
    return Unjudgeable(
        f"predictions of shape {predicted.shape} cannot be compared with labels of shape "
        f"{y.shape}. Expected: {expected}"
    )
