"""The stored runs of a plan, as the analysis takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.analysis.protocols import Protocol
from harness.analysis.reference import BaselineKey
from harness.analysis.replay import at_budget
from harness.analysis.runset import RunSet
from harness.analysis.significance import DeclaredFamily
from harness.records.baseline import Baseline
from harness.records.cell import Cell
from harness.records.files import digest
from harness.records.run import Run
from harness.records.run_record import RUN
from harness.records.store import Store
from harness.study.plan import Plan, sources, stored_baseline
from harness.subjects.registry import Registry
from harness.vocabulary import HarnessError


def read_study(plan: Plan, registry: Registry, store: Store, protocol: Protocol) -> RunSet:
    """What is stored of a plan.

    Raises:
        HarnessError: If nothing is.
    """
    cells = plan.cells(registry)
    found = sources(plan, cells, store)
    missing = [cell for cell in cells if cell not in found]
    if len(missing) == len(cells):
        hint = store.outdated(cells)
        raise HarnessError(
            f"nothing of plan '{plan.name}' with budget {plan.budget:g} is in {store.root}. "
            f"Run it first: dnn-repair run plan={plan.name} budget={plan.budget:g}"
            + (f". {hint[0].upper()}{hint[1:]}" if hint else "")
        )
    runs, baselines = _read(plan, found, registry, store)
    context, others = _context(plan, registry, store)
    used = {run.technique for run in runs}
    declared = plan.declared
    return RunSet(
        runs=runs,
        baselines=others | baselines,
        subjects={fault: registry[fault].subject.name for fault, *_ in others | baselines},
        protocol=protocol,
        techniques=[name for name in plan.techniques if name in used],
        missing=missing,
        family=DeclaredFamily(declared.name, tuple(declared.faults), tuple(declared.techniques)),
        context=context,
    )


def _read(
    plan: Plan, found: Mapping[Cell, Cell], registry: Registry, store: Store
) -> tuple[list[Run], dict[BaselineKey, Baseline]]:
    """The runs of some cells of a plan, and the baselines of their faults.

    Args:
        found: Cell -> the finished run that answers it.
    """
    known = {
        fault: stored_baseline(plan, registry, store, fault)
        for fault in sorted({cell.fault for cell in found})
    }
    runs = []
    for cell, source in found.items():
        run = checked_run(store, source, registry)
        if source is not cell:
            run = at_budget(run, cell.budget, known[cell.fault].training_time)
        runs.append(run)
    return runs, {
        (fault, plan.data_of(registry[fault]), plan.fraction_of(fault)): baseline
        for fault, baseline in known.items()
    }


def _context(
    plan: Plan, registry: Registry, store: Store
) -> tuple[list[Run], dict[BaselineKey, Baseline]]:
    """What is stored of the families of the plan's tests beyond the plan, and its baselines."""
    runs: list[Run] = []
    baselines: dict[BaselineKey, Baseline] = {}
    shown = {(fault, technique) for fault in plan.faults for technique in plan.techniques}
    declared = plan.declared
    techniques = {**declared.techniques, **plan.techniques}
    for fault in dict.fromkeys([*declared.faults, *plan.faults]):
        base = plan if fault in plan.faults else declared
        of_fault = replace(base, faults=[fault], techniques=techniques, chunk=None)
        try:
            cells = of_fault.cells(registry)
        except HarnessError:  # it has no such data variant: its tests count as missing
            continue
        beyond = [cell for cell in cells if (cell.fault, cell.technique) not in shown]
        there, bases = _read(of_fault, sources(of_fault, beyond, store), registry, store)
        runs += there
        baselines |= bases
    return runs, baselines


def checked_run(store: Store, cell: Cell, registry: Registry) -> Run:
    """A finished run, if it is one of the fault that the registry knows.

    Raises:
        HarnessError: If a file of the run is damaged, or disagrees with another or with the fault.
    """
    run = store.read_run(cell)
    if cell.fault not in registry:
        return run
    fault = registry[cell.fault]
    if fault.content != cell.fault_content:
        return run
    for name, found, known in (
        ("metric", run.metric, fault.subject.metric),
        ("faulty", dict(run.faulty), dict(fault.faulty)),
        ("fixed", dict(run.fixed), dict(fault.fixed)),
    ):
        if found != known:
            path = store.folder(cell) / RUN
            raise HarnessError(
                f"{path} is no record of a run on {cell.fault}: its fault.{name} is not that of "
                f"the fault. Nothing was changed; move the folder {path.parent} away and repeat "
                "the command to run this cell again"
            )
    return run


def read_folder(store: Store, registry: Registry, protocol: Protocol, **setting: object) -> RunSet:
    """What is stored in a results folder, whatever plan it was made for.

    Args:
        setting: Values of ``budget``, ``clock``, ``space``, ``seed``, ``backend``, ``fault`` or
            ``technique``: runs that have others are left out.

    Raises:
        HarnessError: If no run is left, or they are not of one setting; says which there are.
    """
    cells = [cell for cell in stored_cells(store) if _has(cell, setting)]
    if not cells:
        asked = ", ".join(f"{name} {value}" for name, value in setting.items())
        raise HarnessError(
            f"no finished run{f' with {asked}' if asked else ''} is in {store.root / 'runs'}"
        )
    _check_one_setting(cells, store)
    others = _beside(cells, setting, store)
    known = {cell.fault: _baseline_of(cell, store) for cell in (*others, *cells)}
    return RunSet(
        runs=[checked_run(store, cell, registry) for cell in cells],
        context=[checked_run(store, cell, registry) for cell in others],
        baselines={(b.fault, b.data, b.fraction): b for b in known.values()},
        subjects={f: registry[f].subject.name for f in known if f in registry},
        protocol=protocol,
        techniques=list(dict.fromkeys(cell.technique for cell in cells)),
    )


def _beside(cells: Sequence[Cell], setting: Mapping[str, object], store: Store) -> list[Cell]:
    """Stored runs in the setting of ``cells`` that only their fault or technique leaves out.

    Their tests belong to the same family: choosing what is shown changes no verdict. None if they
    are of several settings.
    """
    first = cells[0]
    same = {name: getattr(first, name) for name in ("budget", "clock", "space", "seed")}
    rest = {k: v for k, v in setting.items() if k not in ("fault", "technique")} | same
    shown = {(cell.fault, cell.technique) for cell in cells}
    found = [
        cell
        for cell in stored_cells(store)
        if _has(cell, rest) and (cell.fault, cell.technique) not in shown
    ]
    try:
        _check_one_setting([*cells, *found], store)
    except HarnessError:
        return []
    return found


def stored_cells(store: Store) -> list[Cell]:
    """The finished runs of a results folder, in the order of their folders' names.

    Raises:
        HarnessError: If the record of a run is damaged. A foreign file is passed by.
    """
    return [record.cell for record in store.records()]


def _has(cell: Cell, setting: Mapping[str, object]) -> bool:
    return all(
        getattr(cell, name) in (value if isinstance(value, list | tuple) else (value,))
        for name, value in setting.items()
    )


def _check_one_setting(cells: Sequence[Cell], store: Store) -> None:
    """Raises HarnessError if a fault, a technique or the whole has runs of several settings."""
    for name in ("budget", "clock", "space", "seed"):
        if len(found := sorted({getattr(cell, name) for cell in cells})) > 1:
            raise HarnessError(
                f"{store.root} holds runs of several values of {name}: "
                f"{', '.join(map(str, found))}. Choose one: {name}={found[-1]}"
            )
    for whose, names in (
        ("fault", ("fault_content", "data", "fraction", "backend")),
        ("technique", ("settings",)),
    ):
        settings: dict[str, str] = {}
        for cell in cells:
            own = digest([getattr(cell, name) for name in names])
            if settings.setdefault(getattr(cell, whose), own) != own:
                raise HarnessError(
                    f"{store.root} holds runs of {whose} {getattr(cell, whose)} in several "
                    f"settings ({', '.join(names)}). Name the plan whose runs are meant"
                )


def _baseline_of(cell: Cell, store: Store) -> Baseline:
    """The newest baseline of the run's fault in the run's setting."""
    same = [
        baseline
        for baseline in store.baselines(cell.fault)
        if (baseline.data, baseline.fraction) == (cell.data, cell.fraction)
        and baseline.content in ("", cell.fault_content)
    ]
    if not same:
        raise HarnessError(
            f"{store.root / 'baselines'} holds no baseline of {cell.fault} with data {cell.data} "
            f"and fraction {cell.fraction:g}, which its runs were compared with"
        )
    return same[-1]
