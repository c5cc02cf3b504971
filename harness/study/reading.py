"""The stored runs of a plan, as the analysis takes them."""

from __future__ import annotations

from harness.analysis.protocols import Protocol
from harness.analysis.replay import at_budget
from harness.analysis.runset import RunSet
from harness.records.baseline import read_baseline
from harness.records.store import Store
from harness.study.plan import Plan, baseline_paths, sources
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
            f"Run it first: make experiment PLAN={plan.name} BUDGET={plan.budget:g}"
            + (f". {hint[0].upper()}{hint[1:]}" if hint else "")
        )
    paths = baseline_paths(plan, registry, store)
    known = {fault: read_baseline(paths[fault], fault) for fault in {cell.fault for cell in found}}
    runs = []
    for cell, source in found.items():
        run = store.read_run(source)
        if source is not cell:
            run = at_budget(run, cell.budget, known[cell.fault].training_time)
        runs.append(run)
    used = {run.technique for run in runs}
    return RunSet(
        runs=runs,
        baselines={
            (fault, plan.data_of(registry[fault]), plan.fraction_of(fault)): baseline
            for fault, baseline in known.items()
        },
        subjects={fault: registry[fault].subject.name for fault in known},
        protocol=protocol,
        techniques=[name for name in plan.techniques if name in used],
        missing=missing,
    )
