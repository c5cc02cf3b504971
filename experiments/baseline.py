"""Train faulty and fixed program of every fault of a plan, and say whether the fault shows.

make baseline PLAN=laptop
"""

from __future__ import annotations

from common import console, main, opened_pool, plan, protocol, store
from omegaconf import DictConfig
from rich.table import Table

from harness.analysis.qualification import (
    QUALIFICATION_FILE,
    exposure_verdict,
    qualify,
    update_qualification,
)
from harness.subjects.registry import load_registry
from harness.views.cards import mean_and_spread, size_of_fault, two_digits


def run(cfg: DictConfig) -> int:
    study, results, judged = plan(cfg), store(cfg), protocol(cfg)
    registry, screen = load_registry(), console(width=160)
    from harness.study.baselines import (
        measure_baselines,  # imports Ray, after the input is known to be good
    )

    with opened_pool(cfg, study, registry) as pool:
        measured = measure_baselines(study, registry, results, pool, screen.print)
    rows = {name: qualify(baseline, judged) for name, baseline in measured.items()}
    heads = "fault data fraction n T(s) metric faulty fixed p A12 exposed lost"
    table = Table(*heads.split(), box=None)
    for name, row in rows.items():
        table.add_row(
            name,
            row["data"],
            f"{row['fraction']:g}",
            str(row["n"]),
            two_digits(row["training_time"]),
            row["metric"],
            *(mean_and_spread(row, which) for which in ("faulty", "fixed")),
            two_digits(row["p"]),
            two_digits(row["a12"]),
            exposure_verdict(row, judged),
            size_of_fault(row),
        )
    screen.print(table)
    update_qualification(results.root, rows.values())
    screen.print(f"saved in {results.root / QUALIFICATION_FILE}")
    return 0


if __name__ == "__main__":
    main(run, "repair")
