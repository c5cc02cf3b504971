"""The arrays that a subject trains on and is judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Data:
    """The arrays of one subject. The first axis is the sample, x may be a tuple of inputs."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_search: np.ndarray
    """Guides a technique."""
    y_search: np.ndarray
    x_holdout: np.ndarray
    """Judges; no technique sees it."""
    y_holdout: np.ndarray

    @staticmethod
    def shuffled(
        x: np.ndarray, y: np.ndarray, seed: int, fraction: float, *, train: int, search: int
    ) -> Data:
        """Samples in an order drawn from ``seed``; those after training and search are holdout.

        Args:
            fraction: Share of the ``train`` samples to use; the other parts do not depend on it.
        """
        order = np.random.default_rng(seed).permutation(len(y))
        x, y = x[order], y[order]
        used, cut = round(train * fraction), train + search
        return Data(x[:used], y[:used], x[train:cut], y[train:cut], x[cut:], y[cut:])
