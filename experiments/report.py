"""One self-contained page about a study, with its tables as CSV and its figures as PDF and PNG.

make report BUDGET=20
make report SOURCE=icst23 BUDGET=20
"""

from __future__ import annotations

from collections import Counter

from common import label, main, plan, store, stored
from omegaconf import DictConfig

from harness.analysis.multiverse import WINNERS
from harness.analysis.report import Provenance, provenance_of, report, write
from harness.registry import load_registry

PUBLISHED_WINNERS = {
    name: options
    for name, options in {**WINNERS, "diverged_may_win": (False, True)}.items()
    if name not in ("cut_may_win", "partial_may_win")
}
"""Of the choices, those that matter to the published runs: none of theirs is cut or partial."""


def run(cfg: DictConfig) -> int:
    study, results = stored(cfg), store(cfg)
    if cfg.source == "icst23":
        title, winners = "Kim et al., ICST 2023, as recorded", PUBLISHED_WINNERS
        name = f"icst23-b{study.budget:g}"
        provenance = Provenance({"replication package": Counter({"0a9cc6c": len(study.runs)})})
    else:
        planned = plan(cfg)
        absent = set(study.missing)
        made = [cell for cell in planned.cells(load_registry()) if cell not in absent]
        title, name, winners = f"Repair study {planned.name}", label(cfg, planned), WINNERS
        provenance = provenance_of(results, made)
    folder = results.root / "reports" / name
    title = f"{title}, budget {study.budget:g}"
    page = write(report(title, study, provenance, winners=winners), folder)
    print(f"{page}: tables as CSV beside it, figures as PDF and PNG in {folder / 'figures'}")
    return 0


if __name__ == "__main__":
    main(run, "report")
