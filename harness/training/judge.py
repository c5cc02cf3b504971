"""The metrics of a program, from its predictions. Non-finite predictions have no value."""

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


def angle(y: np.ndarray, predicted: np.ndarray) -> float:
    """Mean angle between true and predicted direction, radians in [0, pi].

    Args:
        y, predicted: (n, 2) pitch and yaw, radians; further columns are not looked at.

    >>> round(angle(np.array([[0.0, 0.0]]), np.array([[0.0, np.pi / 2]])), 4)
    1.5708
    """
    cosine = np.sum(_directions(y) * _directions(predicted), axis=1)
    return float(np.mean(np.arccos(np.clip(cosine, -1.0, 1.0))))


def _directions(angles: np.ndarray) -> np.ndarray:
    """Unit vectors, shape (n, 3)."""
    pitch, yaw = angles[:, 0], angles[:, 1]
    return np.stack(
        [np.cos(pitch) * np.sin(yaw), np.sin(pitch), np.cos(pitch) * np.cos(yaw)], axis=1
    )


_FUNCTIONS = {"accuracy": accuracy, "mae": mae, "angle": angle}
assert set(_FUNCTIONS) == set(METRICS)


def judge(metric: str, y: np.ndarray, predicted: np.ndarray) -> float | None:
    """The value of ``metric``, or None where predictions or value are not finite."""
    if metric not in _FUNCTIONS:
        raise unknown("metric", metric, _FUNCTIONS)
    if not np.isfinite(predicted).all():
        return None
    value = _FUNCTIONS[metric](y, np.asarray(predicted, dtype=np.float64))
    return value if np.isfinite(value) else None
