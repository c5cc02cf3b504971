"""Minimise the winners of a plan's stored runs, then print and save its tables.

make minimise BUDGET=20
"""

from __future__ import annotations

from common import console, label, main, opened_pool, plan, protocol, store
from omegaconf import DictConfig
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn
from tables import show

from harness.subjects.registry import load_registry


def run(cfg: DictConfig) -> int:
    """Returns the exit code: 1 if a run could not be minimised."""
    study, results, judged, screen = plan(cfg), store(cfg), protocol(cfg), console()
    registry = load_registry()
    # Imports Ray, after the input is known to be good.
    from harness.study.minimisation import minimise, totals

    columns = ("runs", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        opened_pool(cfg, study, registry) as pool,
        Progress(*columns, console=screen, transient=True) as bar,
    ):
        task = bar.add_task("runs", total=None)
        failed = minimise(
            study,
            registry,
            results,
            judged,
            pool,
            bar.console.print,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    if done := totals(study, registry, results):
        screen.print(str(done))
    show(study, results, judged, label(cfg, study), screen)
    return 1 if failed else 0


if __name__ == "__main__":
    main(run, "repair")
