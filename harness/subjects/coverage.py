"""Tables I and II of the study: kinds of faults, what repairs them, and on what they were tried.

Source: Kim et al., ICST 2023, Tables I and II. The counts follow from the registry.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.subjects.registry import Registry

STUDY_FAULTS = (
    *("D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8", "D9"),
    *("C1", "C2", "C3"),
    *("U1", "U2", "U3", "U4", "U5", "U6", "U7", "U8"),
    *("M1", "M2", "M3"),
    *("R1", "R2", "R3", "R4", "R5", "R6", "R7"),
)
"""Ids of the study's thirty faults, in the order of its Table II."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of change that repairs a fault: one row of Table I."""

    title: str
    hyperparameters: str
    """Regular expression of the values that such a fault has wrong."""
    mutations: tuple[str, ...]
    """Mutation operators of DeepCrime that make such faults."""
    search: bool
    """Whether Random, HEBO and BOHB can make the repair; they share one space."""
    autotrainer: bool


FAULT_KINDS = (
    FaultKind("learning rate", "learning_rate", ("change_learning_rate",), True, True),
    FaultKind("epochs", "epochs", ("change_epochs",), True, False),
    FaultKind("batch size", "batch_size", ("change_batch_size",), True, True),
    FaultKind(
        "activation changed or added",
        r"activation_\d+",
        ("change_activation_function", "add_activation_function"),
        True,
        True,
    ),
    FaultKind(
        "activation removed", r"activation_\d+", ("remove_activation_function",), True, False
    ),
    FaultKind(
        "weight initialisation",
        r"(kernel|bias)_initialiser_\d+",
        ("change_weights_initialisation",),
        True,
        True,
    ),
    FaultKind("loss function", "loss", ("change_loss_function",), True, False),
    FaultKind("optimiser", "optimiser", ("change_optimisation_function",), True, True),
    FaultKind("regularisation", r"l[12]_\d+", ("add_weights_regularisation",), False, False),
    FaultKind("data code", "divided_labels|raw_test_images", (), False, False),
)


def faults_of(kind: FaultKind, registry: Registry) -> list[str]:
    """The study's faults that need a repair of this kind.

    A mutant's kind is its mutation operator; a real fault may need repairs of several kinds, and a
    missing activation counts as removed.
    """
    found = []
    for fault in registry.values():
        if fault.id not in STUDY_FAULTS:
            continue
        if fault.kind == "mutant":
            if fault.origin["operator"] in kind.mutations:
                found.append(fault.id)
            continue
        wrong = {n: v for n, v in fault.values.items() if re.fullmatch(kind.hyperparameters, n)}
        if kind.title.startswith("activation"):
            removed = kind.title.endswith("removed")
            wrong = {n: v for n, v in wrong.items() if (v == "linear") == removed}
        if wrong:
            found.append(fault.id)
    return found


EXCLUDED = (
    ("speaker recognition (2 mutants)", "more than 48 hours of training for the experiments"),
    ("Udacity self-driving car (2 mutants)", "more than 48 hours of training for the experiments"),
)
"""Faults that passed the study's filter and were left out of its experiments, with its reason."""
