"""What a plan will take: hours, GPU hours and disk, from stored baselines and runs.

make cost BUDGET=20
make cost PLAN=icst23 BUDGET=50 GPUS=8
"""

from __future__ import annotations

import os

from common import console, main, plan, store, whole, workers
from omegaconf import DictConfig
from rich.table import Table

from harness.analysis.cost import past_runs, project
from harness.records.baseline import read_baseline
from harness.study.plan import baseline_paths
from harness.subjects.registry import load_registry
from harness.vocabulary import HarnessError


def run(cfg: DictConfig) -> int:
    study, results, screen = plan(cfg), store(cfg), console()
    registry = load_registry()
    paths = baseline_paths(study, registry, results)
    times = {f: read_baseline(p, f).training_time for f, p in paths.items() if p.exists()}
    if not times:
        raise HarnessError(
            f"no fault of plan '{study.name}' has a baseline in {results.root}, and without T "
            f"nothing can be projected. Measure them first: make baseline PLAN={study.name}"
        )
    gpus = whole("gpus", cfg.gpus, least=0)
    each = whole("per_gpu", cfg.per_gpu, least=0) or 1
    slots = gpus * each or workers(cfg) or len(os.sched_getaffinity(0))
    cells = [cell for cell in study.cells(registry) if cell.fault in times]
    found = project(
        cells,
        times,
        past_runs(results),
        slots=slots,
        seeds={fault: study.seeds_of(fault) for fault in times},
        confirmations=whole("confirmations", cfg.confirmations, least=0),
    )
    table = Table("technique", "runs", "train", "build", "search", "other", "sum", box=None)
    for part in found.parts:
        seconds = (part.training, part.building, part.search, part.other, part.total)
        table.add_row(part.technique, str(part.runs), *map(duration, seconds))
    screen.print(table)
    screen.print(
        f"one slot: runs {duration(sum(part.total for part in found.parts))}, baselines "
        f"{duration(found.baselines)}, re-trainings {duration(found.confirmations)}"
    )
    screen.print(
        f"projected: {duration(found.wall)} on {slots} slots"
        + (f" ({gpus} GPUs), {found.wall * gpus / 3600:.2g} GPU hours" if gpus else "")
        + f"; {found.bytes / 1e6:.3g} MB of results"
    )
    if lacking := [fault for fault in paths if fault not in times]:
        screen.print(
            f"not in it, for want of a baseline: {', '.join(lacking)} (make baseline "
            f"PLAN={study.name})",
            style="yellow",
        )
    return 0


def duration(seconds: float) -> str:
    """In the unit that suits: ``45 s``, ``12 min``, ``3.5 h``."""
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"


if __name__ == "__main__":
    main(run, "cost")
