"""The packages that the missing runs of a plan need, checked before the first training."""

from __future__ import annotations

from collections.abc import Iterable

from harness.data.extras import require
from harness.records.cell import Cell
from harness.records.store import Store
from harness.study.plan import Plan, baseline_paths, sources
from harness.subjects.registry import Registry
from harness.training.device import MODULES


def check_installed(plan: Plan, registry: Registry, store: Store) -> None:
    """Check that every missing run and baseline of ``plan`` can be made here.

    A study is never cut down to what happens to be installed. Finished runs need nothing.

    Raises:
        HarnessError: If a package is missing; names all of them, and the command that adds them.
    """
    cells = plan.cells(registry)
    found = sources(plan, cells, store)
    needed = modules(plan, (cell for cell in cells if cell not in found))
    for fault, path in baseline_paths(plan, registry, store).items():
        if not path.exists():
            needed += MODULES[plan.backend_of(registry[fault])]
    require(*dict.fromkeys(needed))


def modules(plan: Plan, cells: Iterable[Cell]) -> list[str]:
    """Modules that ``cells`` import: those of their backends, and of their techniques."""
    kinds = dict.fromkeys((cell.backend, cell.technique) for cell in cells)
    return [
        module
        for backend, technique in kinds
        for module in (
            *MODULES[backend],
            *getattr(plan.techniques[technique], "needs", ()),
        )
    ]
