"""Plan -> cells -> runs: measures the baselines, then makes every run that is missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.analysis.protocols import CORRECTED, Protocol
from harness.engine import Kept, RemoteTrain, Workers, opened_pool, repair
from harness.engine.marks import marks_of
from harness.records.baseline import Baseline
from harness.records.cell import Cell
from harness.records.clocks import Cost, clock_row, make_clock
from harness.records.log import RunHeader
from harness.records.outcome import Trial
from harness.records.run_record import RepairedFault, RunRecord, RunSeconds
from harness.records.store import Store, run_of
from harness.study.baselines import Say, measure_baselines
from harness.study.beginnings import begin, beginnings
from harness.study.confirmation import confirm, retrained
from harness.study.environment import environment, now
from harness.study.needs import check_installed
from harness.study.plan import Plan, sources
from harness.study.recording import RunRecorder
from harness.study.task import repair_task, replays
from harness.subjects.registry import folders, load_registry
from harness.techniques.contract import Technique
from harness.training import Request
from harness.vocabulary import HarnessError, TrialStatus

ATTEMPTS = 3
"""Tries of a cell while another process holds its lock."""

ORPHANS = 5.0
"""Seconds between two tries: processes of a killed driver end within a few seconds."""


@dataclass(frozen=True, slots=True)
class _CellJob:
    cell: Cell
    technique: Technique
    folders: tuple[Path, ...]
    baseline: Baseline
    store: Store | Kept
    confirmations: int
    protocol: Protocol
    beginning: Sequence[Trial] = ()
    """Trials that the same run with a smaller budget has made."""


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
    """Make every run of ``plan`` that is missing in ``store``, and confirm its winner as it ends.

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
    check_installed(plan, registry, store)
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
            if hint := store.outdated(missing):
                say(f"[yellow]note[/yellow] {hint}")
            store.check()
            kept = pool().keep(store)
            begun = beginnings(plan, missing, store, measured)
            jobs = [
                _CellJob(
                    cell,
                    plan.techniques[cell.technique],
                    where,
                    measured[cell.fault],
                    kept,
                    confirmations,
                    protocol,
                    begun.get(cell, ()),
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
    header = RunHeader(
        cell=cell,
        metric=fault.subject.metric,
        training_time=job.baseline.training_time,
        started=started,
    )
    with job.store.log(header) as log:
        if log is None:
            return "elsewhere"
        if job.store.finished(cell):
            return "present"
        begin(log, job.beginning)
        training_time = log.header.training_time
        cost, pace = _cost(cell, training_time, job.baseline)
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
            recorded=replays(log.trials),
            limited=clock_row(cell.clock).limit,
            pace=pace,
            marks=marks_of(clock_row(cell.clock), cell.budget, cost),
        )
        clock = make_clock(cell.clock, cell.budget, cost)
        task = repair_task(fault, cell, cost if clock.unit == "s" else training_time)
        made = RunRecorder(clock, log)
        finish = repair(
            job.technique,
            task,
            train,
            clock,
            cell.run_seed,
            enter=made.enter,
            name=cell.technique,
        )
        ended = None if log.trials else time.perf_counter()
        seconds = _seconds(made.trials, began, opened, ended)
        record = RunRecord(
            cell=cell,
            status=finish.status,
            choice=finish.choice,
            trials=len(made.trials),
            counts=_counts(made.trials),
            health={**finish.health, "peak_worker_bytes": made.memory},
            fault=RepairedFault(
                title=fault.title,
                metric=fault.subject.metric,
                faulty=fault.faulty,
                fixed=fault.fixed,
            ),
            training_time=training_time,
            allowed=clock.budget,
            spent=clock.spent,
            seconds=seconds,
            run_seed=cell.run_seed,
            continued_after=len(log.trials),
            device=device,
            environment=environment(),
            started=log.header.started,
            ended=now(),
        )
        job.store.finish(record)
    run = run_of(record, made.trials)
    again = retrained(cell, run, job.protocol, job.confirmations, job.folders, workers)
    job.store.confirm(cell, again)
    return "done"


def _check_device(cell: Cell, device: str, measured: str) -> None:
    """Budgets in seconds are not comparable across devices.

    Raises:
        HarnessError: If the clock counts seconds and T was measured on another device, or it has
            no constants for this device.
    """
    if clock_row(cell.clock).version and "cpu" not in device.lower():
        raise HarnessError(
            f"clock '{cell.clock}' charges the seconds of a CPU, and this process trains with "
            f"{device}, for which no constants are fitted. Use CLOCK=training, or CLOCK=work"
        )
    if clock_row(cell.clock).timed and measured and device != measured:
        raise HarnessError(
            f"T of {cell.fault} was measured with {measured}, and this process trains with "
            f"{device}, so that a budget in seconds would be another. Move its file out of "
            "results/baselines to measure it again, use a results folder of its own, or CLOCK=work"
        )


def _cost(cell: Cell, training_time: float, baseline: Baseline) -> tuple[float, float | None]:
    """Cost of one training of the faulty program in the clock's unit, and seconds per unit.

    Seconds per unit are None where the unit is the second.

    Raises:
        HarnessError: If the baseline lacks what the clock counts.
    """
    clock = clock_row(cell.clock)
    cost = clock.one(
        Cost(
            training_time=training_time,
            work=baseline.work,
            reference_time=baseline.reference_time,
        )
    )
    if not cost:
        raise HarnessError(
            f"the baseline of {cell.fault} does not say what a training costs by the clock "
            f"'{clock.name}': an older harness measured it, or the faulty program crashes. Move "
            "its file out of results/baselines to measure it again, or use CLOCK=training"
        )
    return cost, None if clock.timed else training_time / cost


def _seconds(
    trials: Sequence[Trial], began: float, opened: float, ended: float | None
) -> RunSeconds:
    """Wall-clock time of a run, by purpose.

    Args:
        began: Clock reading, seconds, when the slot took the run up.
        opened: The same when the log was open.
        ended: The same at the end of the run; None for a continued run, whose total is then the sum
            over its trials.
    """
    training = sum(t.outcome.seconds for t in trials)
    search = sum(t.suggest_seconds for t in trials)
    whole = sum(t.outcome.total_seconds + t.suggest_seconds for t in trials)
    total = whole if ended is None else ended - opened
    return RunSeconds(
        training=training,
        search=search,
        building=sum(t.outcome.build_seconds for t in trials),
        total=max(total, training + search),
        opening=opened - began,
    )


def _counts(trials: Sequence[Trial]) -> dict[str, int]:
    counts = {status.value: 0 for status in TrialStatus}
    for trial in trials:
        counts[trial.status.value] += 1
    return counts
