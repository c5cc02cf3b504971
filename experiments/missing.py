"""What a plan has that the results folder lacks; the last line counts it.

make missing BUDGET=20
"""

from __future__ import annotations

from collections import Counter

from common import main, plan, store
from omegaconf import DictConfig

from harness.study.plan import sources
from harness.subjects.registry import load_registry


def run(cfg: DictConfig) -> int:
    study = plan(cfg)
    cells = study.cells(load_registry())
    found = sources(study, cells, store(cfg))
    missing = [cell for cell in cells if cell not in found]
    for (fault, technique), count in Counter((c.fault, c.technique) for c in missing).items():
        print(f"{fault:8} {technique:16} {count} of {study.repetitions}")
    print(f"{len(missing)} missing")
    return 0


if __name__ == "__main__":
    main(run, "repair")
