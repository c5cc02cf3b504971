"""What is known of the study's 30 faults besides their trials."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.data.shipped import shipped
from harness.records.schema import decode_json
from harness.subjects.yaml_files import read_yaml_file
from harness.vocabulary import HarnessError, Value

SHIPPED = shipped("published")
"""The study's data in tidy form; its README says where it comes from."""

CLOCK, SPACE, DATA, FRACTION = "wall", "icst23", "published", 1.0
"""The setting of all published runs."""

TECHNIQUES = ("random", "hebo", "bohb")
"""The searchers. AutoTrainer's runs have another record."""
AUTOTRAINER = "autotrainer"
BUDGETS = (10, 20, 50)
MAIN_BUDGET = 20
"""The budget of Table III, of Figure 3, and of the claims that name none."""
REPETITIONS = 10

_NAMES = {
    "loss": "loss",
    "batch_size": "batch_size",
    "optimizer": "optimiser",
    "lr": "learning_rate",
    "epochs": "epochs",
    "act": "activation_",
    "ki": "kernel_initialiser_",
    "bi": "bias_initialiser_",
    "unit": "units_",
    "layer": "layers_",
    "dropout": "dropout_",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a fault besides its trials."""

    fault: str
    subject: str
    """The package's name for it."""
    metric: str
    decimals: int
    """With which the study prints its metric."""
    training_time: float
    """T, seconds."""
    fix: Mapping[str, Value]
    """Values in which the fix differs from the first trial, in this project's names."""
    autotrainer: str
    """``ok``, or why the tool made no attempt: ``not_applicable``, ``no_symptom``."""
    start: str
    """Why the first trial is not the faulty program; empty if it is."""
    faulty_list: Sequence[float]
    """Ten two-decimal values consistent with every printed mark: not the authors' own list."""
    faulty_mean: float
    fixed_mean: float
    """Inferred from the printed tables and figures, three decimals."""

    first_faulty: float
    """First value of the faulty list, to which the plot of Figure 2 clamps."""

    @property
    def real(self) -> bool:
        """Whether it is one of the nine real faults; the others are mutants."""
        return self.fault.startswith("D")


def hyperparameter(column: str) -> str:
    """This project's name for one of the package's hyperparameters.

    >>> hyperparameter("ki2"), hyperparameter("lr"), hyperparameter("batch_size")
    ('kernel_initialiser_2', 'learning_rate', 'batch_size')
    """
    head, number = re.fullmatch(r"(\D+)(\d*)", column).groups()  # type: ignore[union-attr]
    return _NAMES[head] + number


def read_facts(folder: Path = SHIPPED) -> dict[str, Facts]:
    """The 30 faults, in the study's order.

    Raises:
        HarnessError: If a file is missing or is not what it should be.
    """
    reference = read_published_json(folder / "reference_metrics.json")
    path = folder / "faults.yaml"
    rows = read_yaml_file(path).content
    try:
        found = {name: _facts(name, row, reference["faults"][name]) for name, row in rows.items()}
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise HarnessError(f"{path} does not describe the study's faults: {error!r}") from None
    for name, facts in found.items():
        numbers = (facts.training_time, facts.faulty_mean, facts.fixed_mean, *facts.faulty_list)
        if not facts.training_time > 0 or not all(map(math.isfinite, numbers)):
            raise HarnessError(
                f"{path}: training time or metrics of {name} are no finite numbers above 0: "
                f"{', '.join(f'{number:g}' for number in numbers[:3])}"
            )
    return found


def _facts(name: str, row: Mapping[str, Any], reference: Mapping[str, Any]) -> Facts:
    return Facts(
        fault=name,
        subject=reference["subject"],
        metric=row.get("metric", "accuracy"),
        decimals=int(reference["decimals"]),
        training_time=float(row["training_time"]),
        fix={hyperparameter(column): value for column, value in row["fix"].items()},
        autotrainer=row.get("autotrainer", "ok"),
        start=row.get("start", ""),
        faulty_list=tuple(float(value) for value in reference["surrogate_list"]),
        faulty_mean=float(reference["faulty_mean_inferred"]),
        fixed_mean=float(reference["fix_mean_inferred"]),
        first_faulty=float(row.get("first_faulty", reference["surrogate_list"][0])),
    )


def read_published_json(path: Path) -> dict[str, Any]:
    """A companion file of the trials.

    Raises:
        HarnessError: If it cannot be read, or is no JSON object.
    """
    try:
        content = decode_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise HarnessError(f"{path} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise HarnessError(f"{path} cannot be read: it holds no JSON object")
    return content
