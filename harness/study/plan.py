"""Which runs a study has. Knows nothing of how they are made, so tables need no Ray."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from harness.data import DATA_SETS, STAND_IN
from harness.records.baseline import Baseline, read_baseline
from harness.records.cell import Cell
from harness.records.clocks import check_budget, clock_row, make_clock
from harness.records.files import digest, plain
from harness.records.schema import Misfit, to_json
from harness.records.store import Store
from harness.space.derivation import VARIANTS
from harness.subjects.fault import Fault
from harness.subjects.foreign import ForeignError, bounded_import
from harness.subjects.registry import Registry
from harness.subjects.subject import Subject
from harness.techniques.blame import described_at
from harness.techniques.contract import Technique
from harness.training.device import BACKENDS, NATIVE
from harness.vocabulary import DEFAULT_CLOCK, DEFAULT_SPACE, HarnessError, moved_hint, unknown

LONGEST_NAME = 100
"""Characters of a plan's name."""

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
    clock: str = DEFAULT_CLOCK
    space: str = DEFAULT_SPACE
    data: str = "default"
    fraction: float = 1.0
    backend: str = ""
    """Keras backend; '' leaves it to each subject. Native PyTorch programs ignore it."""
    seed: int = 1
    seeds: int = BASELINE_SEEDS
    """Trainings of the faulty and of the fixed program in a baseline."""
    stand_ins: Sequence[str] = ()
    """Data sets in whose place synthetic arrays are used."""
    fraction_for: Mapping[str, float] = field(default_factory=dict)
    """Fault id -> its own fraction, instead of the plan's."""
    seeds_for: Mapping[str, int] = field(default_factory=dict)
    """Fault id -> its own number of trainings, instead of the plan's."""
    independent: bool = False
    """Every budget has runs of its own, also where the beginning of a longer run would do."""
    family: Plan | None = None
    """The plan whose cells are the family of tests; None: this plan's own. Budget, clock, space and
    seed are always this plan's."""
    chunk: tuple[int, int] | None = None
    """Of so many equal parts (the second number) the one with this number, from 1; None: all."""

    def __post_init__(self) -> None:
        check_budget(self.budget)
        object.__setattr__(self, "faults", list(dict.fromkeys(self.faults)))
        if self.name != plain(self.name) or len(self.name) > LONGEST_NAME:
            raise HarnessError(
                f"plan name {self.name!r} is not possible: tables are saved in a folder of that "
                f"name, so it is made of at most {LONGEST_NAME} letters, digits, '-', '_' and '.'"
            )
        for name in self.stand_ins:
            if name not in DATA_SETS:
                raise unknown("data set", name, DATA_SETS)
        for fraction in (self.fraction, *self.fraction_for.values()):
            if not 0 < fraction <= 1:
                raise HarnessError(f"fraction must be in (0, 1]. Received: {fraction}")
        for seeds in (self.seeds, *self.seeds_for.values()):
            if seeds < 1:
                raise HarnessError(f"seeds must be 1 or more. Received: {seeds}")
        if self.repetitions < 1:
            raise HarnessError(f"repetitions must be 1 or more. Received: {self.repetitions}")
        if self.space not in VARIANTS:
            raise unknown("search space", self.space, VARIANTS)
        if not self.faults or not self.techniques:
            raise HarnessError("a plan needs at least one fault and one technique")
        make_clock(self.clock, 1, 1)
        if self.chunk is not None and not 1 <= self.chunk[0] <= self.chunk[1]:
            raise HarnessError(
                f"chunk {self.chunk[0]}/{self.chunk[1]} is not possible: 1/8 is the first of "
                "eight, 8/8 the last"
            )
        if self.backend and self.backend not in BACKENDS:
            raise unknown("Keras backend", self.backend, BACKENDS)

    @property
    def declared(self) -> Plan:
        """The plan whose cells are the family of tests, in the setting of this plan."""
        if self.family is None:
            return self if self.chunk is None else replace(self, chunk=None)
        return replace(
            self.family,
            budget=self.budget,
            clock=self.clock,
            space=self.space,
            seed=self.seed,
            backend=self.backend,
            repetitions=self.repetitions,
            independent=self.independent,
            family=None,
            chunk=None,
        )

    def fraction_of(self, fault: str) -> float:
        """Share of the fault's training data."""
        return self.fraction_for.get(fault, self.fraction)

    def seeds_of(self, fault: str) -> int:
        """Trainings of each of the fault's two programs in its baseline."""
        return self.seeds_for.get(fault, self.seeds)

    def data_of(self, fault: Fault) -> str:
        """The fault's data variant: the plan's, or the stand-in if the plan allows it."""
        data = STAND_IN if fault.subject.data_set in self.stand_ins else self.data
        if data not in fault.subject.variants:
            raise unknown(f"data variant of {fault.id}", data, fault.subject.variants)
        return data

    def backend_of(self, fault: Fault) -> str:
        return trained_on(fault.subject, self.backend)

    def cells(self, registry: Registry) -> list[Cell]:
        """All runs, repetition by repetition, so that an early look sees every fault.

        A chunk has a share of them that looks drawn at random, so that chunks take equally long
        whatever makes a run dear, and that is the same on every machine.
        """
        faults = [registry[f] for f in self.faults]
        cells = [
            Cell(
                fault=fault.id,
                fault_content=fault.content,
                technique=name,
                technique_version=technique_version(technique),
                settings=technique_settings(technique),
                space=self.space,
                clock=self.clock,
                clock_version=clock_row(self.clock).version,
                budget=float(self.budget),
                data=self.data_of(fault),
                fraction=self.fraction_of(fault.id),
                backend=self.backend_of(fault),
                repetition=repetition,
                seed=self.seed,
            )
            for repetition in range(1, self.repetitions + 1)
            for fault in faults
            for name, technique in self.techniques.items()
        ]
        if self.chunk is None:
            return cells
        number, chunks = self.chunk
        mine = set(sorted(cells, key=lambda cell: cell.identity)[number - 1 :: chunks])
        return [cell for cell in cells if cell in mine]


def sources(plan: Plan, cells: Sequence[Cell], store: Store) -> dict[Cell, Cell]:
    """Cell -> the finished run that answers it; a cell that is still to be run has none.

    That is its own run or, unless the plan wants independent ones, the run of the next larger
    budget that is otherwise the same: as far as the smaller budget goes, an anytime technique has
    done the same in it.
    """
    found = {cell: cell for cell in cells if store.finished(cell)}
    if plan.independent:
        return found
    wanted = [cell for cell in cells if cell not in found and is_anytime(plan, cell)]
    return found | store.longer(wanted)


def is_anytime(plan: Plan, cell: Cell) -> bool:
    """Whether the trials of a cell do not depend on how much of its budget is left."""
    return bool(getattr(plan.techniques[cell.technique], "anytime", False))


def trained_on(subject: Subject, backend: str) -> str:
    """What a subject's programs are trained on where ``backend`` is asked for ('': its own).

    Returns:
        A name that ``configure`` knows.
    """
    return NATIVE if subject.framework == "pytorch" else backend or subject.backend


def technique_name(technique: Technique) -> str:
    """The registered name of a technique of one's own: its ``name``, or its class in snake case.

    Raises:
        HarnessError: If ``name`` is no text.
    """
    kind = type(technique)
    name = getattr(kind, "name", None)
    if name is None:
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower()
    if not isinstance(name, str) or not name.strip():
        raise HarnessError(
            f"the name of technique {kind.__qualname__} is {name!r}; a text such as 'one_change' "
            "is needed, as name: ClassVar[str]"
        )
    return name


def technique_version(technique: Technique) -> int:
    """The version that the author of a technique gave it, 1 by default.

    Raises:
        HarnessError: If it is no whole number from 1.
    """
    version = getattr(type(technique), "version", 1)
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise HarnessError(
            f"the version of technique {type(technique).__qualname__} is {version!r}; a whole "
            "number from 1 is needed, as version: ClassVar[int]"
        )
    return version


def technique_settings(technique: Technique) -> dict[str, Any]:
    """The settings of a technique, its dataclass fields, as plain JSON values.

    Raises:
        HarnessError: If it is no dataclass, or a setting is no JSON value; names the setting.
    """
    kind = type(technique)
    if not is_dataclass(technique):
        raise HarnessError(
            f"technique {kind.__module__}.{kind.__qualname__} is no dataclass. Its fields are its "
            "settings and part of a run's identity: decorate it with @dataclass(frozen=True)"
        )
    found = {f.name: getattr(technique, f.name) for f in fields(technique)}
    try:
        plain_settings: dict[str, Any] = to_json(found)
    except (Misfit, RecursionError) as error:
        what = error if isinstance(error, Misfit) else "is nested too deeply"
        raise HarnessError(
            f"technique {kind.__qualname__}: the setting {what}. Settings are part of a run's "
            "identity: numbers, texts, true, false, None, and lists and mappings of them"
        ) from None
    return plain_settings


def baseline_paths(plan: Plan, registry: Registry, store: Store) -> dict[str, Path]:
    """Fault id -> the file of its baseline, named by all that the baseline depends on."""
    paths = {}
    for fault in (registry[name] for name in plan.faults):
        backend = plan.backend_of(fault)
        data, fraction = plan.data_of(fault), plan.fraction_of(fault.id)
        seeds = plan.seeds_of(fault.id)
        identity = baseline_identity(fault.content, data, fraction, backend, seeds)
        paths[fault.id] = store.baseline_path(fault.id, identity)
    return paths


def stored_baseline(plan: Plan, registry: Registry, store: Store, name: str) -> Baseline:
    """The baseline of a fault of the plan, as it is stored.

    Raises:
        HarnessError: If it was not measured yet, is damaged, or of another fault or setting.
    """
    fault = registry[name]
    return read_baseline(
        baseline_paths(replace(plan, faults=[name]), registry, store)[name],
        name,
        content=fault.content,
        metric=fault.subject.metric,
        data=plan.data_of(fault),
        fraction=plan.fraction_of(name),
        seeds=plan.seeds_of(name),
    )


def baseline_identity(content: str, data: str, fraction: float, backend: str, seeds: int) -> str:
    """Twelve hexadecimal digits that name a fault's baseline.

    Args:
        content: Hash of the fault.
        seeds: Trainings of each of its two programs.
    """
    return digest([content, data, fraction, backend, seeds])


def import_technique(where: str) -> Technique:
    """A technique of one's own, with its default settings.

    Args:
        where: ``module:Class``; the module is found on ``PYTHONPATH``.

    Raises:
        HarnessError: If there is no such module or class, or it is no technique.
    """
    module, _, attribute = where.partition(":")
    hint = ". It names a class as module:Class, on PYTHONPATH, that needs no arguments"
    return make_technique(f"technique '{where}'", module, attribute, {}, hint)


def make_technique(
    what: str, module: str, attribute: str, settings: Mapping[str, Any], hint: str = ""
) -> Technique:
    """The technique that a class of a module makes of its settings.

    Args:
        what: Names it in messages.
        hint: Ends the message of a technique that cannot be made.

    Raises:
        HarnessError: If the module or the class raises, ``SystemExit`` too, or makes no technique.
    """
    try:
        with bounded_import():
            technique = getattr(importlib.import_module(module), attribute)(**settings)
    except ForeignError as failed:
        error = failed.__cause__
        assert error is not None
        if isinstance(error, HarnessError):
            raise error from None
        raise HarnessError(
            f"{what} cannot be made: {described_at(error)}{moved_hint(error)}{hint}"
        ) from None
    if isinstance(technique, type) or not isinstance(technique, Technique):
        raise HarnessError(
            f"{what} is no technique: it has neither optimiser(task, clock, seed) nor "
            "repair(task, train, clock, seed)"
        )
    technique_settings(technique)
    technique_version(technique)
    return technique
