"""Commands that train beside a study, or say what it will take."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from harness.cli.arguments import add_study_options, spec_of, take_own
from harness.cli.parsers import Command, add_option
from harness.vocabulary import HarnessError

if TYPE_CHECKING:
    from harness.study.spec import StudySpec

GROUP = "study"


def _pool(spec: StudySpec) -> AbstractContextManager[Callable[[], Any]]:
    """A pool of training workers for the plan, opened when it is first needed."""
    from harness.engine import opened_pool  # imports Ray, after the input is known to be good
    from harness.subjects.registry import load_registry

    backend = spec.plan.backend_of(load_registry()[spec.plan.faults[0]])
    return opened_pool(backend, spec.workers, spec.threads, spec.per_gpu)


def _baseline(arguments: argparse.Namespace) -> int:
    spec = spec_of(arguments)
    from rich.table import Table

    from harness.analysis.qualification import (
        QUALIFICATION_FILE,
        exposure_verdict,
        qualify,
        update_qualification,
    )
    from harness.study.baselines import measure_baselines
    from harness.subjects.registry import load_registry
    from harness.views.cards import mean_and_spread, size_of_fault, two_digits
    from harness.views.terminal import console

    screen = console(width=160)
    with _pool(spec) as pool:
        measured = measure_baselines(spec.plan, load_registry(), spec.store, pool, screen.print)
    rows = {name: qualify(baseline, spec.protocol) for name, baseline in measured.items()}
    heads = "fault data fraction n T(s) metric faulty fixed p A12 exposed lost"
    table = Table(*heads.split(), box=None)
    for name, row in rows.items():
        table.add_row(
            name,
            row["data"],
            f"{row['fraction']:g}",
            str(row["n"]),
            two_digits(row["training_time"]),
            row["metric"],
            *(mean_and_spread(row, which) for which in ("faulty", "fixed")),
            two_digits(row["p"]),
            two_digits(row["a12"]),
            exposure_verdict(row, spec.protocol),
            size_of_fault(row),
        )
    screen.print(table)
    update_qualification(spec.results, rows.values())
    screen.print(f"saved in {spec.results / QUALIFICATION_FILE}", markup=False)
    return 0


def _minimise(arguments: argparse.Namespace) -> int:
    spec = spec_of(arguments)
    from harness.study.driver import show_tables
    from harness.study.minimisation import minimise, totals
    from harness.subjects.registry import load_registry
    from harness.views.terminal import console, run_progress

    screen, registry, store = console(), load_registry(), spec.store
    with _pool(spec) as pool, run_progress(screen) as (say, progress):
        failed = minimise(spec.plan, registry, store, spec.protocol, pool, say, progress)
    if done := totals(spec.plan, registry, store):
        screen.print(str(done))
    show_tables(spec, screen)
    return 1 if failed else 0


def _suspicion(arguments: argparse.Namespace) -> int:
    spec = spec_of(arguments)
    from rich.table import Table

    from harness.study.inspection import EVIDENCE_KINDS, SUSPICION, evidence_ranks, found, inspect
    from harness.subjects.registry import load_registry
    from harness.views.terminal import console

    screen, registry = console(), load_registry()
    with _pool(spec) as pool:
        evidence = inspect(spec.plan, registry, spec.store, pool, screen.print)
    rows = [evidence_ranks(registry[name], known) for name, known in evidence.items()]
    table = Table("fault", "ground truth", *EVIDENCE_KINDS, "suspected first", box=None)
    for row in rows:
        places = ("-" if row[kind] is None else f"{row[kind]:g}" for kind in EVIDENCE_KINDS)
        table.add_row(row["fault"], row["operators"] or "out of reach", *places, row["first"])
    screen.print(table)
    shares = ", ".join(f"{kind} {share:.0%}" for kind, share in found(rows).items())
    screen.print(f"ground truth's best operator among the first three: {shares}")
    path = spec.results / "tables" / "suspicion" / f"{spec.plan.name}.csv"
    SUSPICION.write(SUSPICION.frame(rows), path)
    screen.print(f"saved in {path}", markup=False)
    return 0


def _declare_cost(parser: argparse.ArgumentParser) -> None:
    add_study_options(parser)
    add_option(
        parser,
        "--gpus",
        metavar="GPUS",
        default="0",
        meaning="Projects for so many GPUs instead of this machine's cores.",
        unit="GPUs",
        shown="0: the workers of this machine",
    )


def _cost(arguments: argparse.Namespace) -> int:
    take_own(arguments, "gpus")
    from harness.study.settings import parsed_scalar
    from harness.study.values import whole_number

    gpus = whole_number("gpus", parsed_scalar(arguments.gpus), least=0)
    spec = spec_of(arguments)
    from rich.table import Table

    from harness.analysis.cost import past_runs, project
    from harness.records.files import is_there
    from harness.study.plan import baseline_paths, stored_baseline
    from harness.subjects.registry import load_registry
    from harness.views.terminal import console, shown_duration

    plan, registry, screen = spec.plan, load_registry(), console()
    paths = baseline_paths(plan, registry, spec.store)
    times = {
        fault: stored_baseline(plan, registry, spec.store, fault).training_time
        for fault, path in paths.items()
        if is_there(path)
    }
    if not times:
        raise HarnessError(
            f"no fault of plan '{plan.name}' has a baseline in {spec.results}, and without T "
            f"nothing can be projected. Measure them first: dnn-repair baseline plan={plan.name}"
        )
    slots = gpus * (spec.per_gpu or 1) or spec.workers or len(os.sched_getaffinity(0))
    found = project(
        [cell for cell in plan.cells(registry) if cell.fault in times],
        times,
        past_runs(spec.store),
        slots=slots,
        seeds={fault: plan.seeds_of(fault) for fault in times},
        confirmations=spec.confirmations,
    )
    table = Table("technique", "runs", "train", "build", "search", "other", "sum", box=None)
    for part in found.parts:
        seconds = (part.training, part.building, part.search, part.other, part.total)
        table.add_row(part.technique, str(part.runs), *map(shown_duration, seconds))
    screen.print(table)
    screen.print(
        f"one slot: runs {shown_duration(sum(part.total for part in found.parts))}, baselines "
        f"{shown_duration(found.baselines)}, re-trainings {shown_duration(found.confirmations)}"
    )
    screen.print(
        f"projected: {shown_duration(found.wall)} on {slots} slots"
        + (f" ({gpus} GPUs), {found.wall * gpus / 3600:.2g} GPU hours" if gpus else "")
        + f"; {found.bytes / 1e6:.3g} MB of results"
    )
    if lacking := [fault for fault in paths if fault not in times]:
        screen.print(
            f"not in it, for want of a baseline: {', '.join(lacking)} (dnn-repair baseline "
            f"plan={plan.name})",
            style="yellow",
        )
    return 0


MEASURING_COMMANDS = (
    Command(
        "baseline", GROUP,
        "Train faulty and fixed program of every fault of a plan, and say whether the fault shows.",
        _baseline, add_study_options,
    ),
    Command(
        "cost", GROUP,
        "Project hours, GPU hours and disk of a plan from stored baselines and runs.",
        _cost, _declare_cost,
    ),
    Command(
        "minimise", GROUP,
        "Find the smallest part of each stored patch that is as good, then print the tables.",
        _minimise, add_study_options, "Exit code 1: a patch could not be minimised.",
    ),
    Command(
        "suspicion", GROUP,
        "Print what guided repair suspects in each fault before any edit, by kind of evidence.",
        _suspicion, add_study_options,
    ),
)  # fmt: skip
