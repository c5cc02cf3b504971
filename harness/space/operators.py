"""The nine repair operators: the whole search space on one page.

Each row is all that the harness knows of an operator: the hyperparameters that it reaches, the
values that it may try, how likely and how usual they are, what a localiser can blame on it. The
values come in two variants: ``icst23`` is what the study's package searched,
``corrected`` is our default.
Source of the nine: Kim et al., ICST 2023, section IV-B; values of ``icst23``: the replication
package's predefined parameters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from harness.space import practice as usual
from harness.space.domains import Choice, DearNumber, Domain, Integer, Real
from harness.space.practice import NamedPractice, NumberPractice, Practice
from harness.vocabulary import Value, unknown

LOSSES = (
    "mean_squared_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "squared_hinge",
    "hinge",
    "categorical_hinge",
    "log_cosh",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "binary_crossentropy",
    "kl_divergence",
    "poisson",
)
OPTIMISERS = ("sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamax", "nadam")
ACTIVATIONS = (
    "elu",
    "softmax",
    "selu",
    "softplus",
    "softsign",
    "relu",
    "tanh",
    "sigmoid",
    "hard_sigmoid",
    "exponential",
    "linear",
)
INITIALISERS = (
    "zeros",
    "ones",
    "constant",
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "orthogonal",
    "lecun_uniform",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "lecun_normal",
    "he_uniform",
)
BATCH_SIZES = (16, 32, 64, 128, 256, 512)

LOSSES_FOR: Mapping[str, tuple[str, ...]] = {
    "one_hot": tuple(n for n in LOSSES if n != "sparse_categorical_crossentropy"),
    "binary": (
        "mean_squared_error",
        "mean_absolute_error",
        "mean_squared_logarithmic_error",
        "squared_hinge",
        "hinge",
        "log_cosh",
        "binary_crossentropy",
        "poisson",
    ),
    "classes": ("sparse_categorical_crossentropy",),
    "real": (
        "mean_squared_error",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_logarithmic_error",
        "log_cosh",
    ),
}
"""Losses that fit how the labels are written; the keys are the encodings a subject may declare."""

KERNEL_INITIALISERS = tuple(n for n in INITIALISERS if n not in ("zeros", "ones", "constant"))
"""Those that break the symmetry between the neurons of a layer."""

BIAS_INITIALISERS = ("zeros", "ones", "random_normal", "random_uniform", "truncated_normal")
"""Those that make sense for a vector: variance scaling and orthogonality need a matrix."""

EPOCHS_MULTIPLIER = 1.2
"""The study drew it from U(1.1, 1.3) in every process; its middle gives all runs one space."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the values of an operator may depend on: the faulty program, never its fix."""

    labels: str
    """Encoding of the labels, a key of ``LOSSES_FOR``."""
    extra: Mapping[str, tuple[str, ...]]
    """Values that the subject defines itself, by operator (its own losses, initialisers)."""
    epochs_floor: int = 1
    """``icst23`` only: shortened trainings must be longer than this (1, 5 or 0 by family)."""


Values = Callable[[str, Value, Context], Domain]
"""Hyperparameter, its faulty value, context -> domain."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The parts of a program that the hyperparameters of an operator govern."""

    learner: str = ""
    """Part of the learner whose findings blame it: ``loss``, ``optimiser``, ``batch_size``."""
    layers: bool = True
    """Whether it may change a layer; which ones is found by building the program."""
    suggested: bool = False
    """Whether the value that a finding suggests for a layer is a value of it."""
    removal: Value | None = None
    """The value that stands for the removal of its layer."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One kind of change."""

    name: str
    title: str
    hyperparameters: str
    """Regular expression of the names that it reaches."""
    icst23: Values
    corrected: Values
    note: str
    cost_aware: Values | None = None
    """Where it differs from ``corrected``: the same values, drawn otherwise."""
    leaves: int = 0
    """Leaves of the fault taxonomy that it can mend: how likely it is before any evidence. Source:
    Humbatova et al., *Taxonomy of Real Faults in Deep Learning Systems*, ICSE 2020, figure 1, as
    read from it: missing or wrong activations (5), wrong, missing or wrongly computed losses (4),
    missing, redundant or wrong layers (4), batching (3), optimisation function and its settings
    (2), initialisation of weights or model (2), learning rate, epochs, neurons (1 each)."""
    practice: Practice | None = None
    """How usual its values are; None: all are equally usual."""
    reach: Reach = Reach()
    """What Theia's findings can blame on it."""


def _choice(*values: Value, faulty: Value) -> Choice:
    return Choice((*dict.fromkeys(values), *([] if faulty in values else [faulty])))


def _of(values: tuple[Value, ...], operator: str = "") -> Values:
    def domain(name: str, faulty: Value, context: Context) -> Domain:
        return _choice(*values, *context.extra.get(operator, ()), faulty=faulty)

    return domain


def _fitting_losses(name: str, faulty: Value, context: Context) -> Domain:
    own = context.extra.get("loss", ())
    return _choice(*LOSSES_FOR[context.labels], *own, faulty=faulty)


def _fitting_initialisers(name: str, faulty: Value, context: Context) -> Domain:
    suited = BIAS_INITIALISERS if name.startswith("bias") else KERNEL_INITIALISERS
    return _choice(*suited, *context.extra.get("initialiser", ()), faulty=faulty)


def _any_batch_size(name: str, faulty: Value, context: Context) -> Domain:
    assert isinstance(faulty, int)
    return Integer(min(BATCH_SIZES[0], faulty), max(BATCH_SIZES[-1], faulty), log=True)


def _linear_rate(name: str, faulty: Value, context: Context) -> Domain:
    return Real(1e-6, 10.0)


def _log_rate(name: str, faulty: Value, context: Context) -> Domain:
    assert isinstance(faulty, int | float)
    return Real(min(1e-6, faulty), max(10.0, faulty), log=True)


def _epochs_icst23(name: str, faulty: Value, context: Context) -> Domain:
    assert isinstance(faulty, int)
    powers = [EPOCHS_MULTIPLIER**x for x in range(5)]
    longer = [int(faulty * p) for p in powers]
    shorter = [int(faulty / p) for p in powers if int(faulty / p) > context.epochs_floor]
    return Choice(tuple(sorted({faulty, *longer, *shorter})))


def _epochs(name: str, faulty: Value, context: Context) -> Domain:
    assert isinstance(faulty, int)
    return Integer(1, max(100, 4 * faulty), log=True)


def _seldom_small(name: str, faulty: Value, context: Context) -> Domain:
    whole = _any_batch_size(name, faulty, context)
    assert isinstance(faulty, int)
    assert isinstance(whole, Integer)
    if faulty <= 2 * whole.low:
        return whole  # none of it is dear
    return DearNumber(faulty, whole.low, whole.high, large=False)


def _seldom_long(name: str, faulty: Value, context: Context) -> Domain:
    assert isinstance(faulty, int)
    return DearNumber(faulty, 1, max(100, 4 * faulty))


def _neurons(name: str, faulty: Value, context: Context) -> Domain:
    assert isinstance(faulty, int)
    return Choice(tuple(sorted({max(1, faulty // 2), faulty, 2 * faulty})))


OPERATORS: tuple[Operator, ...] = (
    Operator(
        "loss",
        "change the loss function",
        r"loss",
        icst23=_of(LOSSES, "loss"),
        corrected=_fitting_losses,
        note="icst23 offers sparse losses for one-hot labels, which crash or broadcast",
        leaves=4,
        practice=NamedPractice(usual.fitting_loss, LOSSES),
        reach=Reach(learner="loss", layers=False),
    ),
    Operator(
        "layer",
        "add, delete or change a layer",
        r"layers_\d+",
        icst23=_of((0, 1, 2)),
        corrected=_of((0, 1, 2)),
        note="copies of one hidden block",
        leaves=4,
        practice=NamedPractice(usual.always(usual.LAYERS)),
    ),
    Operator(
        "batch_size",
        "change the batch size",
        r"batch_size",
        icst23=_of(BATCH_SIZES),
        corrected=_any_batch_size,
        cost_aware=_seldom_small,
        note="corrected: any whole number, log-uniform, so that 200 or 500 can be found",
        leaves=3,
        practice=NumberPractice(usual.batch_density, usual.batch_tries, usual.WRONG_COUNT),
        reach=Reach(learner="batch_size", layers=False),
    ),
    Operator(
        "neurons",
        "change the number of neurons",
        r"units_\d+",
        icst23=_neurons,
        corrected=_neurons,
        note="half, the same, twice; never 0",
        leaves=1,
        practice=NamedPractice(usual.kept_or_larger),
        reach=Reach(suggested=True),
    ),
    Operator(
        "learning_rate",
        "change the learning rate",
        r"learning_rate",
        icst23=_linear_rate,
        corrected=_log_rate,
        note="icst23 is linear up to 10: 1 % of its samples are below 0.1",
        leaves=1,
        practice=NumberPractice(usual.rate_density, usual.rate_tries, usual.WRONG_RATE),
        reach=Reach(learner="optimiser", layers=False),
    ),
    Operator(
        "epochs",
        "change the number of epochs",
        r"epochs",
        icst23=_epochs_icst23,
        corrected=_epochs,
        cost_aware=_seldom_long,
        note="icst23 reaches at most 2.07 times the faulty value",
        leaves=1,
        practice=NumberPractice(usual.epochs_density, usual.epochs_tries, usual.WRONG_COUNT),
        reach=Reach(layers=False),
    ),
    Operator(
        "activation",
        "change, add or remove an activation",
        r"activation_\d+",
        icst23=_of(ACTIVATIONS, "activation"),
        corrected=_of(ACTIVATIONS, "activation"),
        note="linear is the same as none",
        leaves=5,
        practice=NamedPractice(usual.hidden_or_output),
        reach=Reach(suggested=True, removal="linear"),
    ),
    Operator(
        "initialiser",
        "change the weight initialisation",
        r"(kernel|bias)_initialiser_\d+",
        icst23=_of(INITIALISERS, "initialiser"),
        corrected=_fitting_initialisers,
        note="icst23 offers kernel initialisers for biases; orthogonal then always crashes",
        leaves=2,
        practice=NamedPractice(usual.kernel_or_bias, INITIALISERS),
        reach=Reach(layers=False),
    ),
    Operator(
        "optimiser",
        "change the optimiser",
        r"optimiser",
        icst23=_of(OPTIMISERS),
        corrected=_of(OPTIMISERS),
        note="Keras defaults except for the learning rate",
        leaves=2,
        practice=NamedPractice(usual.always(usual.OPTIMISER)),
        reach=Reach(layers=False),
    ),
)


@cache
def operator_of(hyperparameter: str) -> Operator | None:
    """The one operator that reaches ``hyperparameter``; None for a setting out of reach.

    >>> operator_of("bias_initialiser_2").name
    'initialiser'
    >>> operator_of("dropout_1") is None
    True
    """
    rows = [o for o in OPERATORS if re.fullmatch(o.hyperparameters, hyperparameter)]
    assert len(rows) <= 1, f"{hyperparameter} belongs to {[o.name for o in rows]}"
    return rows[0] if rows else None


def operators_of(hyperparameters: Iterable[str]) -> list[Operator]:
    """The operators that reach any of ``hyperparameters``, each once, in the order of the names.

    >>> [row.name for row in operators_of(["activation_2", "dropout_1", "loss", "activation_1"])]
    ['activation', 'loss']
    """
    rows = (operator_of(name) for name in hyperparameters)
    return list(dict.fromkeys(row for row in rows if row is not None))


def operator(name: str) -> Operator:
    """The operator called ``name``."""
    for row in OPERATORS:
        if row.name == name:
            return row
    raise unknown("repair operator", name, [o.name for o in OPERATORS])
