"""How usual a value is in programs that learn: what the rows of the repair operators say of it.

The shares are rough statements of practice: the defaults of Keras and of the papers that introduced
an optimiser, and what textbooks recommend for a task (Goodfellow et al., *Deep Learning*, 2016,
sections 6.2, 8.4 and 11.4). Nothing here knows a fault or a subject.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.space.domains import Choice, Domain
from harness.vocabulary import Configuration, Value

Shares = Mapping[Value, float]

HIDDEN: Shares = {
    "relu": 0.72,
    "tanh": 0.07,
    "sigmoid": 0.05,
    "elu": 0.04,
    "selu": 0.03,
    "linear": 0.03,
    "softplus": 0.01,
}
OUTPUT: Mapping[str, Shares] = {
    "one_hot": {"softmax": 0.86, "sigmoid": 0.1, "linear": 0.01},
    "classes": {"softmax": 0.9, "linear": 0.05},
    "binary": {"sigmoid": 0.94, "linear": 0.01},
    "real": {"linear": 0.88, "relu": 0.03, "tanh": 0.03, "sigmoid": 0.02, "softplus": 0.01},
}
LOSS: Mapping[str, Shares] = {
    "one_hot": {
        "categorical_crossentropy": 0.84,
        "binary_crossentropy": 0.08,
        "mean_squared_error": 0.04,
        "kl_divergence": 0.01,
    },
    "classes": {"sparse_categorical_crossentropy": 1.0},
    "binary": {"binary_crossentropy": 0.9, "mean_squared_error": 0.04, "hinge": 0.02},
    "real": {
        "mean_squared_error": 0.68,
        "mean_absolute_error": 0.16,
        "log_cosh": 0.06,
        "mean_squared_logarithmic_error": 0.02,
    },
}
OPTIMISER: Shares = {
    "adam": 0.65,
    "sgd": 0.13,
    "rmsprop": 0.11,
    "nadam": 0.03,
    "adamax": 0.03,
    "adagrad": 0.02,
    "adadelta": 0.02,
}
KERNEL: Shares = {
    "glorot_uniform": 0.72,
    "he_normal": 0.08,
    "he_uniform": 0.05,
    "glorot_normal": 0.05,
    "random_normal": 0.02,
    "truncated_normal": 0.02,
    "lecun_normal": 0.02,
    "orthogonal": 0.02,
}
BIAS: Shares = {"zeros": 0.94, "ones": 0.01}
LAYERS: Shares = {1: 0.7, 2: 0.2, 0: 0.1}
RARE = 0.004
"""Share of a value that no table names."""

OWN = 0.5
"""Share that a subject's own losses or initialisers have together: who defines one means to use
it."""

RATE: Mapping[str, float] = {
    "adam": 1e-3,
    "adamax": 1e-3,
    "nadam": 1e-3,
    "rmsprop": 1e-3,
    "sgd": 1e-2,
    "adagrad": 1e-2,
    "adadelta": 1.0,
}
"""Usual learning rate of an optimiser: Keras' default; Adadelta's and Adagrad's as their authors
recommend (Zeiler, 2012; Duchi et al., 2011, as in Keras 2)."""
RATE_SPREAD = 0.6
"""Standard deviation of the usual learning rates, powers of ten."""

REACH = 0.5
"""How far training must be able to move a weight, see :func:`needed_rate`."""

BOUNDED = ("adam", "adamax", "nadam", "rmsprop")
"""Optimisers whose step is at most about the learning rate (Kingma and Ba, 2015, section 2.1)."""

WRONG_RATE, WRONG_COUNT = 4 * math.log(10), math.log(64)
"""Width of the range in which a wrong value lies: its natural logarithm. A rate is seldom wrong by
more than two powers of ten, a batch size or number of epochs by more than a factor of eight."""

BATCH, BATCH_SPREAD = 48, 0.9
"""Usual batch size, and the standard deviation of its natural logarithm."""

EPOCHS, EPOCHS_SPREAD = 20, 1.1
"""Usual number of epochs, likewise; more of them are as usual."""

KEPT_UNITS = 0.6
"""Share of the programs whose number of neurons is about right; the rest goes up or down."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a usual value may depend on besides the program's other values."""

    labels: str
    """Encoding of the labels, a key of ``harness.space.operators.LOSSES_FOR``."""
    output: str
    """Name of the activation of the output layer; '' if there is none."""
    faulty: Configuration
    steps: float
    """Training steps of the faulty program; infinite if they are not known."""


Known = Callable[[str, Domain, Configuration, Circumstances], Shares]
"""Hyperparameter, its domain, configuration, circumstances -> share of each value that has one."""

Density = Callable[[float, Configuration, Circumstances], float]
"""Value, configuration, circumstances -> density per unit of its natural logarithm."""

Tries = Callable[[float, Configuration, Circumstances], Mapping[float, float]]
"""Value now, configuration, circumstances -> values worth trying, each with its weight."""


@dataclass(frozen=True, slots=True)
class NamedPractice:
    """Usual values of a hyperparameter that is a choice."""

    known: Known
    standard: tuple[Value, ...] = ()
    """Values that any program may use. Others are the subject's own, and share ``OWN``."""


@dataclass(frozen=True, slots=True)
class NumberPractice:
    """Usual values of a hyperparameter that is a positive number."""

    density: Density
    tries: Tries
    wrong: float
    """Natural logarithm of the range in which a wrong value lies."""


Practice = NamedPractice | NumberPractice


def hidden_or_output(
    name: str, domain: Domain, configuration: Configuration, around: Circumstances
) -> Shares:
    return OUTPUT[around.labels] if name == around.output else HIDDEN


def fitting_loss(
    name: str, domain: Domain, configuration: Configuration, around: Circumstances
) -> Shares:
    return LOSS[around.labels]


def kernel_or_bias(
    name: str, domain: Domain, configuration: Configuration, around: Circumstances
) -> Shares:
    return BIAS if name.startswith("bias") else KERNEL


def always(shares: Shares) -> Known:
    """The same shares in every program."""

    def known(
        name: str, domain: Domain, configuration: Configuration, around: Circumstances
    ) -> Shares:
        return shares

    return known


def kept_or_larger(
    name: str, domain: Domain, configuration: Configuration, around: Circumstances
) -> Shares:
    """The number as it is most of all, a larger one before a smaller one."""
    if not isinstance(domain, Choice):
        return {}
    now = float(configuration[name])
    others = [value for value in domain.values if value != now]
    return {
        configuration[name]: KEPT_UNITS,
        **{value: 0.3 if float(value) > now else 0.1 for value in others},
    }


def rate_density(value: float, configuration: Configuration, around: Circumstances) -> float:
    middle = needed_rate(configuration, around)
    return normal(math.log(max(value, 1e-12) / middle), RATE_SPREAD * math.log(10))


def batch_density(value: float, configuration: Configuration, around: Circumstances) -> float:
    return normal(math.log(value / BATCH), BATCH_SPREAD)


def epochs_density(value: float, configuration: Configuration, around: Circumstances) -> float:
    return normal(min(0.0, math.log(value / EPOCHS)), EPOCHS_SPREAD)


def rate_tries(
    now: float, configuration: Configuration, around: Circumstances
) -> Mapping[float, float]:
    """One and two powers of ten away, half a power, and the usual rate."""
    usual = needed_rate(configuration, around)
    return {now * f: 1.0 for f in (0.1, 10.0, 0.01, 100.0, 0.3, 3.0)} | {usual: 1.0}


def batch_tries(
    now: float, configuration: Configuration, around: Circumstances
) -> Mapping[float, float]:
    return dict.fromkeys((16.0, 32.0, 64.0, 128.0, 256.0), 1.0)


def epochs_tries(
    now: float, configuration: Configuration, around: Circumstances
) -> Mapping[float, float]:
    """Mostly more of them."""
    return {now * f: s for f, s in ((2.0, 1.0), (4.0, 1.0), (8.0, 1.0), (0.5, 0.1))}


def needed_rate(configuration: Configuration, around: Circumstances) -> float:
    """The usual learning rate of the program's optimiser, or what its few steps need.

    Where the steps are bounded by the rate, their number bounds how far a weight can move.
    """
    usual = usual_rate(str(configuration["optimiser"]))
    if str(configuration["optimiser"]) not in BOUNDED:
        return usual
    return max(usual, float(f"{REACH / steps_of(configuration, around):.2g}"))


def steps_of(configuration: Configuration, around: Circumstances) -> float:
    """Training steps of a configuration, from those of the faulty program."""
    faulty = around.faulty
    longer = float(configuration["epochs"]) / float(faulty["epochs"])
    return around.steps * longer * float(faulty["batch_size"]) / float(configuration["batch_size"])


def usual_rate(optimiser: str) -> float:
    """The usual learning rate of an optimiser.

    >>> usual_rate("sgd")
    0.01
    """
    return RATE.get(optimiser, 1e-3)


def normal(distance: float, spread: float) -> float:
    """Normal density with a floor of 0.001: no value is out of the question."""
    return math.exp(-0.5 * (distance / spread) ** 2) / (spread * math.sqrt(2 * math.pi)) + 1e-3
