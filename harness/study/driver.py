"""Makes the runs of a study, mirrors them, and shows its tables on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.console import Console

from harness.analysis.runset import RunSet
from harness.analysis.schemas import SCORES, SUMMARY
from harness.study.reading import read_study
from harness.study.spec import StudySpec
from harness.subjects.registry import load_registry
from harness.views.render import summary_markdown, summary_table, table3, table3_markdown
from harness.views.terminal import run_progress

if TYPE_CHECKING:
    from harness.study.runner import PlanOutcome


def drive(
    spec: StudySpec,
    say: Callable[[str], None] = print,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> PlanOutcome:
    """Make every run that is missing, then mirror the runs into MLflow if that is asked for.

    Args:
        say: Prints one line.
        progress: Called with the runs that are there and those that are planned.

    Raises:
        HarnessError: If nothing can be written, or a faulty program does not build.
    """
    spec.store.check()
    from harness.study.runner import run_plan  # imports Ray, after the input is known to be good

    outcome = run_plan(
        spec.plan,
        spec.store,
        slots=spec.workers,
        threads=spec.threads,
        per_gpu=spec.per_gpu,
        confirmations=spec.confirmations,
        protocol=spec.protocol,
        say=say,
        progress=progress,
    )
    if spec.mlflow and spec.plan.chunk is None:
        _mirror(spec, outcome, say)
    return outcome


def _mirror(spec: StudySpec, outcome: PlanOutcome, say: Callable[[str], None]) -> None:
    """Copy the runs into MLflow; a study never fails because of its mirror."""
    try:
        from harness.study.mirror import database, mirror

        added = mirror(spec.store, spec.label, list(outcome.sources.values()))
    except Exception as error:
        say(f"MLflow mirror left out: {type(error).__name__}: {error}")
        return
    say(f"MLflow: {added} runs added to {database(spec.store)} (make mlflow)")


def drive_on_screen(spec: StudySpec, screen: Console) -> int:
    """The same under a progress bar, with the tables at the end.

    Returns:
        The exit code: 1 if a run failed.
    """
    plan = spec.plan
    screen.print(
        f"plan [bold]{plan.name}[/bold]: {len(plan.faults)} faults x {len(plan.techniques)} "
        f"techniques x {plan.repetitions} repetitions, budget {plan.budget:g} x T "
        f"(clock {plan.clock}), space {plan.space}, seed {plan.seed}"
    )
    began = time.perf_counter()
    with run_progress(screen) as (say, progress):
        outcome = drive(spec, say, progress)
    screen.print(f"runs made or found in {time.perf_counter() - began:.0f} s")
    for cell in outcome.elsewhere:
        screen.print(f"left to another driver: {cell.folder}")
    if plan.chunk is None:
        show_tables(spec, screen)
    if outcome.failed:
        count = len(outcome.failed)
        screen.print(f"[red]{count} runs failed[/red]; repeat the command to try again")
    return 1 if outcome.failed else 0


def show_tables(spec: StudySpec, screen: Console) -> RunSet:
    """Print Table III and the summary; save them as CSV and Markdown.

    Raises:
        HarnessError: If nothing of the plan is stored.
    """
    found = read_study(spec.plan, load_registry(), spec.store, spec.protocol)
    planned = len(found.missing) + len(found.runs)
    lacking = f"{len(found.missing)} of {planned} runs are missing." if found.missing else ""
    screen.print(table3(found.scores, spec.protocol, found.techniques))
    screen.print()
    screen.print(summary_table(found.summary, spec.protocol))
    if found.origin:
        screen.print(found.origin)
    if lacking:
        screen.print(lacking, style="yellow")
    folder = spec.results / "tables" / spec.label
    SCORES.write(found.scores, folder / "scores.csv")
    SUMMARY.write(found.summary, folder / "summary.csv")
    parts = [
        lacking,
        found.origin,
        table3_markdown(found.scores, spec.protocol, found.techniques),
        summary_markdown(found.summary, spec.protocol),
    ]
    (folder / "tables.md").write_text("\n".join(p for p in parts if p), encoding="utf-8")
    screen.print(f"saved in {folder}", markup=False, highlight=False)
    return found
