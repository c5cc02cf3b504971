"""Metrics of a program's predictions. Predictions that are not finite have no value."""

from __future__ import annotations

import numpy as np

from harness.vocabulary import METRICS, unknown


def accuracy(y: np.ndarray, predicted: np.ndarray) -> float:
    """Share of samples classified correctly, in [0, 1].

    The comparison follows the shapes, as Keras resolves "accuracy", never the loss.

    Args:
        y: Labels: (n, k) one-hot, (n, 1) binary, or (n,) class numbers.
        predicted: (n, k) scores, or (n, 1) scores compared with 0.5.

    >>> accuracy(np.array([[0.0], [1.0]]), np.array([[0.2], [0.4]]))
    0.5
    """
    if y.ndim == 2 and y.shape[1] > 1:
        return float(np.mean(np.argmax(y, axis=1) == np.argmax(predicted, axis=1)))
    labels = y.reshape(-1)
    if predicted.ndim == 2 and predicted.shape[1] > 1:
        return float(np.mean(labels == np.argmax(predicted, axis=1)))
    return float(np.mean(labels == (predicted.reshape(-1) > 0.5)))


def mae(y: np.ndarray, predicted: np.ndarray) -> float:
    """Mean absolute error, in the unit of the target.

    >>> mae(np.array([[1.0], [2.0]]), np.array([[1.5], [2.0]]))
    0.25
    """
    return float(np.mean(np.abs(y - predicted)))


def mean_angle(y: np.ndarray, predicted: np.ndarray) -> float:
    """Mean angle between true and predicted direction, in radians, in [0.0045, 3.14].

    The cosine is clipped to +-0.99999 as in the study, so the least value that can occur is
    arccos(0.99999) = 0.00447. Non-finite predictions never come here: a clip may hide them.

    Args:
        y, predicted: (n, 2) spherical coordinates (theta, phi), radians, of the unit vectors
            (sin theta cos phi, sin theta sin phi, cos theta).

    >>> round(mean_angle(np.array([[0.0, 0.0]]), np.array([[0.5, 2.0]])), 6)
    0.5
    """
    cosine = np.sum(_direction(y) * _direction(predicted), axis=0)
    return float(np.mean(np.arccos(np.clip(cosine, -0.99999, 0.99999))))


def _direction(angles: np.ndarray) -> np.ndarray:
    """(3, n) unit vectors."""
    theta, phi = angles[:, 0], angles[:, 1]
    return np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])


_FUNCTIONS = {"accuracy": accuracy, "mae": mae, "angle": mean_angle}
assert set(_FUNCTIONS) == set(METRICS)


def measure(metric: str, y: np.ndarray, predicted: np.ndarray) -> float | None:
    """The value of ``metric``, or None where predictions or value are not finite."""
    if metric not in _FUNCTIONS:
        raise unknown("metric", metric, _FUNCTIONS)
    if not np.isfinite(predicted).all():
        return None
    value = _FUNCTIONS[metric](y, np.asarray(predicted, dtype=np.float64))
    return value if np.isfinite(value) else None
