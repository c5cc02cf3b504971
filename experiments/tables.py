"""Rebuild the tables of a plan from its stored runs. Needs neither Ray nor a DL framework.

make tables BUDGET=20
"""

from __future__ import annotations

from common import console, label, main, plan, protocol, store
from omegaconf import DictConfig
from rich.console import Console

from harness.analysis.protocols import Protocol
from harness.analysis.render import summary_markdown, summary_table, table3, table3_markdown
from harness.analysis.scores import scores, summary
from harness.plan import Plan, baseline_paths
from harness.registry import load_registry
from harness.store import Store, read_baseline
from harness.tables import SCORES, SUMMARY
from harness.vocabulary import HarnessError


def run(cfg: DictConfig) -> int:
    study, results = plan(cfg), store(cfg)
    show(study, results, protocol(cfg), label(cfg, study), console())
    return 0


def show(study: Plan, results: Store, judged: Protocol, name: str, screen: Console) -> None:
    """Print Table III and the summary; save them as CSV and Markdown.

    Raises:
        HarnessError: If nothing of the plan is stored.
    """
    registry = load_registry()
    cells = study.cells(registry)
    missing = results.missing(cells)
    if len(missing) == len(cells):
        raise HarnessError(
            f"nothing of plan '{study.name}' with budget {study.budget:g} is in {results.root}. "
            f"Run it first: make experiment PLAN={study.name} BUDGET={study.budget:g}"
        )
    runs = [results.read_run(cell) for cell in cells if results.finished(cell)]
    paths = baseline_paths(study, registry, results)
    seen = {run.fault for run in runs}
    baselines = {
        (fault, study.data_of(registry[fault]), study.fraction_of(fault)): read_baseline(path)
        for fault, path in paths.items()
        if fault in seen
    }
    frame = scores(runs, baselines, judged)
    short = summary(frame, judged)

    order = [name for name in study.techniques if (frame["technique"] == name).any()]
    lacking = f"{len(missing)} of {len(cells)} runs are missing." if missing else ""
    screen.print(table3(frame, judged, order))
    screen.print()
    screen.print(summary_table(short, judged))
    if lacking:
        screen.print(lacking, style="yellow")

    folder = results.root / "tables" / name
    SCORES.write(frame, folder / "scores.csv")
    SUMMARY.write(short, folder / "summary.csv")
    parts = [lacking, table3_markdown(frame, judged, order), summary_markdown(short, judged)]
    (folder / "tables.md").write_text("\n".join(p for p in parts if p), encoding="utf-8")
    screen.print(f"saved in {folder}")


if __name__ == "__main__":
    main(run, "repair")
