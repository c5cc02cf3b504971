"""Which runs a study has. Knows nothing of how they are made, so tables need no Ray."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from harness.budget import check_budget, make_clock
from harness.registry import Fault, Registry, Subject
from harness.space import VARIANTS
from harness.store import Cell, Store, digest
from harness.techniques.base import Technique
from harness.training.device import BACKENDS, NATIVE
from harness.vocabulary import HarnessError, unknown

BASELINE_SEEDS = 10
"""Trainings of the faulty and of the fixed program; the study's number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which runs a study has, and nothing else."""

    name: str
    faults: Sequence[str]
    techniques: Mapping[str, Technique]
    repetitions: int
    budget: float
    """As a multiple of T."""
    clock: str = "training"
    space: str = "corrected"
    data: str = "default"
    fraction: float = 1.0
    backend: str = ""
    """Keras backend; '' leaves it to each subject. Native PyTorch programs ignore it."""
    seed: int = 1

    def __post_init__(self) -> None:
        check_budget(self.budget)
        if self.repetitions < 1:
            raise HarnessError(f"repetitions must be 1 or more. Received: {self.repetitions}")
        if not 0 < self.fraction <= 1:
            raise HarnessError(f"fraction must be in (0, 1]. Received: {self.fraction}")
        if self.space not in VARIANTS:
            raise unknown("search space", self.space, VARIANTS)
        if not self.faults or not self.techniques:
            raise HarnessError("a plan needs at least one fault and one technique")
        make_clock(self.clock, 1, 1)
        if self.backend and self.backend not in BACKENDS:
            raise unknown("Keras backend", self.backend, BACKENDS)

    def backend_of(self, fault: Fault) -> str:
        return trained_on(fault.subject, self.backend)

    def cells(self, registry: Registry) -> list[Cell]:
        """All runs, repetition by repetition, so that an early look sees every fault."""
        faults = [registry[f] for f in self.faults]
        for fault in faults:
            if self.data not in fault.subject.variants:
                raise unknown(f"data variant of {fault.id}", self.data, fault.subject.variants)
        return [
            Cell(
                fault=fault.id,
                fault_content=fault.content,
                technique=name,
                settings=settings(technique),
                space=self.space,
                clock=self.clock,
                budget=float(self.budget),
                data=self.data,
                fraction=self.fraction,
                backend=self.backend_of(fault),
                repetition=repetition,
                seed=self.seed,
            )
            for repetition in range(1, self.repetitions + 1)
            for fault in faults
            for name, technique in self.techniques.items()
        ]


def trained_on(subject: Subject, backend: str) -> str:
    """What a subject's programs are trained on where ``backend`` is asked for ('': its own).

    Returns:
        A name that ``configure`` knows.
    """
    return NATIVE if subject.framework == "pytorch" else backend or subject.backend


def settings(technique: Technique) -> dict[str, Any]:
    """A technique's class and settings, as plain JSON values."""
    kind = type(technique)
    if not is_dataclass(technique):
        raise HarnessError(
            f"technique {kind.__module__}.{kind.__qualname__} is no dataclass. Its fields are its "
            "settings and part of a run's identity: decorate it with @dataclass(frozen=True)"
        )
    return {"class": f"{kind.__module__}.{kind.__qualname__}"} | {
        f.name: getattr(technique, f.name) for f in fields(technique)
    }


def baseline_paths(plan: Plan, registry: Registry, store: Store) -> dict[str, Path]:
    """Fault id -> the file of its baseline, named by all that the baseline depends on."""
    paths = {}
    for fault in (registry[name] for name in plan.faults):
        backend = plan.backend_of(fault)
        content = [fault.content, plan.data, plan.fraction, backend, BASELINE_SEEDS]
        paths[fault.id] = store.baseline_path(fault.id, digest(content))
    return paths


def import_technique(where: str) -> Technique:
    """A technique of one's own, with its default settings.

    Args:
        where: ``module:Class``; the module is found on ``PYTHONPATH``.

    Raises:
        HarnessError: If there is no such module or class, or it is no technique.
    """
    module_name, _, class_name = where.partition(":")
    try:
        kind = getattr(importlib.import_module(module_name), class_name)
        technique = kind()
    except (ImportError, AttributeError, TypeError) as error:
        raise HarnessError(
            f"technique '{where}' cannot be made: {error}. It names a class as module:Class, on "
            "PYTHONPATH, that needs no arguments"
        ) from None
    if not isinstance(technique, Technique):
        raise HarnessError(
            f"'{where}' is no technique: it has no method repair(task, train, clock, seed)"
        )
    settings(technique)
    return technique
