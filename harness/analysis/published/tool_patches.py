"""AutoTrainer's patches in the published study: how large they are, how like the fix.

The study's record of the tool holds neither symptom nor solution, only how many attempts each
execution made. Its lists are fixed, so that the symptom, which the number of attempts gives away,
says what was tried. The package takes a patch to be everything that any attempt changed; it counts
neither batch size nor Adam, and by a slip of spelling no optimiser and no learning rate in the
complexity. Re-derived here by that rule.
Source: the Complexity notebook of the study's package; symptoms inferred from attempts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from harness.analysis.published.answers import Answer
from harness.analysis.published.archive import Published
from harness.analysis.published.facts import AUTOTRAINER, REPETITIONS, hyperparameter
from harness.analysis.published.trials import HYPERPARAMETERS

LISTS: Mapping[str, tuple[str, ...]] = {
    "exploding": ("selu", "relu", "gradient", "gradient", "tanh", "bn"),
    "dying": ("selu", "bn", *["initial"] * 3, *["leaky"] * 3),
    "slow": (*["optimizer"] * 3, *["lr"] * 3, *["initial"] * 3),
    "oscillating": (*["lr"] * 3, "ReduceLR", *["momentum"] * 3, "GN", *["initial"] * 3),
}
"""Symptom -> solutions in the order of their attempts; of a program that has Adam and batch 32."""

SYMPTOMS: Mapping[str, str] = {
    **dict.fromkeys(("R1", "R3", "D4", "D8"), "exploding"),
    **dict.fromkeys(("C1", "M2", "M3", "R2", "R4", "R5", "R6", "R7", "D1", "D2"), "dying"),
    **dict.fromkeys(("D3", "D9"), "slow"),
    "D6": "oscillating",
}
"""Inferred. Of M3, executions of six attempts went through the list of ``exploding``."""

_ACTIVATIONS = ("selu", "relu", "tanh")
CHANGES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_ACTIVATIONS, ("activation", "kernel_initialiser")),
    "leaky": ("activation",),
    "initial": ("kernel_initialiser", "bias_initialiser"),
    "lr": ("learning_rate",),
    "ReduceLR": ("learning_rate",),
    "gradient": ("optimiser",),
    "momentum": ("optimiser",),
    "optimizer": ("optimiser",),
}
"""Solution -> kinds of hyperparameters that the package says it changes; all layers' of a kind."""

_IN_COMPLEXITY = ("activation", "kernel_initialiser", "bias_initialiser")
_OPERATORS = (
    *("activation", "batch_size", "epochs", "loss"),
    *("learning_rate", "optimiser", "kernel_initialiser"),
)
"""Kinds that the package counts as operators: initialisers of biases, neurons and layers not."""

PRINTED_COMPLEXITY: Mapping[str, float] = {
    "C1": 0.444,
    "M2": 0.381,
    "M3": 0.42,
    "R1": 4 / 12,
    "R4": 0.5,
    "R5": 0.5,
    "R6": 0.5,
    "D2": 0.571,
    "D3": 0.0,
    "D8": 0.353,
}
"""At budget 20. Source: figures of the package."""
PRINTED_JACCARD = {"artificial": (0.61, 0.49), "real": (0.26, 0.19)}
"""Mean and standard deviation. Source: the paper, section V."""


def tried(fault: str, attempts: int) -> tuple[str, ...]:
    """The solutions that the tool tried in a number of attempts.

    >>> tried("C1", 2), tried("D3", 1)
    (('selu', 'bn'), ('optimizer',))
    """
    symptom = SYMPTOMS[fault]
    if fault == "M3" and attempts == len(LISTS["exploding"]):
        symptom = "exploding"
    return LISTS[symptom][:attempts]


def changed_kinds(solutions: Sequence[str]) -> set[str]:
    """Kinds of hyperparameters that any of the solutions changes, by the package's rule."""
    return {kind for solution in solutions for kind in CHANGES.get(solution, ())}


def layer_kind(hyperparameter: str) -> str:
    """The hyperparameter without its layer's number.

    >>> layer_kind("activation_2"), layer_kind("learning_rate")
    ('activation', 'learning_rate')
    """
    return re.sub(r"_\d+$", "", hyperparameter)


def solutions_complexity(hyperparameters: Sequence[str], solutions: Sequence[str]) -> float:
    """Share of a fault's hyperparameters that the solutions change, by the package's rule."""
    changed = changed_kinds(solutions) & set(_IN_COMPLEXITY)
    return sum(layer_kind(name) in changed for name in hyperparameters) / len(hyperparameters)


def solutions_jaccard(fix: Sequence[str], solutions: Sequence[str]) -> float:
    """Share of the fix's operators that the solutions have, too; 0 if no operator reaches it."""
    truth = {layer_kind(name) for name in fix} & set(_OPERATORS)
    return len(changed_kinds(solutions) & truth) / len(truth) if truth else 0.0


def patch_table(study: Published) -> pd.DataFrame:
    """Complexity of each fault's executions, beside what the package's figures print."""
    rows = []
    for fault, printed in PRINTED_COMPLEXITY.items():
        names = _hyperparameters(study, fault)
        values = {round(solutions_complexity(names, s), 3) for s in executions(study)[fault]}
        rows.append(
            {
                "fault": fault,
                "hyperparameters": len(names),
                "attempts": _listed({len(s) for s in executions(study)[fault]}),
                "re-derived": _listed(values),
                "printed": round(printed, 3),
            }
        )
    return pd.DataFrame(rows)


def jaccard_table(answer: Answer) -> pd.DataFrame:
    """Asymmetric Jaccard of each fault with a significant cell, and the two means of the paper.

    The package weighs a fault by ten for each of its significant cells, and by nothing else.
    """
    cells = answer.cells
    own = cells[(cells["technique"] == AUTOTRAINER) & cells["significant"]]
    rows: list[dict[str, object]] = []
    weighed: dict[str, list[float]] = {"artificial": [], "real": []}
    for fault, budgets in own.groupby("fault")["budget"]:
        known = answer.study.facts[str(fault)]
        values = {solutions_jaccard([*known.fix], s) for s in executions(answer.study)[str(fault)]}
        (value,) = values
        weighed["real" if known.real else "artificial"] += [value] * REPETITIONS * len(budgets)
        rows.append({"faults": fault, "cells": len(budgets), "re-derived": f"{value:.2f}"})
    for group, all_values in weighed.items():
        rederived = f"{np.mean(all_values):.2f} ({np.std(all_values):.2f})"
        mean, deviation = PRINTED_JACCARD[group]
        rows.append(
            {
                "faults": f"all {group}",
                "cells": len(all_values) // REPETITIONS,
                "re-derived": rederived,
                "printed": f"{mean:.2f} ({deviation:.2f})",
            }
        )
    return pd.DataFrame(rows).fillna("")


def executions(study: Published) -> dict[str, list[tuple[str, ...]]]:
    """By fault, the solutions behind each of the 50 recorded executions."""
    frame = pd.read_csv(study.folder / "autotrainer_runs.csv.gz")
    pairs = zip(frame["fault"], frame["repair_attempts"], strict=True)
    found: dict[str, list[tuple[str, ...]]] = {}
    for fault, attempts in pairs:
        found.setdefault(fault, []).append(tried(fault, int(attempts)))
    return found


def _hyperparameters(study: Published, fault: str) -> list[str]:
    """Those that the fault's trials have."""
    of = study.trials[study.trials["fault"] == fault]
    return [hyperparameter(c) for c in HYPERPARAMETERS if of[c].notna().any()]


def _listed(values: set[float] | set[int]) -> str:
    return ", ".join(f"{value:g}" for value in sorted(values))
