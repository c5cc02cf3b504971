"""What guided repair suspects in each fault before it tries anything, by kind of evidence.

make suspicion PLAN=laptop
"""

from __future__ import annotations

from common import console, main, opened_pool, plan, store
from omegaconf import DictConfig
from rich.table import Table

from harness.subjects.registry import load_registry


def run(cfg: DictConfig) -> int:
    study, results, registry, screen = plan(cfg), store(cfg), load_registry(), console()
    from harness.study.inspection import (  # imports Ray
        EVIDENCE_KINDS,
        SUSPICION,
        evidence_ranks,
        found,
        inspect,
    )

    with opened_pool(cfg, study, registry) as pool:
        evidence = inspect(study, registry, results, pool, screen.print)
    rows = [evidence_ranks(registry[name], known) for name, known in evidence.items()]
    table = Table("fault", "ground truth", *EVIDENCE_KINDS, "suspected first", box=None)
    for row in rows:
        places = ("-" if row[kind] is None else f"{row[kind]:g}" for kind in EVIDENCE_KINDS)
        table.add_row(row["fault"], row["operators"] or "out of reach", *places, row["first"])
    screen.print(table)
    shares = ", ".join(f"{kind} {share:.0%}" for kind, share in found(rows).items())
    screen.print(f"ground truth's best operator among the first three: {shares}")
    path = results.root / "tables" / "suspicion" / f"{study.name}.csv"
    SUSPICION.write(SUSPICION.frame(rows), path)
    screen.print(f"saved in {path}")
    return 0


if __name__ == "__main__":
    main(run, "repair")
