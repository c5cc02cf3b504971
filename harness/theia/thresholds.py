"""The thresholds of all rules, in one table, and the profiles that set them.

``recommended`` is ours; ``paper`` is the rule table as printed (its "and" read as "or", without
which INF, LOB and IBS could never fire); ``published`` approximates the two published files, which
differ from each other and from the paper. docs/theia.md lists the differences rule by rule.
Source: Manke et al., TOSEM (Theia), Tables 1 and 2 and the published repository.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.vocabulary import unknown

Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Thresholds of the rules of one profile. Ranges include both ends."""

    search: str = "block"
    """How far an activation, dropout or normalisation may stand from its layer: ``block`` (up to
    the next layer with weights), ``pool`` (up to a pooling as well), ``next`` (directly behind it,
    normalisations aside)."""
    activation_kind: bool = True
    """CNL: report softmax in hidden layers, and saturating functions in images and convolutions."""
    output_activations: bool = True
    """CNL: report a second activation of the output layer."""
    filters: Mapping[str, Range]
    """INF: filters of a convolution, for ``color_image`` and for all ``other`` data."""
    filters_grow: bool = True
    """INF: filters must not decrease with depth."""
    filters_of: tuple[str, ...] = ("conv1d", "conv2d", "conv3d")
    """INF: kinds of convolutions that are checked."""
    neurons_shrink: bool = True
    """INN: hidden dense layers of networks with convolutions must not grow."""
    neurons_fit: str = "no_conv"
    """INN: hidden dense units at most the layer's inputs: ``always``, ``no_conv`` or ``never``."""
    convs_in_a_row: int = 4
    """IDS: most convolutions without a pooling between."""
    pooling_needed: bool = True
    """IDS: a network with 2-D convolutions has a pooling before its classifier."""
    strides_pool: bool = False
    """IDS: a convolution with strides counts as a pooling."""
    dense_in_conv_net: int | None = 3
    """IFL: most dense layers of a network with convolutions, the output included."""
    convs: Mapping[str, int]
    """ICL: fewest 2-D convolutions, for ``color_image`` and ``gray_image``."""
    inputs: tuple[Range, ...] = ((0.0, 1.0), (-1.0, 1.0))
    """IDN: ranges that count as normalised; each end may be off by ``inputs_tolerance``."""
    inputs_tolerance: float = 1e-6
    standardised_is_fine: bool = True
    """IDN: standardised data are an advice, not a bug."""
    losses: Mapping[str, tuple[str, ...]]
    """LLM: losses that fit a task; a task that is not named is not checked."""
    learning_rate: Range = (1e-4, 1e-2)
    rate_tolerance: float = 1e-6
    """LOB: relative; a rate that went through float32 is not exactly 1e-4."""
    batch_size: Range = (32, 256)
    batch_size_few: tuple[int, Range] | None = None
    """IBS: below so many training samples, this range."""
    batch_size_samples: int = 32
    """IBS: silent for fewer training samples."""
    advice: bool = True
    """Whether the severity ``advice`` exists; without it everything is a bug."""


_LOSSES = {
    "binary": ("bce",),
    "multiclass": ("cce", "sparse_cce", "nll"),
    "multilabel": ("bce",),
    "regression": ("mse", "mae", "huber", "log_cosh"),
}
_PRINTED = {"color_image": (16, 512), "other": (6, 256)}
_CONVS = {"color_image": 3, "gray_image": 2}

RECOMMENDED = Thresholds(filters=_PRINTED, convs=_CONVS, losses=_LOSSES)

PAPER = Thresholds(
    search="pool",
    activation_kind=False,
    output_activations=False,
    filters=_PRINTED,
    filters_grow=False,
    filters_of=("conv2d",),
    neurons_fit="always",
    pooling_needed=False,
    convs=_CONVS,
    standardised_is_fine=False,
    losses={
        "binary": ("bce",),
        "multiclass": ("cce", "sparse_cce"),
        "regression": ("mse", "mae"),
    },
    batch_size_samples=0,
    advice=False,
)

PUBLISHED_KERAS = replace(
    PAPER,
    search="next",
    filters={"color_image": (32, 512), "other": (6, 64)},
    filters_grow=True,
    neurons_fit="never",
    pooling_needed=True,
    inputs=((0.0, 1.0),),
    batch_size_few=(20_000, (32, 64)),
)

PUBLISHED_TORCH = replace(
    PAPER,
    search="next",
    neurons_shrink=False,
    neurons_fit="never",
    dense_in_conv_net=None,
    inputs=((0.0, 1.0), (-1.0, 1.0)),
    losses={
        "binary": ("bce",),
        "multiclass": ("cce", "sparse_cce"),
        "regression": _LOSSES["regression"],
    },
)

PROFILES = ("recommended", "paper", "published")


def thresholds(profile: str, framework: str = "keras") -> Thresholds:
    """The thresholds of a profile; ``published`` depends on the framework.

    Raises:
        HarnessError: If there is no such profile.
    """
    if profile not in PROFILES:
        raise unknown("profile", profile, PROFILES)
    if profile == "published":
        return PUBLISHED_TORCH if framework == "pytorch" else PUBLISHED_KERAS
    return RECOMMENDED if profile == "recommended" else PAPER
