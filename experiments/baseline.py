"""Train faulty and fixed program of every fault of a plan, and say whether the fault shows.

make baseline PLAN=laptop
"""

from __future__ import annotations

from common import console, main, opened_pool, plan, protocol, store
from omegaconf import DictConfig
from rich.table import Table

from harness.analysis.scores import exposure
from harness.registry import load_registry


def run(cfg: DictConfig) -> int:
    study, results, judged = plan(cfg), store(cfg), protocol(cfg)
    registry, screen = load_registry(), console()
    from harness.runner import measure_baselines  # imports Ray, after the input is known to be good

    with opened_pool(cfg, study, registry) as pool:
        measured = measure_baselines(study, registry, results, pool, screen.print)
    table = Table("fault", "T (s)", "metric", "faulty", "fixed", "p", "A12", "exposed", box=None)
    for fault, baseline in measured.items():
        shown = exposure(baseline, judged)
        table.add_row(
            fault,
            f"{baseline.training_time:.4f}",
            baseline.metric,
            *(_list(v) for v in (baseline.faulty_holdout, baseline.fixed_holdout)),
            *("-" if v is None else f"{v:.2g}" for v in (shown.p, shown.a12)),
            "yes" if shown.exposed else "no",
        )
    screen.print(table)
    return 0


def _list(values) -> str:
    """Mean and number of the judged trainings."""
    return f"{sum(values) / len(values):.3f} (n {len(values)})" if values else "none judged"


if __name__ == "__main__":
    main(run, "repair")
