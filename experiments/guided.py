"""Put guided repair beside the other techniques: the tables of docs/guided.md, from stored runs.

make guided PLAN=laptop    also mutants and study; guided has budget 10, the others 10 and 20
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
from common import main, plan, protocol, store
from omegaconf import DictConfig

from experiments.pages import replace_marked
from harness.analysis import boards, figures
from harness.analysis.layout import Layout, fixed, headed, words
from harness.analysis.render import summary_layout, table3_layout
from harness.analysis.study import Study, read_study
from harness.registry import Registry, load_registry
from harness.tables import SCORES, SUMMARY

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "guided.md"
BUDGETS = (10, 20)
"""Of guided repair and of the others' beginnings; of the others' whole runs."""


def run(cfg: DictConfig) -> int:
    registry, results, judged = load_registry(), store(cfg), protocol(cfg)
    planned = plan(cfg)
    found = {
        budget: read_study(replace(planned, budget=budget), registry, results, judged)
        for budget in BUDGETS
    }
    at = found[BUDGETS[0]]
    parts = [
        summary_layout(pd.concat([study.summary for study in found.values()]), judged),
        single(at, registry),
        table3_layout(at.scores, judged, at.techniques),
        boards.missing_board(at),
    ]
    name = f"guided-{planned.name}"
    picture = DOCUMENT.parent / "figures" / f"{name}.svg"
    picture.parent.mkdir(exist_ok=True)
    picture.write_bytes(figures.svg(figures.progress(at)))
    shown = f"![Median improvement rate against the budget](figures/{picture.name})"
    text = "\n".join([*(part.markdown() for part in parts), shown])
    replace_marked(DOCUMENT, planned.name, text)
    for budget, study in found.items():
        folder = results.root / "tables" / f"{name}-b{budget}"
        SCORES.write(study.scores, folder / "scores.csv")
        SUMMARY.write(study.summary, folder / "summary.csv")
    print(text)
    return 0


def single(study: Study, registry: Registry) -> Layout:
    """Patches on faults of one operator, and the technique's own thinking."""
    alone = [name for name in study.faults if len(registry[name].operators) == 1]
    rows = []
    for technique in study.techniques:
        cells = study.scores[study.scores["technique"] == technique]
        chosen = cells[cells["fault"].isin(alone)]
        thinking, training = cells["search_seconds"].sum(), cells["training_seconds"].sum()
        rows.append(
            words(
                technique,
                f"{len(chosen)}",
                fixed(chosen["ir"].mean(), 2),
                fixed(chosen["aj_as_defined_mean"].mean(), 2),
                f"{thinking / (thinking + training):.1%}",
            )
        )
    heads = ["faults", "mean IR", "mean AJ", "thinking"]
    notes = [
        f"Faults of a single repair operator: {', '.join(alone)}. thinking: share of the time in "
        "training and search, over all faults, that the technique itself took."
    ]
    return Layout("Faults of a single operator", headed(["technique"], heads), rows, notes)


if __name__ == "__main__":
    main(run, "report")
