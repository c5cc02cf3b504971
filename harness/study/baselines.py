"""Measures the baselines of a plan: the faulty and the fixed program, trained repeatedly."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.engine import Pool, Workers
from harness.records.baseline import Baseline, BaselineRecord, whole_time, whole_work
from harness.records.files import is_there
from harness.records.outcome import Outcome
from harness.records.store import Store
from harness.study.environment import environment, now
from harness.study.kept import KeptTrainings, baseline_seeds
from harness.study.plan import Plan, baseline_paths, stored_baseline
from harness.subjects.registry import Registry, folders, load_registry
from harness.training import Request
from harness.vocabulary import Cause, Configuration, HarnessError, TrialStatus

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
        if not is_there(path)
    ]
    if jobs:
        store.check()
        first = 0 if plan.chunk is None else (plan.chunk[0] - 1) * len(jobs) // plan.chunk[1]
        rotated = jobs[first:] + jobs[:first]
        still = (job for job in rotated if not is_there(job.path))  # asked when it is a job's turn
        for job, result in pool().map(_measure, still):
            if isinstance(result, Exception):
                raise HarnessError(f"the baseline of {job.fault} cannot be measured: {result!r}")
            record, summary = result
            record.write(job.path)
            say(f"baseline {job.fault}: {summary}")
    return {name: stored_baseline(plan, registry, store, name) for name in paths}


def _measure(job: _BaselineJob, workers: Workers) -> tuple[BaselineRecord, str]:
    """Train faulty and fixed program; return the record and a summary of it."""
    name = job.fault
    fault = load_registry(job.folders)[name]
    worker = workers(job.backend)
    device, started = worker.device(), now()
    trainings = KeptTrainings(job.store, job.backend, lambda: worker, same_device=True)
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
        if any(o.cause is Cause.TIME_OUT for o in lists[which]):
            raise HarnessError(
                f"the {which} program of {name} did not end in time: {lists[which][-1].message}. "
                "If it trains for so long, TIME_LIMIT in the environment gives its first training "
                "more seconds, and a smaller fraction of the data makes it faster; if it never "
                "ends, leave the fault out"
            )
        lost = [o for o in lists[which] if o.cause is Cause.INFRASTRUCTURE]
        if 0 < len(lost) < len(lists[which]):  # a program that kills all its processes is a result
            raise HarnessError(
                f"{len(lost)} of {len(lists[which])} trainings of {name} were lost with their "
                f"process ({lost[0].message}). Repeat the command: the others are kept"
            )
    if all(o.status is TrialStatus.INVALID for o in lists["faulty"]):
        raise HarnessError(
            f"the faulty program of {name} does not build: {lists['faulty'][0].message}"
        )
    training_time = whole_time(lists["faulty"])
    if training_time == 0:
        raise HarnessError(
            f"the faulty program of {name} never trains: T would be 0, and a budget is a multiple "
            f"of T ({lists['faulty'][0].message or 'no message'})"
        )
    judged = [o for o in lists["fixed"] if o.judged]
    if not judged:
        raise HarnessError(
            f"the fixed program of {name} does not train: {lists['fixed'][0].message}"
        )
    record = BaselineRecord(
        fault=name,
        content=fault.content,
        metric=fault.subject.metric,
        training_time=training_time,
        work=whole_work(lists["faulty"]),
        data=job.data,
        fraction=job.fraction,
        device=device,
        started=started,
        environment=environment(),
        faulty=lists["faulty"],
        fixed=lists["fixed"],
    )
    means = {
        which: statistics.fmean(o.holdout for o in outcomes if o.holdout is not None)
        if any(o.judged for o in outcomes)
        else float("nan")
        for which, outcomes in lists.items()
    }
    metric = fault.subject.metric
    return record, (
        f"T {training_time:.4f} s, {metric} {means['faulty']:.3f} faulty, "
        f"{means['fixed']:.3f} fixed"
    )
