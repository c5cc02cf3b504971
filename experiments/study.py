"""Put our own study beside the published one: the tables of docs/study.md.

make study            from stored runs of plan study, budgets 10 and 20
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scripts import main

from experiments.pages import replace_marked
from harness.analysis import protocols, ranks
from harness.analysis.layout import Layout, fixed, headed, interval, plain_fields
from harness.analysis.published import load_published
from harness.analysis.published.archive import published_study
from harness.analysis.runset import RunSet
from harness.analysis.schemas import SCORES, SUMMARY
from harness.records.tables import records
from harness.study.reading import read_study
from harness.study.spec import StudySpec
from harness.subjects.registry import load_registry
from harness.views import boards
from harness.views.render import summary_layout, table3_layout

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "study.md"
BUDGETS = (10, 20)
PAIRS = (
    ("hebo", "random"),
    ("bohb", "random"),
    ("hebo", "hebo_icst23"),
    ("bohb", "bohb_icst23"),
    ("random", "random_icst23"),
)


def run(arguments: list[str]) -> int:
    """Rewrite the page.

    Args:
        arguments: Settings of a study.
    """
    spec = StudySpec.compose(arguments)
    registry, results, judged, planned = load_registry(), spec.store, spec.protocol, spec.plan
    ours = {
        budget: read_study(replace(planned, budget=budget), registry, results, judged)
        for budget in BUDGETS
    }
    published = {budget: published_runs(budget, ours[budget].faults) for budget in BUDGETS}
    parts: list[Layout] = [beside(ours, published), pairs(ours)]
    for study in ours.values():
        parts += [
            table3_layout(study.scores, judged, study.techniques),
            summary_layout(study.summary, judged),
        ]
    parts.append(boards.exposure_board(ours[20]))
    if ours[20].missing:
        parts.append(boards.missing_board(ours[20]))
    text = "\n".join(part.markdown() for part in parts)
    replace_marked(DOCUMENT, "study", text)
    for budget, study in ours.items():
        folder = results.root / "tables" / f"study-b{budget}"
        SCORES.write(study.scores, folder / "scores.csv")
        SUMMARY.write(study.summary, folder / "summary.csv")
    print(text)
    return 0


def published_runs(budget: float, faults: Sequence[str]) -> RunSet:
    """The published study's runs on the same faults, under the corrected protocol."""
    study = published_study(load_published(), budget, protocols.CORRECTED)
    return replace(study, runs=[run for run in study.runs if run.fault in faults])


def beside(ours: dict[int, RunSet], published: dict[int, RunSet]) -> Layout:
    """Significant faults, median improvement rate and mean rank: published runs and ours."""
    rows = []
    for budget in BUDGETS:
        for label, study in (("published", published[budget]), ("ours", ours[budget])):
            rank = {row["technique"]: row["mean_rank"] for row in records(ranks.ranks(study))}
            for row in records(study.summary):
                rows.append(
                    plain_fields(
                        label,
                        row["technique"],
                        f"{budget}",
                        f"{row['significant']}",
                        fixed(row["ir_median"], 2),
                        fixed(rank.get(row["technique"]), 2),
                        fixed(row["complexity_median"], 2),
                    )
                )
    count = len(ours[20].faults)
    heads = ["budget", "sign.", "median IR", "mean rank", "complexity"]
    notes = [
        f"Both on the same {count} faults, protocol corrected. Ranks are among the techniques of "
        "one study and budget; 1 is best.",
        "published: the study's own trials, whose HEBO and BOHB learned little or nothing. Its "
        "subjects train on all their data, by the wall clock and in its own space.",
    ]
    title = "The published runs and ours, side by side"
    return Layout(title, headed(["runs", "technique"], heads), rows, notes)


def pairs(ours: dict[int, RunSet]) -> Layout:
    """Those pairs of techniques that answer the question."""
    rows = []
    for budget, study in ours.items():
        found = {(r["first"], r["second"]): r for r in records(ranks.pairs(study))}
        for first, second in PAIRS:
            if not {first, second} <= {*study.techniques}:
                continue
            rows.append(
                plain_fields(f"{first} > {second}", f"{budget}", *_pair(found, first, second))
            )
    heads = ["budget", "probability of improvement", "wins / losses", "p (Holm)"]
    notes = [
        "Probability that a run of the first is better than one of the second, mean A12 over the "
        "faults, with its 95 % bootstrap interval over subjects, faults and runs. wins / losses: "
        "faults on which the first is significantly better or worse. p: signed-rank test of the "
        "mean improvement rates, Holm over all pairs of the six techniques.",
    ]
    return Layout("Does learning help?", headed(["pair"], heads), rows, notes)


def _pair(found: dict[tuple[str, str], dict[str, Any]], first: str, second: str) -> Iterator[str]:
    turned = (first, second) not in found
    row = found.get((second, first) if turned else (first, second))
    if row is None:
        yield from ("-", "-", "-")
        return
    value, low, high = (row[name] for name in ("probability", "low", "high"))
    if turned:
        value, low, high = 1 - value, 1 - high, 1 - low
    wins, losses = (row["losses"], row["wins"]) if turned else (row["wins"], row["losses"])
    yield interval(value, low, high, 2)
    yield f"{wins} / {losses} of {row['faults']}"
    yield fixed(row["p_holm"], 3)


if __name__ == "__main__":
    main(run)
