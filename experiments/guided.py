"""Put guided repair beside the other techniques: the tables of docs/guided.md, from stored runs.

make guided PLAN=laptop    also mutants; guided repair has budget 10, the others 10 and 20
make guided PART=ablation  guided repair without each of its parts
make guided PART=reuters   plan study; PART=cifar: guided repair alone, plan icst23, clock work
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
from common import main, plan, protocol, store
from omegaconf import DictConfig

from experiments.pages import markdown, replace_marked
from harness.analysis import boards, figures
from harness.analysis.layout import Layout, fixed, headed, words
from harness.analysis.render import summary_layout, table3_layout
from harness.analysis.study import Study, read_study
from harness.inspection import KINDS, SUSPICION, found
from harness.registry import Registry, load_registry
from harness.tables import SCORES, SUMMARY, records

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "guided.md"
BUDGETS = (10, 20)
"""Of guided repair and of the others' beginnings; of the others' whole runs."""


def run(cfg: DictConfig) -> int:
    registry, results, judged = load_registry(), store(cfg), protocol(cfg)
    planned, name = plan(cfg), str(cfg.part or cfg.plan.name)
    others = any(not technique.startswith("guided") for technique in planned.techniques)
    studies = {
        budget: read_study(replace(planned, budget=budget), registry, results, judged)
        for budget in BUDGETS[: None if others else 1]
    }
    for budget, study in studies.items():
        folder = results.root / "tables" / f"guided-{name}-b{budget}"
        SCORES.write(study.scores, folder / "scores.csv")
        SUMMARY.write(study.summary, folder / "summary.csv")
    at = studies[BUDGETS[0]]
    parts = [
        summary_layout(pd.concat([study.summary for study in studies.values()]), judged),
        single(at, registry),
        table3_layout(at.scores, judged, at.techniques),
        *([boards.missing_board(at)] if at.missing else []),
    ]
    text = "\n".join([*(part.markdown() for part in parts), _drawn(at, name)])
    replace_marked(DOCUMENT, name, text)
    print(text)
    evidence = sorted((results.root / "tables" / "suspicion").glob("*.csv"))
    if evidence:
        rows = pd.concat([SUSPICION.read(path) for path in evidence])
        replace_marked(DOCUMENT, "suspicion", suspected(rows))
    return 0


def _drawn(study: Study, name: str) -> str:
    """The curve over the budget, saved beside the page; a line that shows it."""
    path = DOCUMENT.parent / "figures" / f"guided-{name}.svg"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(figures.svg(figures.progress(study)))
    return f"![Median improvement rate against the budget](figures/{path.name})"


def suspected(rows: pd.DataFrame) -> str:
    """Ranks of the true operator, fault by fault, and the share of faults that each kind finds."""
    reached = rows[rows["operators"].notna()].drop_duplicates("fault")
    shown = reached[["fault", "operators", *KINDS]].astype(object)
    shares = [f"{share:.0%}" for share in found(records(reached)).values()]
    last = pd.DataFrame([[f"found, of {len(reached)}", "", *shares]], columns=shown.columns)
    return markdown(pd.concat([shown, last]))


def single(study: Study, registry: Registry) -> Layout:
    """Patches on exposed faults of one operator, and the technique's own thinking."""
    exposed = {*study.scores.loc[study.scores["exposed"], "fault"]}
    alone = [n for n in study.faults if n in exposed and len(registry[n].operators) == 1]
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
        f"Exposed faults of a single repair operator: {', '.join(alone)}. thinking: share of the "
        "time in training and search, over all faults, that the technique itself took."
    ]
    return Layout("Faults of a single operator", headed(["technique"], heads), rows, notes)


if __name__ == "__main__":
    main(run, "guided")
