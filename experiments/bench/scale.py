"""Runs side by side, and one run against the published study's way of working."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from experiments.bench.trials import Listed, Stamped, process_per_trial
from harness.records.clocks import TrainingClock
from harness.records.outcome import Outcome
from harness.records.store import Store
from harness.space.derivation import derive
from harness.study.plan import Plan
from harness.subjects.fault import Fault
from harness.subjects.registry import load_registry
from harness.techniques.contract import Finish
from harness.techniques.random import Random
from harness.training import Request
from harness.vocabulary import Configuration, HarnessError, TrialStatus

Rows = list[tuple[str, str, str]]

LASTING = """
id: LASTING
subject: digits_cnn
title: the digits CNN, trained for some hundred epochs at a rate far too small
faulty: {learning_rate: 0.00001, epochs: 400}
origin: {tool: DeepCrime, operator: change_learning_rate}
source: a fault for measuring only; T is above 5 s
"""

BUDGET = 20

SLEEP = 2.0
"""Seconds of a sleeping trial."""

SLEEPERS = 32

OLD_AND_NEW = (("D1", 1.0), ("D6", 1.0), ("G1", 1.0), ("R7", 0.02), ("R7", 1.0))
"""Faults, and the share of their data; plan ``study`` trains Reuters on a fiftieth."""


@contextmanager
def _lasting_fault() -> Iterator[None]:
    before = os.environ.get("FAULTS_PATH")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "LASTING.yaml").write_text(LASTING)
        os.environ["FAULTS_PATH"] = folder
        try:
            yield
        finally:
            del os.environ["FAULTS_PATH"]
            if before is not None:
                os.environ["FAULTS_PATH"] = before


def packed() -> Rows:
    """Share of a run's time that is not training: one run alone, then one on every core."""
    cores = len(os.sched_getaffinity(0))
    rows: Rows = []
    with _lasting_fault(), tempfile.TemporaryDirectory() as folder:
        for slots, least in ((1, "<= 5 %"), (cores, "<= 10 %")):
            told = _runs(Store(Path(folder)), slots)
            total = sum(r["total"] for r in told)
            training, building = (sum(r[p] for r in told) / total for p in ("training", "building"))
            per = fmean(r["T"] for r in told)
            rows.append(
                (
                    f"time of a run outside training, Random, T {per:.1f} s, {slots} side by side",
                    f"{1 - training:.1%}, of which building {building:.1%}",
                    least,
                )
            )
    return rows


def _runs(store: Store, slots: int) -> list[dict[str, float]]:
    """Seconds of ``slots`` runs of Random side by side; seeds tell the calls apart."""
    from harness.study.runner import run_plan

    plan = Plan(
        name="bench",
        faults=["LASTING"],
        techniques={"random": Random()},
        repetitions=slots,
        budget=BUDGET,
        seed=slots,
        seeds=3,
    )
    done = run_plan(plan, store, slots=slots, say=lambda _: None)
    records = [store.read_record(cell) for cell in done.cells]
    return [
        {
            "training": r.seconds.training,
            "building": r.seconds.building,
            "total": r.seconds.total,
            "T": r.training_time,
        }
        for r in records
    ]


@dataclass
class Sleeping:
    """A training that takes ``SLEEP`` seconds and no processor."""

    def __call__(self, configuration: Configuration, **asked: Any) -> Outcome:
        time.sleep(SLEEP)
        return Outcome(status=TrialStatus.COMPLETED, seconds=SLEEP, search=0.5, holdout=0.5)

    def remember(self, proposal: int, outcome: Outcome) -> None: ...


def throughput() -> Rows:
    """Trials per second of many workers against one; sleeping trials, then training ones."""
    from harness.engine import Pool

    cores = len(os.sched_getaffinity(0))
    rows: Rows = []
    with Pool(SLEEPERS, "pytorch") as pool:  # the framework that starts soonest; none is used
        one = _rate(pool, _sleep, [8])
        all_ = _rate(pool, _sleep, [8] * SLEEPERS)
    share = all_ / (SLEEPERS * one)
    rows.append(
        (
            f"throughput of {SLEEPERS} workers on trials that sleep",
            f"{share:.2f} x linear",
            ">= 0.9",
        )
    )
    with Pool(cores, "tensorflow") as pool:
        one = _rate(pool, _train, [60])
        all_ = _rate(pool, _train, [60] * cores)
    share = all_ / (cores * one)
    rows.append(
        (f"throughput of {cores} workers on {cores} cores, G1", f"{share:.2f} x linear", ">= 0.8")
    )
    return rows


def _rate(pool: Any, job: Any, trials: list[int]) -> float:
    """Trials per second, from the first one's beginning to the last one's end."""
    list(pool.map(job, [2] * len(trials)))  # everything has started and is compiled
    stamps = []
    for _, result in pool.map(job, trials):
        if isinstance(result, Exception):
            raise result
        stamps += result
    return len(stamps) / (max(end for _, end in stamps) - min(begin for begin, _ in stamps))


def _sleep(trials: int, workers: Any) -> list[list[float]]:
    return _search(Stamped(Sleeping()), [{"number": n} for n in range(trials)])


def _train(trials: int, workers: Any) -> list[list[float]]:
    from harness.engine import RemoteTrain

    fault = load_registry()["G1"]
    train = RemoteTrain(workers("tensorflow"), Request.of(fault, fault.faulty, seed=0), seed=1)
    return _search(Stamped(train), [fault.faulty] * trials)


def _search(train: Stamped, configurations: list[Configuration]) -> list[list[float]]:
    """The trials' beginnings and ends, on a search as every technique uses it."""
    from harness.engine.search import search

    clock = TrainingClock(1e9)
    stamps: list[list[float]] = []
    for item in search(Listed(configurations), train, clock):
        if not isinstance(item, Finish):
            clock.charge(item.outcome)
            stamps.append(json.loads(item.outcome.message))
    return stamps


def old_and_new(subjects: tuple[tuple[str, float], ...] = OLD_AND_NEW, trials: int = 8) -> Rows:
    """Trials finished per minute: the same random configurations, in the study's way and ours."""
    rows: Rows = []
    for name, fraction in subjects:
        label = name if fraction == 1 else f"{name}, fraction {fraction:g}"
        try:
            fault = load_registry()[name]
            fault.subject.load(fault.data_seed, "default", fraction)
        except HarnessError as error:
            rows.append((f"{label}: trials per minute", f"not measured: {error}", ""))
            continue
        theirs, ours = _per_minute(fault, fraction, trials)
        measured = f"{ours:.1f} against {theirs:.1f}: {ours / theirs:.1f} x"
        told = f"{label}: trials per minute, against a process per trial"
        rows.append((told, measured, ">= 5 x"))
    return rows


def _per_minute(fault: Fault, fraction: float, trials: int) -> tuple[float, float]:
    """In the study's way and in ours; what starts once, Ray and the first process, is left out."""
    from harness.engine import Pool, RemoteTrain, Worker
    from harness.engine.search import close

    space, rng = derive(fault.faulty, fault.subject.context), np.random.default_rng(0)
    kept = {"epochs": fault.faulty["epochs"]}
    configurations = [{**space.sample(rng), **kept} for _ in range(trials)]
    backend = fault.subject.backend
    with Pool(1, backend):
        old = process_per_trial(fault, [fault.faulty, *configurations], fraction)
        worker = Worker(backend)
        request = Request.of(fault, fault.faulty, seed=0, fraction=fraction)
        train = RemoteTrain(worker, request, seed=1)
        new = _search(Stamped(train), [fault.faulty, *configurations])
        close()
        worker.stop()
    theirs, ours = (60 * trials / (each[-1][1] - each[0][1]) for each in (old, new))
    return theirs, ours
