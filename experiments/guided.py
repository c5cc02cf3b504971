"""Put guided repair beside the other techniques: the tables of docs/guided.md, from stored runs.

make guided PLAN=laptop    also mutants; guided repair has budget 10, the others 10 and 20
make guided PART=ablation  guided repair without each of its parts
make guided PART=reuters   plan study; PART=cifar: guided repair alone, plan icst23, clock work
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd
from scripts import main, split_own

from experiments.pages import markdown, replace_marked
from harness.analysis.layout import Layout, fixed, headed, plain_fields
from harness.analysis.runset import RunSet
from harness.analysis.schemas import SCORES, SUMMARY
from harness.records.tables import records
from harness.study.inspection import EVIDENCE_KINDS, SUSPICION, found
from harness.study.reading import read_study
from harness.study.spec import StudySpec
from harness.subjects.registry import Registry, load_registry
from harness.views import boards, drawing, figures
from harness.views.render import summary_layout, table3_layout

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "guided.md"
BUDGETS = (10, 20)
"""Of guided repair and of the others' beginnings; of the others' whole runs."""
COMPARED = {"laptop": "laptop", "mutants": "mutants", "reuters": "Reuters"}
"""Parts in which others ran too, and their heads in the table of all of them."""


def run(arguments: list[str]) -> int:
    """Rewrite one part of the page.

    Args:
        arguments: Settings of a study, and ``part=ablation``, ``reuters`` or ``cifar``: the place
            in the page, by default the plan's name.
    """
    part, settings = split_own(arguments, "part")
    spec = StudySpec.compose(settings)
    registry, results, judged = load_registry(), spec.store, spec.protocol
    planned, name = spec.plan, part or spec.plan.name
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
    tables = results.root / "tables"
    if all(
        (tables / f"guided-{part}-b{budget}").is_dir() for part in COMPARED for budget in BUDGETS
    ):
        replace_marked(DOCUMENT, "glance", glance(tables, registry).markdown())
    evidence = sorted((results.root / "tables" / "suspicion").glob("*.csv"))
    if evidence:
        rows = pd.concat([SUSPICION.read(path) for path in evidence])
        replace_marked(DOCUMENT, "suspicion", suspected(rows))
    return 0


def _drawn(study: RunSet, name: str) -> str:
    """The curve over the budget, saved beside the page; a line that shows it."""
    path = DOCUMENT.parent / "figures" / f"guided-{name}.svg"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(drawing.svg(figures.progress_figure(study)))
    return f"![Median improvement rate against the budget](figures/{path.name})"


def suspected(rows: pd.DataFrame) -> str:
    """Ranks of the true operator, fault by fault, and the share of faults that each kind finds."""
    reached = rows[rows["operators"].notna()].drop_duplicates("fault")
    shown = reached[["fault", "operators", *EVIDENCE_KINDS]].astype(object)
    shares = [f"{share:.0%}" for share in found(records(reached)).values()]
    last = pd.DataFrame([[f"found, of {len(reached)}", "", *shares]], columns=shown.columns)
    return markdown(pd.concat([shown, last]))


def single(study: RunSet, registry: Registry) -> Layout:
    """Patches on exposed faults of one operator, and the technique's own thinking."""
    alone = _of_one_operator(study.scores, study.faults, registry)
    rows = []
    for technique in study.techniques:
        cells = study.scores[study.scores["technique"] == technique]
        chosen = cells[cells["fault"].isin(alone)]
        rows.append(
            plain_fields(
                technique,
                f"{len(chosen)}",
                fixed(chosen["ir"].mean(), 2),
                fixed(chosen["aj_as_defined_mean"].mean(), 2),
                f"{_thinking(cells):.1%}",
            )
        )
    heads = ["faults", "mean IR", "mean AJ", "thinking"]
    notes = [
        f"Exposed faults of a single repair operator: {', '.join(alone)}. thinking: share of the "
        "time in training and search, over all faults, that the technique itself took."
    ]
    return Layout("Faults of a single operator", headed(["technique"], heads), rows, notes)


def _of_one_operator(scores: pd.DataFrame, faults: Iterable[str], registry: Registry) -> list[str]:
    exposed = {*scores.loc[scores["exposed"], "fault"]}
    return [name for name in faults if name in exposed and len(registry[name].operators) == 1]


def _thinking(cells: pd.DataFrame) -> float:
    thinking, training = cells["search_seconds"].sum(), cells["training_seconds"].sum()
    return float(thinking / (thinking + training))


def glance(tables: Path, registry: Registry) -> Layout:
    """Guided repair with half the budget beside the best of the others, for every part.

    Args:
        tables: Holds ``guided-<part>-b<budget>`` for every part compared and both budgets.
    """
    columns = [
        (
            _best(tables / f"guided-{part}-b{BUDGETS[0]}", registry, guided=True),
            _best(tables / f"guided-{part}-b{BUDGETS[1]}", registry, guided=False),
        )
        for part in COMPARED
    ]
    lines = [
        plain_fields(line, *(f"{guided[line]} / {others[line]}" for guided, others in columns))
        for line in columns[0][0]
    ]
    notes = [
        f"Guided repair at budget {BUDGETS[0]} / the best of the others at {BUDGETS[1]}, line by "
        "line: the best of one line need not be that of the next.",
        "Complexity: of patches as found. An AJ near 1 is easy for a technique that changes "
        "nearly everything. Standard deviation: without faults whose metric is an error.",
    ]
    return Layout("At a glance", headed([""], [*COMPARED.values()]), lines, notes)


def _best(folder: Path, registry: Registry, *, guided: bool) -> dict[str, str]:
    """The best figure of guided repair, or else of the others, line by line."""
    scores, summary = (
        frame[(frame["technique"] == "guided") == guided]
        for frame in (SCORES.read(folder / "scores.csv"), SUMMARY.read(folder / "summary.csv"))
    )
    alone = scores["fault"].isin(_of_one_operator(scores, scores["fault"].unique(), registry))
    jaccards = scores[alone].groupby("technique")["aj_as_defined_mean"].mean()
    thinking = min(_thinking(cells) for _, cells in scores.groupby("technique"))
    significant = summary["significant"].max()
    return {
        "median improvement rate": fixed(summary["ir_median"].max(), 2),
        "faults significantly improved": f"{significant} of {scores['fault'].nunique()}",
        "median complexity": fixed(summary["complexity_median"].min(), 2),
        "mean standard deviation": fixed(summary["std_mean"].min(), 3),
        "mean AJ, faults of a single operator": fixed(jaccards.max(), 2),
        "time that is its own thinking": f"{thinking:.1%}",
    }


if __name__ == "__main__":
    main(run)
