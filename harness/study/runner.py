"""Plan -> cells -> runs: measures the baselines, then makes every run that is missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.analysis.protocols import CORRECTED, Protocol
from harness.engine import Kept, KeptLog, RemoteTrain, Replay, Workers, opened_pool, repair
from harness.records.baseline import Baseline
from harness.records.cell import Cell
from harness.records.clocks import make_clock
from harness.records.log import Row, TrialLog
from harness.records.outcome import Trial
from harness.records.store import Store
from harness.study.baselines import Say, measure_baselines
from harness.study.confirmation import confirm
from harness.study.environment import environment, now
from harness.study.plan import Plan, sources
from harness.study.task import repair_task
from harness.subjects.registry import folders, load_registry
from harness.techniques.contract import Finish, RepairTask, Technique
from harness.training import Request
from harness.vocabulary import HarnessError, TrialStatus, changed

ATTEMPTS = 3
"""Times that a cell is tried whose log another process has."""

ORPHANS = 5.0
"""Seconds between them: processes of a killed driver end within a few, and free their cells."""


@dataclass(frozen=True, slots=True)
class _CellJob:
    cell: Cell
    technique: Technique
    folders: tuple[Path, ...]
    baseline: Baseline
    store: Store | Kept


@dataclass(frozen=True, slots=True)
class PlanOutcome:
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
) -> PlanOutcome:
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
    backend = plan.backend_of(registry[plan.faults[0]])
    with opened_pool(backend, slots, threads, per_gpu) as pool:
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
    return PlanOutcome(plan, cells, found, failed, elsewhere)


def _run_cell(job: _CellJob, workers: Workers) -> str:
    """One run, from wherever its log stands to its ``run.json``."""
    cell = job.cell
    fault = load_registry(job.folders)[cell.fault]
    began, started = time.perf_counter(), now()
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
                "ended": now(),
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
    for item in repair(technique, task, train, clock, cell.run_seed):
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
            at=now(),
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


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    counts = {status.value: 0 for status in TrialStatus}
    for row in rows:
        counts[row.outcome.status.value] += 1
    return counts
