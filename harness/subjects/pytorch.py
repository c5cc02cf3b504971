"""The values of the repair operators in PyTorch, by the names of ``harness.space.operators``.

A native subject imports :func:`block` (or :func:`activation`, :func:`initialise`) inside its
``build``. Every name means what it means in Keras, so that a configuration is one program in both
frameworks:

- Losses take (labels, predictions) and return one value a sample. Cross-entropies and divergences
  take *probabilities*, cut to [1e-7, 1 - 1e-7]; a subject whose program hands logits to its loss,
  as ``torch.nn.CrossEntropyLoss`` wants them, brings that loss itself (``Subject.losses``).
- Optimisers are those of ``torch.optim`` with Keras' default values and an explicit learning rate.
- Initialisers have Keras' spreads: 0.05 for the plain ones, fans for the others.
- ``softmax`` is taken over dimension 1, which holds classes and channels in PyTorch.

Source: Keras 3 documentation of losses, optimisers, initializers and activations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import torch
from torch import nn
from torch.nn import functional as F

from harness.space import operators
from harness.vocabulary import Configuration, unknown

Tensor = Any
"""A ``torch.Tensor``."""

EPSILON = 1e-7
"""Keras' fuzz factor."""

SPREAD = 0.05
"""Standard deviation of the plain normal initialisers, and bound of the uniform one."""

TRUNCATED = 0.87962566103423978
"""Standard deviation of a standard normal distribution that is cut at two of its deviations."""


class _Exponential(nn.Module):  # type: ignore[misc]
    def forward(self, x: Tensor) -> Tensor:
        return torch.exp(x)


TORCH_ACTIVATIONS: Mapping[str, Callable[[], Any]] = {
    "elu": nn.ELU,
    "softmax": partial(nn.Softmax, dim=1),
    "selu": nn.SELU,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "hard_sigmoid": nn.Hardsigmoid,
    "exponential": _Exponential,
    "linear": nn.Identity,
}


def activation(name: str) -> Any:
    """A new activation module.

    Raises:
        HarnessError: If there is none of that name.
    """
    if name not in TORCH_ACTIVATIONS:
        raise unknown("activation", name, TORCH_ACTIVATIONS)
    return TORCH_ACTIVATIONS[name]()


def _fans(weights: Tensor) -> tuple[int, int]:
    """Inputs and outputs of a layer, from the shape of its weights (out, in, *kernel)."""
    if weights.ndim == 1:
        return len(weights), len(weights)
    field = math.prod(weights.shape[2:])
    return weights.shape[1] * field, weights.shape[0] * field


Fan = Literal["in", "mean"]


def _variance(weights: Tensor, scale: float, fan: Fan) -> float:
    inputs, outputs = _fans(weights)
    return scale / max(1.0, inputs if fan == "in" else (inputs + outputs) / 2)


def _uniform(weights: Tensor, bound: float) -> None:
    nn.init.uniform_(weights, -bound, bound)


def _truncated(weights: Tensor, deviation: float) -> None:
    nn.init.trunc_normal_(weights, std=deviation, a=-2 * deviation, b=2 * deviation)


def _scaled_uniform(weights: Tensor, scale: float, fan: Fan) -> None:
    _uniform(weights, math.sqrt(3 * _variance(weights, scale, fan)))


def _scaled_normal(weights: Tensor, scale: float, fan: Fan) -> None:
    _truncated(weights, math.sqrt(_variance(weights, scale, fan)) / TRUNCATED)


TORCH_INITIALISERS: Mapping[str, Callable[[Tensor], Any]] = {
    "zeros": nn.init.zeros_,
    "ones": nn.init.ones_,
    "constant": nn.init.zeros_,  # Keras' constant is 0 unless told otherwise
    "random_normal": partial(nn.init.normal_, std=SPREAD),
    "random_uniform": partial(_uniform, bound=SPREAD),
    "truncated_normal": partial(_truncated, deviation=SPREAD),
    "orthogonal": nn.init.orthogonal_,
    "lecun_uniform": partial(_scaled_uniform, scale=1, fan="in"),
    "glorot_normal": partial(_scaled_normal, scale=1, fan="mean"),
    "glorot_uniform": partial(_scaled_uniform, scale=1, fan="mean"),
    "he_normal": partial(_scaled_normal, scale=2, fan="in"),
    "lecun_normal": partial(_scaled_normal, scale=1, fan="in"),
    "he_uniform": partial(_scaled_uniform, scale=2, fan="in"),
}


def initialise(layer: Any, kernel: str, bias: str) -> Any:
    """Draw the weights of a linear or convolution layer anew, from PyTorch's own generator.

    Returns:
        The layer.

    Raises:
        HarnessError: If there is no initialiser of that name.
        ValueError: If it does not fit, as ``orthogonal`` for a bias.
    """
    for name, weights in ((kernel, layer.weight), (bias, layer.bias)):
        if name not in TORCH_INITIALISERS:
            raise unknown("initialiser", name, TORCH_INITIALISERS)
        try:
            TORCH_INITIALISERS[name](weights)
        except ValueError as error:
            shape = tuple(weights.shape)
            raise ValueError(
                f"initialiser '{name}' does not fit the shape {shape}: {error}"
            ) from None
    return layer


def block(layer: Any, configuration: Configuration, number: int) -> tuple[Any, Any]:
    """A layer and the activation behind it, as a configuration says for ``number``.

    Reads ``kernel_initialiser_N``, ``bias_initialiser_N`` and ``activation_N``.
    """
    kernel, bias = (str(configuration[f"{w}_initialiser_{number}"]) for w in ("kernel", "bias"))
    return initialise(layer, kernel, bias), activation(str(configuration[f"activation_{number}"]))


def _elementwise(each: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """The mean of ``each`` over a sample's outputs."""

    def loss(labels: Tensor, predicted: Tensor) -> Tensor:
        return each(*_alike(labels, predicted)).mean(dim=-1)

    return loss


def _alike(labels: Tensor, predicted: Tensor) -> tuple[Tensor, Tensor]:
    """Labels and predictions in one type and one shape; (n,) labels become (n, 1).

    Raises:
        ValueError: If their shapes differ; PyTorch would broadcast them.
    """
    labels = labels.to(predicted.dtype)
    if labels.ndim == 1 and predicted.ndim == 2 and predicted.shape[1] == 1:
        labels = labels[:, None]
    if labels.shape != predicted.shape:
        raise ValueError(
            f"labels have the shape {tuple(labels.shape)}, predictions {tuple(predicted.shape)}"
        )
    return labels, predicted


def _signed(labels: Tensor) -> Tensor:
    """Labels of 0 and 1 as -1 and 1; others as they are."""
    binary = ((labels == 0) | (labels == 1)).all()
    return torch.where(binary, 2 * labels - 1, labels)


def _log_probabilities(predicted: Tensor) -> Tensor:
    """Logarithms of the predictions of each sample after scaling them to a sum of 1."""
    scaled = predicted / predicted.sum(dim=-1, keepdim=True)
    return scaled.clip(EPSILON, 1 - EPSILON).log()


def _log_cosh(difference: Tensor) -> Tensor:
    return torch.logaddexp(difference, -difference) - math.log(2)


def _categorical_hinge(labels: Tensor, predicted: Tensor) -> Tensor:
    labels, predicted = _alike(labels, predicted)
    right = (labels * predicted).sum(dim=-1)
    wrong = ((1 - labels) * predicted).amax(dim=-1)
    return F.relu(wrong - right + 1)


def _categorical_crossentropy(labels: Tensor, predicted: Tensor) -> Tensor:
    labels, predicted = _alike(labels, predicted)
    return -(labels * _log_probabilities(predicted)).sum(dim=-1)


def _sparse_categorical_crossentropy(labels: Tensor, predicted: Tensor) -> Tensor:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    return F.nll_loss(_log_probabilities(predicted), labels.long(), reduction="none")


def _binary_crossentropy(labels: Tensor, predicted: Tensor) -> Tensor:
    probability = predicted.clip(EPSILON, 1 - EPSILON)
    return -(labels * probability.log() + (1 - labels) * (1 - probability).log())


def _kl_divergence(labels: Tensor, predicted: Tensor) -> Tensor:
    labels, predicted = (t.clip(EPSILON, 1) for t in _alike(labels, predicted))
    return (labels * (labels / predicted).log()).sum(dim=-1)


TORCH_LOSSES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mean_squared_error": _elementwise(lambda y, p: (y - p).square()),
    "mean_absolute_error": _elementwise(lambda y, p: (y - p).abs()),
    "mean_absolute_percentage_error": _elementwise(
        lambda y, p: 100 * ((y - p) / y.abs().clip(min=EPSILON)).abs()
    ),
    "mean_squared_logarithmic_error": _elementwise(
        lambda y, p: (p.clip(min=EPSILON).log1p() - y.clip(min=EPSILON).log1p()).square()
    ),
    "squared_hinge": _elementwise(lambda y, p: F.relu(1 - _signed(y) * p).square()),
    "hinge": _elementwise(lambda y, p: F.relu(1 - _signed(y) * p)),
    "categorical_hinge": _categorical_hinge,
    "log_cosh": _elementwise(lambda y, p: _log_cosh(p - y)),
    "categorical_crossentropy": _categorical_crossentropy,
    "sparse_categorical_crossentropy": _sparse_categorical_crossentropy,
    "binary_crossentropy": _elementwise(_binary_crossentropy),
    "kl_divergence": _kl_divergence,
    "poisson": _elementwise(lambda y, p: p - y * (p + EPSILON).log()),
}

TORCH_OPTIMISERS: Mapping[str, Callable[..., Any]] = {
    "sgd": torch.optim.SGD,
    "rmsprop": partial(torch.optim.RMSprop, alpha=0.9, eps=EPSILON),
    "adagrad": partial(torch.optim.Adagrad, initial_accumulator_value=0.1, eps=EPSILON),
    "adadelta": partial(torch.optim.Adadelta, rho=0.95, eps=EPSILON),
    "adam": partial(torch.optim.Adam, eps=EPSILON),
    "adamax": partial(torch.optim.Adamax, eps=EPSILON),
    "nadam": partial(torch.optim.NAdam, momentum_decay=1.0, eps=EPSILON),
}
"""(parameters, learning rate) -> optimiser."""

assert set(TORCH_ACTIVATIONS) == set(operators.ACTIVATIONS)
assert set(TORCH_INITIALISERS) == set(operators.INITIALISERS)
assert set(TORCH_LOSSES) == set(operators.LOSSES)
assert set(TORCH_OPTIMISERS) == set(operators.OPTIMISERS)
