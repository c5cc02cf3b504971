"""Names of losses, optimisers, activations and initialisers, and values in range, by operator.

A mistyped name or a number that no training can use is found here without a framework.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from harness.space.operators import (
    ACTIVATIONS,
    INITIALISERS,
    LOSSES,
    OPERATORS,
    OPTIMISERS,
    operator_of,
)
from harness.vocabulary import Value, shown, unknown

KNOWN_NAMES: Mapping[str, tuple[str, ...]] = {
    "loss": LOSSES,
    "optimiser": OPTIMISERS,
    "activation": ACTIVATIONS,
    "initialiser": INITIALISERS,
}
"""Operator -> names that every framework knows here."""

KERAS_NAMES: Mapping[str, tuple[str, ...]] = {
    "loss": (
        "binary_focal_crossentropy",
        "categorical_focal_crossentropy",
        "circle",
        "cosine_similarity",
        "ctc",
        "dice",
        "huber",
        "tversky",
    ),
    "activation": (
        "celu",
        "gelu",
        "glu",
        "hard_shrink",
        "hard_silu",
        "hard_tanh",
        "leaky_relu",
        "log_sigmoid",
        "log_softmax",
        "mish",
        "relu6",
        "silu",
        "soft_shrink",
        "sparse_plus",
        "sparse_sigmoid",
        "sparsemax",
        "squareplus",
        "swish",
        "tanh_shrink",
        "threshold",
    ),
    "initialiser": ("identity", "stft", "variance_scaling"),
}
"""Further names that Keras 3 knows: a subject may use them, no operator tries them."""

OTHER_NAMES: Mapping[str, str] = {
    "mse": "mean_squared_error",
    "l2loss": "mean_squared_error",
    "mae": "mean_absolute_error",
    "l1loss": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "bce": "binary_crossentropy",
    "bceloss": "binary_crossentropy",
    "cce": "categorical_crossentropy",
    "crossentropy": "categorical_crossentropy",
    "crossentropyloss": "categorical_crossentropy",
    "scce": "sparse_categorical_crossentropy",
    "kld": "kl_divergence",
    "kldiv": "kl_divergence",
    "none": "linear",
    "identity": "linear",
    "logistic": "sigmoid",
    "xavier": "glorot_uniform",
    "xavieruniform": "glorot_uniform",
    "xaviernormal": "glorot_normal",
    "kaiming": "he_uniform",
    "kaiminguniform": "he_uniform",
    "kaimingnormal": "he_normal",
    "normal": "random_normal",
    "uniform": "random_uniform",
    "zero": "zeros",
    "one": "ones",
}
"""What a name may have been meant for, without case and separators."""

LEAST = {"batch_size": 1, "epochs": 1, "neurons": 1, "layer": 0}
"""Operator -> least whole number."""

MOST = 2**31 - 1
"""Largest whole number that all frameworks take for a count."""

LEAST_RATE, MOST_RATE = 1e-37, 1e38
"""Learning rates that are positive, finite numbers of 32 bits."""

LIKE = 0.85
"""From this likeness of two names on, one is probably the other mistyped."""

OTHER_STEMS: Mapping[str, str] = {
    "lr": "learning_rate",
    "batch": "batch_size",
    "nepochs": "epochs",
    "numepochs": "epochs",
    "neurons": "units_1",
    "hiddenunits": "units_1",
    "opt": "optimiser",
    "optim": "optimiser",
    "lossfunction": "loss",
    "act": "activation_1",
    "activationfunction": "activation_1",
    "initialiser": "kernel_initialiser_1",
    "initializer": "kernel_initialiser_1",
    "init": "kernel_initialiser_1",
    "kernelinit": "kernel_initialiser_1",
    "weightinitialiser": "kernel_initialiser_1",
    "weightinitializer": "kernel_initialiser_1",
    "biasinit": "bias_initialiser_1",
}
"""What a hyperparameter may have been meant for, without case, numbers and separators."""


def problem_of(
    hyperparameter: str, value: Value, framework: str, own: Mapping[str, Sequence[str]]
) -> str:
    """Why no training can use a value; '' if one may.

    Args:
        framework: ``keras`` knows more names than ``pytorch``.
        own: Names that the subject defines itself, by operator.

    >>> problem_of("activation_1", "sigmiod", "keras", {})[:46]
    "no activation 'sigmiod'. Did you mean sigmoid,"
    >>> problem_of("epochs", -3, "keras", {})
    "'epochs' is -3. Expected: a whole number from 1 to 2147483647"
    >>> problem_of("dropout_1", 0.5, "keras", {})
    ''
    """
    row = operator_of(hyperparameter)
    if row is not None and row.name in KNOWN_NAMES:
        return _name_problem(row.name, value, framework, own.get(row.name, ()))
    if row is not None and row.name in LEAST:
        least = LEAST[row.name]
        if type(value) is not int or not least <= value <= MOST:
            return _range(hyperparameter, value, f"a whole number from {least} to {MOST}")
        return ""
    if hyperparameter == "learning_rate":
        low, high, expected = LEAST_RATE, MOST_RATE, "a finite number above 0"
    elif re.fullmatch(r"dropout_\d+", hyperparameter):
        low, high, expected = 0.0, 1.0, "a share in [0, 1]"
    elif isinstance(value, bool | str):
        return ""
    else:
        low, high, expected = -MOST_RATE, MOST_RATE, "a finite number"
    if isinstance(value, bool | str) or not low <= value <= high:
        return _range(hyperparameter, value, expected)
    return ""


def _range(hyperparameter: str, value: Value, expected: str) -> str:
    return f"'{hyperparameter}' is {shown(value)}. Expected: {expected}"


def _name_problem(kind: str, value: Value, framework: str, own: Sequence[str]) -> str:
    more = KERAS_NAMES.get(kind, ()) if framework == "keras" else ()
    known = list(dict.fromkeys([*KNOWN_NAMES[kind], *own, *more]))
    if value in known and isinstance(value, str):
        return ""
    asked = _plain(str(value)[:60])
    alike = [name for name in known if _plain(name) == asked]
    other = [name for name in (OTHER_NAMES.get(asked),) if name in known]
    if meant := alike or other:
        return f"no {kind} '{value}'. Did you mean {meant[0]}? Registered: {', '.join(known)}"
    return str(unknown(kind, str(value)[:60], known))


def _plain(name: str) -> str:
    """A name without case, numbers and separators, all of which are easily mistaken."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def mistaken_for(setting: str) -> str:
    """The hyperparameter that a setting's name is easily mistaken for; '' if there is none.

    >>> mistaken_for("kernel_initializer_1"), mistaken_for("activation"), mistaken_for("dropout_1")
    ('kernel_initialiser_1', 'activation_1', '')
    """
    if operator_of(setting) is not None:
        return ""
    stem = re.sub(r"[^a-z]", "", setting.lower())
    number = next(iter(re.findall(r"\d+", setting)), "1")
    found = OTHER_STEMS.get(stem, "")
    if not found:
        stems = {_plain(name).rstrip("0123456789"): name for name in _HYPERPARAMETERS}
        close = get_close_matches(stem, stems, n=1, cutoff=LIKE)
        found = stems[close[0]] if close else ""
    return re.sub(r"\d+$", number, found)


def _examples(pattern: str) -> Iterator[str]:
    """Names that a pattern of an operator matches, one for each alternative."""
    if group := re.search(r"\(([^()]*)\)", pattern):
        for each in group[1].split("|"):
            yield from _examples(pattern[: group.start()] + each + pattern[group.end() :])
    else:
        yield pattern.replace(r"\d+", "1")


_HYPERPARAMETERS = [
    name for row in OPERATORS for name in _examples(row.hyperparameters) if operator_of(name) is row
]
