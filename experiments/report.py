"""One self-contained page about a study, with its tables as CSV and its figures as PDF and PNG.

make report BUDGET=20
make report SOURCE=icst23 BUDGET=20
"""

from __future__ import annotations

from collections import Counter

from common import label, main, plan, store, stored
from omegaconf import DictConfig

from harness.study.plan import sources
from harness.subjects.registry import load_registry
from harness.views.report import Provenance, provenance_of, study_report, write_report


def run(cfg: DictConfig) -> int:
    study, results = stored(cfg), store(cfg)
    if cfg.source == "icst23":
        title = "Kim et al., ICST 2023, as recorded"
        name = f"icst23-b{study.budget:g}"
        provenance = Provenance({"replication package": Counter({"0a9cc6c": len(study.runs)})})
    else:
        planned = plan(cfg)
        made = sources(planned, planned.cells(load_registry()), results)
        title, name = f"Repair study {planned.name}", label(cfg, planned)
        provenance = provenance_of(results, made.values())
    folder = results.root / "reports" / name
    title = f"{title}, budget {study.budget:g}"
    page = write_report(study_report(title, study, provenance), folder)
    print(f"{page}: tables as CSV beside it, figures as PDF and PNG in {folder / 'figures'}")
    return 0


if __name__ == "__main__":
    main(run, "report")
