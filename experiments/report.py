"""One self-contained page about a study, with its tables as CSV and its figures as PDF and PNG.

make report BUDGET=20
make report SOURCE=icst23 BUDGET=20
"""

from __future__ import annotations

from collections import Counter

from common import label, main, plan, protocol, store
from omegaconf import DictConfig

from harness.analysis.multiverse import WINNERS
from harness.analysis.published import load
from harness.analysis.published.facts import SHIPPED
from harness.analysis.report import Provenance, provenance_of, report, write
from harness.analysis.study import published_study, read_study
from harness.registry import load_registry
from harness.vocabulary import unknown

PUBLISHED_WINNERS = {
    name: options
    for name, options in {**WINNERS, "diverged_may_win": (False, True)}.items()
    if name not in ("cut_may_win", "partial_may_win")
}
"""Of the choices, those that matter to the published runs: none of theirs is cut or partial."""


def run(cfg: DictConfig) -> int:
    judged, results = protocol(cfg), store(cfg)
    if cfg.source == "icst23":
        study = published_study(load(), float(cfg.budget), judged)
        title, name, winners = "Kim et al., ICST 2023, as recorded", "icst23", PUBLISHED_WINNERS
        provenance = Provenance({"source": Counter({SHIPPED.name: len(study.runs)})})
    elif cfg.source == "runs":
        chosen = plan(cfg)
        registry = load_registry()
        study = read_study(chosen, registry, results, judged)
        made = [cell for cell in chosen.cells(registry) if cell not in set(study.missing)]
        title, name, winners = f"Repair study {chosen.name}", label(cfg, chosen), WINNERS
        provenance = provenance_of(results, made)
    else:
        raise unknown("source of runs", cfg.source, ("runs", "icst23"))
    folder = results.root / "reports" / name
    title = f"{title}, budget {study.budget:g}"
    page = write(report(title, study, provenance, winners=winners), folder)
    print(f"{page}: tables as CSV beside it, figures as PDF and PNG in {folder / 'figures'}")
    return 0


if __name__ == "__main__":
    main(run, "report")
