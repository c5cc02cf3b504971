"""Keras' names of losses."""

from __future__ import annotations

_LOSSES = {
    "binary_crossentropy": "bce",
    "binary_focal_crossentropy": "bce",
    "categorical_crossentropy": "cce",
    "categorical_focal_crossentropy": "cce",
    "sparse_categorical_crossentropy": "sparse_cce",
    "mean_squared_error": "mse",
    "mse": "mse",
    "mean_absolute_error": "mae",
    "mae": "mae",
    "mean_absolute_percentage_error": "mape",
    "mape": "mape",
    "mean_squared_logarithmic_error": "msle",
    "msle": "msle",
    "huber": "huber",
    "huber_loss": "huber",
    "log_cosh": "log_cosh",
    "logcosh": "log_cosh",
    "hinge": "hinge",
    "squared_hinge": "hinge",
    "categorical_hinge": "hinge",
    "kl_divergence": "kld",
    "kld": "kld",
    "poisson": "poisson",
    "ctc": "ctc",
}

_PROBABILITIES = ("bce", "cce", "sparse_cce", "kld", "poisson")


def loss_named(name: str, logits: bool = False) -> tuple[str, str]:
    """Canonical name of a loss, and the predictions that it takes.

    >>> loss_named("CategoricalCrossentropy"), loss_named("MSE")
    (('cce', 'probabilities'), ('mse', 'values'))
    """
    canonical = _LOSSES.get(_snake(name), "custom")
    if canonical in _PROBABILITIES:
        return canonical, "logits" if logits else "probabilities"
    return canonical, "values"


def _snake(name: str) -> str:
    """``MeanSquaredError`` and ``mean_squared_error`` -> ``mean_squared_error``."""
    if name.isupper() or name.islower():
        return name.lower()
    spaced = "".join(f"_{c}" if c.isupper() else c for c in name).lower().lstrip("_")
    return spaced.replace("k_l_", "kl_").replace("c_t_c", "ctc")
