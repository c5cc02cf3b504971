"""Names of PyTorch's modules, functions and losses, and their kinds in the meta-model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from harness.theia.losses import loss_named
from harness.theia.program import Kind

_MODULES: Mapping[str, Kind] = {
    "Linear": Kind.DENSE,
    "Bilinear": Kind.DENSE,
    **{f"Conv{n}d": Kind(f"conv{n}d") for n in (1, 2, 3)},
    **{f"ConvTranspose{n}d": Kind.TRANSPOSED_CONV for n in (1, 2, 3)},
    **{f"BatchNorm{n}d": Kind.BATCHNORM for n in (1, 2, 3)},
    "SyncBatchNorm": Kind.BATCHNORM,
    "LayerNorm": Kind.NORM,
    "GroupNorm": Kind.NORM,
    "RMSNorm": Kind.NORM,
    "LocalResponseNorm": Kind.NORM,
    **{f"InstanceNorm{n}d": Kind.NORM for n in (1, 2, 3)},
    "Dropout": Kind.DROPOUT,
    **{f"Dropout{n}d": Kind.DROPOUT for n in (1, 2, 3)},
    "AlphaDropout": Kind.DROPOUT,
    **{f"MaxPool{n}d": Kind.MAX_POOL for n in (1, 2, 3)},
    **{f"AvgPool{n}d": Kind.AVG_POOL for n in (1, 2, 3)},
    **{f"Adaptive{p}Pool{n}d": Kind.GLOBAL_POOL for n in (1, 2, 3) for p in ("Avg", "Max")},
    "Upsample": Kind.UPSAMPLE,
    "UpsamplingNearest2d": Kind.UPSAMPLE,
    "UpsamplingBilinear2d": Kind.UPSAMPLE,
    "PixelShuffle": Kind.UPSAMPLE,
    "Flatten": Kind.FLATTEN,
    "Unflatten": Kind.RESHAPE,
    "Embedding": Kind.EMBEDDING,
    "EmbeddingBag": Kind.EMBEDDING,
    "LSTM": Kind.RECURRENT,
    "GRU": Kind.RECURRENT,
    "RNN": Kind.RECURRENT,
    "MultiheadAttention": Kind.ATTENTION,
}

_ACTIVATIONS = {
    "ReLU": "relu",
    "ReLU6": "relu6",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "RReLU": "leaky_relu",
    "ELU": "elu",
    "CELU": "elu",
    "SELU": "selu",
    "GELU": "gelu",
    "SiLU": "silu",
    "Mish": "mish",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Tanh": "tanh",
    "Hardtanh": "tanh",
    "Sigmoid": "sigmoid",
    "Hardsigmoid": "hard_sigmoid",
    "Hardswish": "hard_silu",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "LogSigmoid": "log_sigmoid",
}

TORCH_FUNCTIONS: Mapping[str, str] = {
    **{name.lower(): canonical for name, canonical in _ACTIVATIONS.items()},
    "relu_": "relu",
    "tanh_": "tanh",
    "sigmoid_": "sigmoid",
    "leaky_relu": "leaky_relu",
    "leaky_relu_": "leaky_relu",
    "log_softmax": "log_softmax",
    "elu_": "elu",
    "hardsigmoid": "hard_sigmoid",
}
"""Functions that are activations, by their name."""

FUNCTION_KINDS: Mapping[str, Kind] = {
    "linear": Kind.DENSE,
    **{f"conv{n}d": Kind(f"conv{n}d") for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": Kind.TRANSPOSED_CONV for n in (1, 2, 3)},
    "batch_norm": Kind.BATCHNORM,
    "layer_norm": Kind.NORM,
    "group_norm": Kind.NORM,
    "instance_norm": Kind.NORM,
    **{name: Kind.DROPOUT for name in ("dropout", "dropout_", "dropout2d", "alpha_dropout")},
    **{f"max_pool{n}d": Kind.MAX_POOL for n in (1, 2, 3)},
    **{f"avg_pool{n}d": Kind.AVG_POOL for n in (1, 2, 3)},
    **{f"adaptive_{p}_pool{n}d": Kind.GLOBAL_POOL for n in (1, 2, 3) for p in ("avg", "max")},
    "interpolate": Kind.UPSAMPLE,
    "embedding": Kind.EMBEDDING,
    "scaled_dot_product_attention": Kind.ATTENTION,
}

_LOSSES: Mapping[str, tuple[str, str]] = {
    "CrossEntropyLoss": ("sparse_cce", "logits"),
    "NLLLoss": ("nll", "log_probabilities"),
    "BCELoss": ("bce", "probabilities"),
    "BCEWithLogitsLoss": ("bce", "logits"),
    "MultiLabelSoftMarginLoss": ("bce", "logits"),
    "MSELoss": ("mse", "values"),
    "L1Loss": ("mae", "values"),
    "SmoothL1Loss": ("huber", "values"),
    "HuberLoss": ("huber", "values"),
    "HingeEmbeddingLoss": ("hinge", "values"),
    "MultiMarginLoss": ("hinge", "values"),
    "MultiLabelMarginLoss": ("hinge", "values"),
    "KLDivLoss": ("kld", "log_probabilities"),
    "PoissonNLLLoss": ("poisson", "values"),
    "CTCLoss": ("ctc", "log_probabilities"),
}

_LOSS_FUNCTIONS = {
    "cross_entropy": "CrossEntropyLoss",
    "nll_loss": "NLLLoss",
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "mse_loss": "MSELoss",
    "l1_loss": "L1Loss",
    "smooth_l1_loss": "SmoothL1Loss",
    "huber_loss": "HuberLoss",
    "kl_div": "KLDivLoss",
    "ctc_loss": "CTCLoss",
}

SHAPES_ONLY = frozenset(
    re.findall(
        r"\w+",
        """size dim shape __get__ contiguous to float double half type detach clone requires_grad_
        numel is_floating_point unsqueeze squeeze permute transpose t movedim swapaxes expand
        expand_as chunk split __getitem__ narrow select unbind pad""",
    )
)
"""Functions that compute nothing: what they give comes from where their input came from."""


def torch_loss(loss: Any) -> tuple[str, str]:
    """Canonical name of a loss (module, function or Keras' name), and the predictions it takes."""
    if isinstance(loss, str):
        return loss_named(loss)
    for cls in type(loss).__mro__:
        if cls.__name__ in _LOSSES and cls.__module__.startswith("torch."):
            return _LOSSES[cls.__name__]
    name = _LOSS_FUNCTIONS.get(getattr(loss, "__name__", ""), "")
    return _LOSSES.get(name, ("custom", "values"))


def kind_of_torch(module: Any) -> tuple[Kind, str] | None:
    """Kind of a module by its class or an ancestor's in torch; None if it is looked into."""
    for cls in type(module).__mro__:
        if cls.__module__.startswith("torch."):
            if cls.__name__ in _ACTIVATIONS:
                return Kind.ACTIVATION, _ACTIVATIONS[cls.__name__]
            if cls.__name__ in _MODULES:
                return _MODULES[cls.__name__], "linear"
    return None
