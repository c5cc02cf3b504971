"""Make every run of a plan that is missing, then print and save its tables.

make experiment BUDGET=20
python experiments/repair.py plan=laptop budget=20 technique=hebo
python experiments/repair.py -m technique=random,hebo budget=50,20,10
python experiments/repair.py -m hydra/launcher=submitit_slurm chunk=1/3,2/3,3/3
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from common import console, label, main, plan, protocol, store, whole, workers
from omegaconf import DictConfig
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn
from tables import show

from harness.analysis.protocols import Protocol
from harness.records.cell import Cell
from harness.records.store import Store
from harness.study.plan import Plan

if TYPE_CHECKING:
    from harness.study.runner import PlanOutcome


def run(cfg: DictConfig) -> int:
    """Returns the exit code: 1 if a cell failed."""
    study, results, judged = plan(cfg), store(cfg), protocol(cfg)
    results.check()
    screen = console()
    screen.print(
        f"plan [bold]{study.name}[/bold]: {len(study.faults)} faults x {len(study.techniques)} "
        f"techniques x {study.repetitions} repetitions, budget {study.budget:g} x T "
        f"(clock {study.clock}), space {study.space}, seed {study.seed}"
    )
    from harness.study.runner import run_plan  # imports Ray, after the input is known to be good

    began = time.perf_counter()
    columns = ("runs", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task("runs", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        done = run_plan(
            study,
            results,
            slots=workers(cfg),
            threads=int(cfg.threads),
            per_gpu=whole("per_gpu", cfg.per_gpu, least=0),
            confirmations=whole("confirmations", cfg.confirmations, least=0),
            protocol=judged,
            say=bar.console.print,
            progress=progress,
        )
    screen.print(f"runs made or found in {time.perf_counter() - began:.0f} s")
    for cell in done.elsewhere:
        screen.print(f"left to another driver: {cell.folder}")
    if study.chunk is None:
        _summarise(cfg, study, results, judged, done, screen)
    if done.failed:
        screen.print(f"[red]{len(done.failed)} runs failed[/red]; repeat the command to try again")
    return 1 if done.failed else 0


def _summarise(
    cfg: DictConfig,
    study: Plan,
    results: Store,
    judged: Protocol,
    done: PlanOutcome,
    screen: Console,
) -> None:
    show(study, results, judged, label(cfg, study), screen)
    if cfg.mlflow:
        _mirror(results, label(cfg, study), list(done.sources.values()), screen)


def _mirror(results: Store, name: str, cells: Sequence[Cell], screen: Console) -> None:
    """A study never fails because of its mirror."""
    from harness.study.mirror import database, mirror

    try:
        added = mirror(results, name, cells)
    except Exception as error:
        screen.print(f"MLflow mirror left out: {type(error).__name__}: {error}")
        return
    screen.print(f"MLflow: {added} runs added to {database(results)} (make mlflow)")


if __name__ == "__main__":
    main(run, "repair")
