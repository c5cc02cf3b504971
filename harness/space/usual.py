"""How usual a value is in programs that learn, for every hyperparameter that an operator reaches.

One table serves twice: a value that nobody uses is suspicious, and the usual ones are tried first.
The shares are rough statements of practice: the defaults of Keras and of the papers that introduced
an optimiser, and what textbooks recommend for a task (Goodfellow et al., *Deep Learning*, 2016,
sections 6.2, 8.4 and 11.4). Nothing here knows a fault or a subject.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from harness.space.derivation import Space
from harness.space.domains import Choice, Domain
from harness.space.operators import INITIALISERS, LOSSES, operator_of
from harness.vocabulary import Configuration, Value

Shares = Mapping[str, float]

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
LAYERS = {1: 0.7, 2: 0.2, 0: 0.1}
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
"""How far training must be able to move a weight, see :meth:`Usual.rate`."""

BOUNDED = ("adam", "adamax", "nadam", "rmsprop")
"""Optimisers whose step is at most about the learning rate (Kingma and Ba, 2015, section 2.1)."""

WRONG = {"learning_rate": 4 * math.log(10), "batch_size": math.log(64), "epochs": math.log(64)}
"""Width of the range in which a wrong value lies: its natural logarithm. A rate is seldom wrong by
more than two powers of ten, a batch size or number of epochs by more than a factor of eight."""

BATCH, BATCH_SPREAD = 48, 0.9
"""Usual batch size, and the standard deviation of its natural logarithm."""

EPOCHS, EPOCHS_SPREAD = 20, 1.1
"""Usual number of epochs, likewise; more of them are as usual."""

KEPT_UNITS = 0.6
"""Share of the programs whose number of neurons is about right; the rest goes up or down."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual for the hyperparameters of one program."""

    space: Space
    labels: str
    """Encoding of the labels, a key of ``harness.space.operators.LOSSES_FOR``."""
    faulty: Configuration
    steps: float = math.inf
    """Training steps of the faulty program."""

    def suspicion(self, name: str, configuration: Configuration) -> float:
        """How much likelier a value is to be wrong than right by itself: a likelihood ratio.

        A wrong value is taken to be anywhere in the domain (numbers: on a logarithmic scale).
        Capped, since a table of rough shares cannot be sure.
        """
        domain, value = self.space.domains[name], configuration[name]
        if isinstance(domain, Choice):
            shares = self.shares(name, configuration)
            ratio = 1 / len(domain.values) / shares[value]
        else:
            assert isinstance(value, int | float)
            ratio = 1 / WRONG[name] / self._density(name, float(value), configuration)
        return min(max(ratio, 0.1), 30.0)

    def shares(self, name: str, configuration: Configuration) -> dict[Value, float]:
        """Value -> its share; of a number, the values worth trying. They sum to one."""
        domain, row = self.space.domains[name], operator_of(name)
        assert row is not None
        if row.name in ("learning_rate", "batch_size", "epochs") and not isinstance(domain, Choice):
            return self._numbers(name, domain, configuration)
        assert isinstance(domain, Choice)
        known = dict(self._known(name, row.name, configuration))
        own = [v for v in domain.values if _is_own(row.name, v)]
        known |= {v: OWN / len(own) for v in own}
        raw = {v: known.get(v, RARE) for v in domain.values}
        if row.name in ("learning_rate", "batch_size", "epochs"):
            raw = {v: self._density(name, float(v), configuration) for v in domain.values}
        total = sum(raw.values())
        return {value: share / total for value, share in raw.items()}

    def _known(
        self, name: str, operator: str, configuration: Configuration
    ) -> Mapping[Value, float]:
        found: Mapping[str, float] | Mapping[int, float]
        if operator == "activation":
            found = OUTPUT[self.labels] if name == self.output() else HIDDEN
        elif operator == "loss":
            found = LOSS[self.labels]
        elif operator == "optimiser":
            found = OPTIMISER
        elif operator == "initialiser":
            found = BIAS if name.startswith("bias") else KERNEL
        elif operator == "layer":
            found = LAYERS
        else:  # neurons
            domain, now = self.space.domains[name], int(configuration[name])
            assert isinstance(domain, Choice), name
            others = [int(value) for value in domain.values if value != now]
            found = {now: KEPT_UNITS, **{n: 0.3 if n > now else 0.1 for n in others}}
        return {value: share for value, share in found.items()}

    def output(self) -> str:
        """The activation of the output layer: that of the highest number."""
        names = [n for n in self.space.domains if n.startswith("activation_")]
        return max(names, key=lambda n: int(n.rsplit("_", 1)[1]), default="")

    def rate(self, configuration: Configuration) -> float:
        """The usual learning rate of the program's optimiser, or what its few steps need.

        Where the steps are bounded by the rate, their number bounds how far a weight can move.
        """
        usual = usual_rate(str(configuration["optimiser"]))
        if str(configuration["optimiser"]) not in BOUNDED:
            return usual
        return max(usual, float(f"{REACH / self._steps(configuration):.2g}"))

    def reach(self, configuration: Configuration) -> float:
        """How far training can move a weight: rate times steps; infinite without a bound."""
        if str(configuration["optimiser"]) not in BOUNDED:
            return math.inf
        return float(configuration["learning_rate"]) * self._steps(configuration)

    def _steps(self, configuration: Configuration) -> float:
        longer = float(configuration["epochs"]) / float(self.faulty["epochs"])
        return (
            self.steps
            * longer
            * float(self.faulty["batch_size"])
            / float(configuration["batch_size"])
        )

    def _density(self, name: str, value: float, configuration: Configuration) -> float:
        """Per unit of the natural logarithm."""
        if name == "learning_rate":
            middle = self.rate(configuration)
            return _normal(math.log(max(value, 1e-12) / middle), RATE_SPREAD * math.log(10))
        if name == "batch_size":
            return _normal(math.log(value / BATCH), BATCH_SPREAD)
        return _normal(min(0.0, math.log(value / EPOCHS)), EPOCHS_SPREAD)

    def _numbers(
        self, name: str, domain: Domain, configuration: Configuration
    ) -> dict[Value, float]:
        assert not isinstance(domain, Choice)
        now = configuration[name]
        assert isinstance(now, int | float)
        if name == "learning_rate":
            usual = self.rate(configuration)
            wanted = {now * f: 1.0 for f in (0.1, 10.0, 0.01, 100.0, 0.3, 3.0)} | {usual: 1.0}
        elif name == "batch_size":
            wanted = dict.fromkeys((16.0, 32.0, 64.0, 128.0, 256.0), 1.0)
        else:
            wanted = {now * f: s for f, s in ((2.0, 1.0), (4.0, 1.0), (8.0, 1.0), (0.5, 0.1))}
        kind = int if isinstance(domain.low, int) else float
        raw: dict[Value, float] = {}
        for value, share in wanted.items():
            inside = min(max(value, domain.low), domain.high)
            number = round(inside) if kind is int else float(f"{inside:.6g}")
            if number in domain:
                raw[number] = share * math.sqrt(self._density(name, number, configuration))
        total = sum(raw.values())
        return {value: share / total for value, share in raw.items()}


def usual_rate(optimiser: str) -> float:
    """The usual learning rate of an optimiser.

    >>> usual_rate("sgd")
    0.01
    """
    return RATE.get(optimiser, 1e-3)


def _is_own(operator: str, value: Value) -> bool:
    known = {"loss": LOSSES, "initialiser": INITIALISERS}.get(operator)
    return known is not None and value not in known


def _normal(distance: float, spread: float) -> float:
    return math.exp(-0.5 * (distance / spread) ** 2) / (spread * math.sqrt(2 * math.pi)) + 1e-3
