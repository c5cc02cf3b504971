"""Plan -> cells -> runs: measures the baselines, then makes every run that is missing."""

from __future__ import annotations

import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness import RESULTS_VERSION, __version__
from harness.analysis.protocols import CORRECTED, Protocol
from harness.budget import make_clock
from harness.confirm import confirm
from harness.engine import Kept, KeptLog, Pool, RemoteTrain, Replay, Workers
from harness.plan import Plan, baseline_paths, sources
from harness.registry import Fault, Registry, folders, load_registry
from harness.space import derive
from harness.store import Cell, Row, Store, TrialLog, read_baseline, write_json
from harness.tables import Baseline, Outcome, Trial, changed
from harness.techniques.base import Finish, Program, RepairTask, Technique
from harness.training import Request
from harness.trainings import Trainings, baseline_seeds
from harness.vocabulary import Cause, Configuration, HarnessError, TrialStatus

ATTEMPTS = 3
"""Times that a cell is tried whose log another process has."""

ORPHANS = 5.0
"""Seconds between them: processes of a killed driver end within a few, and free their cells."""

Say = Callable[[str], None]
"""Prints one line."""


@dataclass(frozen=True, slots=True)
class _BaselineJob:
    """A fault holds functions of a module loaded from a path; its id travels instead."""

    fault: str
    folders: tuple[Path, ...]
    backend: str
    data: str
    fraction: float
    seeds: int
    store: Store
    path: Path


def measure_baselines(
    plan: Plan, registry: Registry, store: Store, pool: Callable[[], Pool], say: Say
) -> dict[str, Baseline]:
    """The baseline of each fault of the plan: from the store, or measured and stored.

    Faulty and fixed program are trained as often as the plan says, with seeds of their own;
    trainings that a qualification made on this device count. Drivers that share a results folder
    share its baselines: whichever is stored first counts.
    """
    paths = baseline_paths(plan, registry, store)
    jobs = [
        _BaselineJob(
            fault=name,
            folders=tuple(folders()),
            backend=plan.backend_of(registry[name]),
            data=plan.data_of(registry[name]),
            fraction=plan.fraction_of(name),
            seeds=plan.seeds_of(name),
            store=store,
            path=path,
        )
        for name, path in paths.items()
        if not path.exists()
    ]
    if jobs:
        store.check()
        first = 0 if plan.chunk is None else (plan.chunk[0] - 1) * len(jobs) // plan.chunk[1]
        rotated = jobs[first:] + jobs[:first]
        still = (job for job in rotated if not job.path.exists())  # asked when it is a job's turn
        for job, result in pool().map(_measure, still):
            if isinstance(result, Exception):
                raise HarnessError(f"the baseline of {job.fault} cannot be measured: {result!r}")
            content, summary = result
            write_json(job.path, content, replace=False)
            say(f"baseline {job.fault}: {summary}")
    return {name: read_baseline(path) for name, path in paths.items()}


def _measure(job: _BaselineJob, workers: Workers) -> tuple[dict[str, Any], str]:
    """Train faulty and fixed program; return what to store, and how it went in words."""
    name = job.fault
    fault = load_registry(job.folders)[name]
    worker = workers(job.backend)
    device, started = worker.device(), _now()
    trainings = Trainings(job.store, job.backend, lambda: worker, same_device=True)
    lists: dict[str, list[Outcome]] = {}
    for which in ("faulty", "fixed"):
        configuration: Configuration = getattr(fault, which)
        request = Request.of(
            fault,
            configuration,
            seed=0,
            data=job.data,
            fraction=job.fraction,
            folders=job.folders,
        )
        lists[which] = trainings(request, baseline_seeds(fault, which, job.seeds))
        lost = [o for o in lists[which] if o.cause is Cause.INFRASTRUCTURE]
        if 0 < len(lost) < len(lists[which]):  # a program that kills all its processes is a result
            raise HarnessError(
                f"{len(lost)} of {len(lists[which])} trainings of {name} were lost with their "
                f"process ({lost[0].message}). Repeat the command: the others are kept"
            )
    times = [_whole(o) for o in lists["faulty"] if o.status is not TrialStatus.INVALID]
    if not times:
        raise HarnessError(
            f"the faulty program of {name} does not build: {lists['faulty'][0].message}"
        )
    judged = [o for o in lists["fixed"] if o.judged]
    if not judged:
        raise HarnessError(
            f"the fixed program of {name} does not train: {lists['fixed'][0].message}"
        )
    content = {
        "fault": name,
        "content": fault.content,
        "metric": fault.subject.metric,
        "training_time": statistics.median(times),
        "work": statistics.median(o.work / o.fidelity for o in lists["faulty"]),
        "data": job.data,
        "fraction": job.fraction,
        "device": device,
        "started": started,
        "environment": environment(),
        **{which: [asdict(o) for o in outcomes] for which, outcomes in lists.items()},
    }
    means = {
        which: statistics.fmean(o.holdout for o in outcomes if o.holdout is not None)
        if any(o.judged for o in outcomes)
        else float("nan")
        for which, outcomes in lists.items()
    }
    metric = fault.subject.metric
    return content, (
        f"T {statistics.median(times):.4f} s, {metric} {means['faulty']:.3f} faulty, "
        f"{means['fixed']:.3f} fixed"
    )


def _whole(outcome: Outcome) -> float:
    """Seconds that the training takes to its end: one that diverged was stopped before."""
    return outcome.seconds / outcome.fidelity


@dataclass(frozen=True, slots=True)
class _CellJob:
    cell: Cell
    technique: Technique
    folders: tuple[Path, ...]
    baseline: Baseline
    store: Store | Kept


@dataclass(frozen=True, slots=True)
class Study:
    """What became of a plan."""

    plan: Plan
    cells: Sequence[Cell]
    sources: Mapping[Cell, Cell]
    """Cell -> the finished run that answers it."""
    failed: Mapping[str, str]
    """Cell folder -> why it could not be run."""
    elsewhere: Sequence[Cell]
    """Cells that another driver was working on."""


def run_plan(
    plan: Plan,
    store: Store,
    *,
    slots: int | None,
    threads: int = 1,
    per_gpu: int = 0,
    confirmations: int = 0,
    protocol: Protocol = CORRECTED,
    say: Say = print,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Study:
    """Make every run of ``plan`` that is missing in ``store``, then confirm the winners.

    A cell that fails stops no other; it stays missing, and the study says why.

    Args:
        slots: Cells side by side, one core each; None: all cores of this machine or cluster.
        threads: Threads of each training worker.
        per_gpu: Cells side by side on each GPU; 0: GPUs are not shared out.
        confirmations: Re-trainings of each run's winner.
        protocol: Says which trial wins a run.
        say: Prints one line.
        progress: Called with the cells present and planned, then with the confirmed ones.
    """
    registry = load_registry()
    cells = plan.cells(registry)
    where = tuple(folders())
    failed: dict[str, str] = {}
    elsewhere: list[Cell] = []
    opened: list[Pool] = []

    def pool() -> Pool:
        if not opened:
            backend = plan.backend_of(registry[plan.faults[0]])
            opened.append(Pool(slots, backend, threads, per_gpu).__enter__())
        return opened[0]

    try:
        measured = measure_baselines(plan, registry, store, pool, say)
        found = sources(plan, cells, store)
        missing = [cell for cell in cells if cell not in found]
        progress(len(cells) - len(missing), len(cells))
        if missing:
            store.check()
            kept = pool().keep(store)
            jobs = [
                _CellJob(
                    cell,
                    plan.techniques[cell.technique],
                    where,
                    measured[cell.fault],
                    kept,
                )
                for cell in missing
            ]
            done = len(cells) - len(missing)
            for attempt in range(ATTEMPTS):
                if attempt:
                    time.sleep(ORPHANS)
                taken: list[_CellJob] = []
                for job, result in pool().map(_run_cell, jobs):
                    if isinstance(result, Exception):
                        folder = str(job.cell.folder)
                        failed[folder] = f"{type(result).__name__}: {result}"
                        say(f"[red]failed[/red] {folder}: {failed[folder]}")
                    elif result == "elsewhere":
                        taken.append(job)
                    else:
                        done += 1
                    progress(done, len(cells))
                jobs = taken
                if not jobs:
                    break
            elsewhere = [job.cell for job in jobs]
        found = sources(plan, cells, store)
        for trouble in confirm(found, measured, store, protocol, confirmations, pool, progress):
            say(f"[yellow]not confirmed[/yellow] {trouble}")
    finally:
        for each in opened:
            each.__exit__(None, None, None)
    return Study(plan, cells, found, failed, elsewhere)


def _run_cell(job: _CellJob, workers: Workers) -> str:
    """One run, from wherever its log stands to its ``run.json``."""
    cell = job.cell
    fault = load_registry(job.folders)[cell.fault]
    began, started = time.perf_counter(), _now()
    worker = workers(cell.backend)
    device = worker.device()
    _check_device(cell, device, job.baseline.device)
    header = {"training_time": job.baseline.training_time, "started": started}
    with job.store.log(cell, header) as log:
        if log is None:
            return "elsewhere"
        if job.store.finished(cell):
            return "present"
        training_time = float(log.header["training_time"])
        one, pace = _cost(cell, training_time, job.baseline)
        opened = time.perf_counter()
        train = RemoteTrain(
            worker,
            Request(
                folders=job.folders,
                subject=fault.subject.name,
                data_seed=fault.data_seed,
                data=cell.data,
                fraction=cell.fraction,
                configuration={},
                seed=0,
                run=cell.identity,
            ),
            seed=cell.run_seed,
            recorded=[Replay(r.proposal, r.configuration, r.outcome) for r in log.rows],
            pace=pace,
        )
        task = repair_task(fault, cell, training_time)
        clock = make_clock(cell.clock, cell.budget, one)
        rows, finish, memory = _record(job.technique, task, train, clock, cell, log)
        ended = time.perf_counter()
        training = sum(r.outcome.seconds for r in rows)
        searching = sum(r.suggest_seconds for r in rows)
        total = sum(r.outcome.total_seconds + r.suggest_seconds for r in rows)
        if not log.rows:  # not continued: then the run's own clock is the better measure
            total = ended - opened
        job.store.finish(
            cell,
            {
                "status": finish.status,
                "choice": finish.choice,
                "trials": len(rows),
                "counts": _counts(rows),
                "health": {
                    **finish.health,
                    "peak_worker_bytes": memory,
                },
                "fault": {
                    "title": fault.title,
                    "metric": fault.subject.metric,
                    "faulty": fault.faulty,
                    "fixed": fault.fixed,
                },
                "training_time": training_time,
                "allowed": clock.budget,
                "spent": clock.spent,
                "seconds": {
                    "training": training,
                    "search": searching,
                    "building": sum(r.outcome.build_seconds for r in rows),
                    "total": max(total, training + searching),
                    "opening": opened - began,
                },
                "run_seed": cell.run_seed,
                "continued_after": len(log.rows),
                "device": device,
                "environment": environment(),
                "started": log.header["started"],
                "ended": _now(),
            },
        )
    return "done"


def _check_device(cell: Cell, device: str, measured: str) -> None:
    """Seconds of one device say nothing of the budget on another.

    Raises:
        HarnessError: If the clock counts seconds and T was measured on another device.
    """
    if cell.clock != "work" and measured and device != measured:
        raise HarnessError(
            f"T of {cell.fault} was measured with {measured}, and this process trains with "
            f"{device}, so that a budget in seconds would be another. Move its file out of "
            "results/baselines to measure it again, use a results folder of its own, or CLOCK=work"
        )


def _cost(cell: Cell, training_time: float, baseline: Baseline) -> tuple[float, float | None]:
    """What one training of the faulty program costs, and its pace if that is no time.

    Raises:
        HarnessError: If the clock is ``work`` and the baseline has not counted any.
    """
    if cell.clock != "work":
        return training_time, None
    if not baseline.work:
        raise HarnessError(
            f"the baseline of {cell.fault} does not say how much work a training is, which the "
            "clock 'work' needs: an older harness measured it, or the faulty program crashes. Move "
            "its file out of results/baselines to measure it again, or use CLOCK=training"
        )
    return baseline.work, training_time / baseline.work


def _record(
    technique: Technique,
    task: RepairTask,
    train: RemoteTrain,
    clock: Any,
    cell: Cell,
    log: TrialLog | KeptLog,
) -> tuple[list[Row], Finish, int]:
    """Run the technique; charge and record each trial before the next one is proposed.

    Returns:
        All trials, the technique's closing word, and the highest memory of the worker, bytes. The
        memory is no part of a row: with the clock ``work``, equal seeds give equal rows.
    """
    rows: list[Row] = list(log.rows)
    seen = memory = 0
    finish = Finish({})
    for item in technique.repair(task, train, clock, cell.run_seed):
        if isinstance(item, Finish):
            finish = item
            continue
        if seen < len(log.rows):
            clock.replay(log.rows[seen].spent, last=seen + 1 == len(log.rows))
            seen += 1
            continue
        _check(item, task, cell.technique)
        charged = clock.charge(item.outcome)
        memory = max(memory, item.outcome.memory)
        row = Row(
            index=len(rows),
            proposal=item.proposal,
            configuration=dict(item.configuration),
            outcome=replace(item.outcome, memory=0),
            suggest_seconds=item.suggest_seconds,
            charged=charged,
            spent=clock.spent,
            at=_now(),
            note=dict(item.note),
        )
        log.append(row)
        rows.append(row)
        seen += 1
    return rows, finish, memory


def _check(trial: Trial, task: RepairTask, technique: str) -> None:
    """A technique changes values of the program; it cannot add or drop any."""
    try:
        changed(task.faulty, trial.configuration)
    except ValueError as error:
        raise HarnessError(
            f"technique '{technique}' proposed a configuration that is {error}. A configuration "
            f"has exactly these values: {', '.join(task.faulty)}"
        ) from None


def repair_task(fault: Fault, cell: Cell, training_time: float) -> RepairTask:
    """All that a technique learns of a cell."""
    return RepairTask(
        faulty=fault.faulty,
        space=derive(fault.faulty, fault.subject.context, cell.space),
        metric=fault.subject.measure,
        training_time=training_time,
        program=_program(fault, cell),
    )


def _program(fault: Fault, cell: Cell) -> Program:
    subject, seed, data, fraction = fault.subject, fault.data_seed, cell.data, cell.fraction

    def search_data() -> tuple[Any, Any, Any, Any]:
        arrays = subject.data(seed, data, fraction, fault.faulty)
        return arrays.x_train, arrays.y_train, arrays.x_search, arrays.y_search

    return Program(
        framework=subject.framework, labels=subject.labels, build=subject.build, data=search_data
    )


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    counts = {status.value: 0 for status in TrialStatus}
    for row in rows:
        counts[row.outcome.status.value] += 1
    return counts


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


_PACKAGES: tuple[str, ...] = (
    "ray",
    "HEBO",
    "hpbandster",
    "ConfigSpace",
    "tensorflow",
    "keras",
    "torch",
    "jax",
)
_PACKAGES += ("numpy", "scipy", "pandas", "scikit-learn")


@cache
def environment() -> dict[str, Any]:
    """What a run depended on besides its identity: versions, commit, machine."""
    return {
        "harness": __version__,
        "results_version": RESULTS_VERSION,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "host": platform.node(),
        "machine": platform.platform(),
        "commit": _git("rev-parse", "HEAD"),
        "dirty": bool(_git("status", "--porcelain", "--untracked-files=no")),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _git(*words: str) -> str:
    """What git answers in the harness' own checkout; '' where there is none."""
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
