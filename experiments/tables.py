"""Rebuild the tables of a plan from its stored runs. Needs neither Ray nor a DL framework.

make tables BUDGET=20
"""

from __future__ import annotations

from common import console, label, main, plan, protocol, store
from omegaconf import DictConfig
from rich.console import Console

from harness.analysis.protocols import Protocol
from harness.analysis.schemas import SCORES, SUMMARY
from harness.records.store import Store
from harness.study.plan import Plan
from harness.study.reading import read_study
from harness.subjects.registry import load_registry
from harness.views.render import summary_markdown, summary_table, table3, table3_markdown


def run(cfg: DictConfig) -> int:
    study, results = plan(cfg), store(cfg)
    show(study, results, protocol(cfg), label(cfg, study), console())
    return 0


def show(study: Plan, results: Store, judged: Protocol, name: str, screen: Console) -> None:
    """Print Table III and the summary; save them as CSV and Markdown.

    Raises:
        HarnessError: If nothing of the plan is stored.
    """
    found = read_study(study, load_registry(), results, judged)
    whole = len(found.missing) + len(found.runs)
    lacking = f"{len(found.missing)} of {whole} runs are missing." if found.missing else ""
    screen.print(table3(found.scores, judged, found.techniques))
    screen.print()
    screen.print(summary_table(found.summary, judged))
    if found.origin:
        screen.print(found.origin)
    if lacking:
        screen.print(lacking, style="yellow")

    folder = results.root / "tables" / name
    SCORES.write(found.scores, folder / "scores.csv")
    SUMMARY.write(found.summary, folder / "summary.csv")
    parts = [
        lacking,
        found.origin,
        table3_markdown(found.scores, judged, found.techniques),
        summary_markdown(found.summary, judged),
    ]
    (folder / "tables.md").write_text("\n".join(p for p in parts if p), encoding="utf-8")
    screen.print(f"saved in {folder}")


if __name__ == "__main__":
    main(run, "repair")
