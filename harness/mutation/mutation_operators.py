"""DeepCrime's operators on model and training: what each changes, and the values it tries.

Values as in the public tool's settings, with these departures:

- ``constant`` is left out: its default is 0, which ``zeros`` is too.
- An activation that is not linear is changed to others that are not (ACH); changes to and from
  linear have operators of their own (ARM, AAL).
- The tool has lists of four batch sizes and a lowest learning rate subject by subject; here its
  lists are joined (16 to 512), and the range is down to a tenth of the rate, within a hundredth.
- Its step for epochs is 1 or 5; here a tenth of the epochs.
- The subject spells out the regularisers' coefficient, 0.01: Keras 3 has 0 for ``l1_l2``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.space.operators import ACTIVATIONS, BATCH_SIZES, INITIALISERS, LOSSES, OPTIMISERS
from harness.subjects.subject import Subject
from harness.vocabulary import Configuration, HarnessError, Value, changed, unknown

DIGITS = r"\d+"
REGULARISERS = ("l1", "l2", "l1_l2")
NO_REGULARISER = "none"
DROPOUT_RATES = (0.125, 0.25, 0.75, 1.0)
DEFAULT_RATES = dict.fromkeys(OPTIMISERS, 0.001) | {"sgd": 0.01}
"""Learning rates of TensorFlow 2 and Keras 3, which an optimiser has that is given by name only."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A subject with some values changed by one operator."""

    operator: str
    """Its acronym."""
    layer: int | None
    """Number in the name of the setting, None if the operator does not work layer by layer."""
    value: Value
    """What the operator set."""
    changes: Configuration
    """All values that differ from the subject's, implied ones included."""


@dataclass(frozen=True, slots=True)
class Range:
    """Values of one setting between the original and the most aggressive one."""

    operator: str
    setting: str
    mild: float
    """The original value."""
    aggressive: float
    precision: float
    whole: bool
    """Whether values are whole numbers."""

    def mutant(self, value: float) -> Mutant:
        return Mutant(self.operator, None, value, {self.setting: value})


Candidate = Mutant | Range
"""What is searched in one go: a mutant alone, or a range by bisection."""

Candidates = Callable[[str, Subject, int], Sequence[Candidate]]
"""Acronym, subject, number of training samples -> what is to be searched."""


@dataclass(frozen=True, slots=True)
class MutationOperator:
    """One way to make a program worse."""

    acronym: str
    name: str
    search: str
    """``listed``, ``bisected`` or ``single``, each for every layer where the setting has one."""
    settings: str
    """Regular expression of the settings that it changes."""
    candidates: Candidates
    absent: str
    """Why a subject that has such settings may still offer nothing to change; '' if it cannot."""


def _layers(subject: Subject, setting: str) -> list[tuple[int, str, Value]]:
    """(layer, full name, value) of the settings called ``setting_N``, without layers left out."""
    found = []
    for name, value in subject.fixed.items():
        match = re.fullmatch(rf"{setting}_(\d+)", name)
        if match and subject.fixed.get(f"layers_{match[1]}") != 0:
            found.append((int(match[1]), name, value))
    return found


def _per_layer(
    setting: str, values: Sequence[Value], of: Callable[[Value], bool] = lambda value: True
) -> Candidates:
    """Each of ``values`` in each layer whose own value satisfies ``of``, the own value left out."""

    def candidates(operator: str, subject: Subject, samples: int) -> list[Candidate]:
        return [
            Mutant(operator, layer, value, {name: value})
            for layer, name, own in _layers(subject, setting)
            if of(own)
            for value in values
            if value != own
        ]

    return candidates


def _batch_sizes(operator: str, subject: Subject, samples: int) -> list[Candidate]:
    own = subject.fixed["batch_size"]
    sizes = [n for n in BATCH_SIZES if n != own and n < samples]
    return [Mutant(operator, None, n, {"batch_size": n}) for n in sizes]


def _whole_set(operator: str, subject: Subject, samples: int) -> list[Candidate]:
    if subject.fixed["batch_size"] == samples:
        return []
    return [Mutant(operator, None, samples, {"batch_size": samples})]


def _rates(operator: str, subject: Subject, samples: int) -> list[Candidate]:
    own = float(subject.fixed["learning_rate"])
    return [Range(operator, "learning_rate", own, own / 10, own / 100, whole=False)]


def _epochs(operator: str, subject: Subject, samples: int) -> list[Candidate]:
    own = int(subject.fixed["epochs"])
    if own == 1:
        return []
    return [Range(operator, "epochs", own, 1, max(1, own // 10), whole=True)]


def _losses(operator: str, subject: Subject, samples: int) -> list[Candidate]:
    left_out = ["sparse_categorical_crossentropy", subject.fixed["loss"]]
    if subject.labels == "real":
        left_out += ["categorical_crossentropy", "binary_crossentropy"]
    names = [n for n in (*LOSSES, "huber") if n not in left_out]
    return [Mutant(operator, None, n, {"loss": n}) for n in names]


def _optimisers(operator: str, subject: Subject, samples: int) -> list[Candidate]:
    """A bare name: the learning rate becomes the new optimiser's default."""
    found: list[Candidate] = []
    for name in OPTIMISERS:
        new: Configuration = {"optimiser": name, "learning_rate": DEFAULT_RATES[name]}
        if name != subject.fixed["optimiser"]:
            both = changed(subject.fixed, {**subject.fixed, **new})
            found.append(Mutant(operator, None, name, {n: after for n, (_, after) in both.items()}))
    return found


def _nothing(operator: str, subject: Subject, samples: int) -> list[Candidate]:
    return []


def _linear(activation: Value) -> bool:
    return activation == "linear"


def _not_linear(activation: Value) -> bool:
    return activation != "linear"


def _regularised(regulariser: Value) -> bool:
    return regulariser != NO_REGULARISER


_CURVED = tuple(filter(_not_linear, ACTIVATIONS))
_INITIALISERS = tuple(name for name in INITIALISERS if name != "constant")

MUTATION_OPERATORS: tuple[MutationOperator, ...] = (
    MutationOperator(
        "HBS", "change_batch_size", "listed", r"batch_size", _batch_sizes, "no other size fits"
    ),
    MutationOperator("HLR", "decrease_learning_rate", "bisected", r"learning_rate", _rates, ""),
    MutationOperator(
        "HNE", "change_number_of_epochs", "bisected", r"epochs", _epochs, "it trains one epoch"
    ),
    MutationOperator(
        "HDB",
        "disable_data_batching",
        "single",
        r"batch_size",
        _whole_set,
        "its batch is the whole training set",
    ),
    MutationOperator(
        "ACH",
        "change_activation_function",
        "listed",
        r"activation_\d+",
        _per_layer("activation", _CURVED, _not_linear),
        "every activation is linear",
    ),
    MutationOperator(
        "ARM",
        "remove_activation_function",
        "single",
        r"activation_\d+",
        _per_layer("activation", ("linear",), _not_linear),
        "every activation is linear",
    ),
    MutationOperator(
        "AAL",
        "add_activation_function",
        "listed",
        r"activation_\d+",
        _per_layer("activation", _CURVED, _linear),
        "no layer is linear",
    ),
    MutationOperator(
        "RAW",
        "add_weights_regularisation",
        "listed",
        r"regulariser_\d+",
        _per_layer("regulariser", REGULARISERS, lambda own: not _regularised(own)),
        "every layer has a regulariser",
    ),
    MutationOperator(
        "RRW",
        "remove_weights_regularisation",
        "single",
        r"regulariser_\d+",
        _per_layer("regulariser", (NO_REGULARISER,), _regularised),
        "no layer has a regulariser",
    ),
    MutationOperator(
        "RCW",
        "change_weights_regularisation",
        "listed",
        r"regulariser_\d+",
        _per_layer("regulariser", REGULARISERS, _regularised),
        "no layer has a regulariser",
    ),
    MutationOperator(
        "RCD",
        "change_dropout_rate",
        "listed",
        r"dropout_\d+",
        _per_layer("dropout", DROPOUT_RATES),
        "no layer drops anything",
    ),
    MutationOperator(
        "RCP",
        "change_early_stopping_patience",
        "bisected",
        r"patience",
        _nothing,
        "the training loop has no early stopping",
    ),
    MutationOperator(
        "WCI",
        "change_weights_initialisation",
        "listed",
        r"kernel_initialiser_\d+",
        _per_layer("kernel_initialiser", _INITIALISERS),
        "no initialiser to change",
    ),
    MutationOperator(
        "WAB",
        "add_bias",
        "single",
        r"use_bias_\d+",
        _per_layer("use_bias", (True,)),
        "every layer has a bias",
    ),
    MutationOperator(
        "WRB",
        "remove_bias",
        "single",
        r"use_bias_\d+",
        _per_layer("use_bias", (False,)),
        "no layer has a bias",
    ),
    MutationOperator("LCH", "change_loss_function", "listed", r"loss", _losses, ""),
    MutationOperator(
        "OCH",
        "change_optimisation_function",
        "listed",
        r"optimiser",
        _optimisers,
        "",
    ),
    MutationOperator(
        "OCG",
        "change_gradient_clip",
        "single",
        r"clip_(norm|value)",
        _nothing,
        "the training loop does not clip gradients",
    ),
    MutationOperator(
        "VRM",
        "remove_validation_set",
        "single",
        r"validation",
        _nothing,
        "training uses no validation data, so that removing them changes nothing",
    ),
)


def mutation_operator(acronym: str) -> MutationOperator:
    """The operator with this acronym.

    Raises:
        HarnessError: If there is none; operators on training data are named as out of scope.
    """
    for row in MUTATION_OPERATORS:
        if row.acronym == acronym:
            return row
    if acronym in ("TCL", "TRD", "TUD", "TAN", "TCO"):
        raise HarnessError(
            f"mutation operator '{acronym}' changes the training data, which is out of scope: "
            "no technique repairs data, and such a mutant is no configuration"
        )
    raise unknown("mutation operator", acronym, [row.acronym for row in MUTATION_OPERATORS])


def applicable(row: MutationOperator, subject: Subject, samples: int) -> Sequence[Candidate] | str:
    """What ``row`` has to search in ``subject``, or why it does not apply.

    Args:
        samples: Number of training samples.
    """
    candidates = row.candidates(row.acronym, subject, samples)
    if candidates:
        return candidates
    settings = [name for name in subject.fixed if re.fullmatch(row.settings, name)]
    if not settings and row.candidates is not _nothing:
        return f"the subject has no setting {row.settings.replace(DIGITS, 'N')}"
    return row.absent
