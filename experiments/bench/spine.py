"""The main job: what a trial, a worker and a whole command cost."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import repeat
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from experiments.bench.trials import Listed, Stamped, gaps, process_per_trial
from harness.records.clocks import TrainingClock
from harness.space.derivation import derive
from harness.subjects.registry import load_registry
from harness.techniques.contract import Finish
from harness.training import Request

ROOT = Path(__file__).resolve().parents[2]
FAULT = "D6"


def overhead() -> list[tuple[str, str, str]]:
    """Between two trials: the harness, against a Ray Tune process for each trial."""
    from harness.engine import Pool, RemoteTrain, Worker
    from harness.engine.search import search

    fault = load_registry()[FAULT]
    with Pool(1, "tensorflow"):
        worker = Worker("tensorflow")
        worker.device()
        train = Stamped(RemoteTrain(worker, Request.of(fault, fault.faulty, seed=0), seed=1))

        def cell(seconds: float) -> tuple[float, list[list[float]]]:
            """A run of the harness: what it takes besides training, and its stamps."""
            clock, stamps = TrainingClock(seconds), []
            began = time.time()
            for item in search(Listed(repeat(fault.faulty)), train, clock):
                if isinstance(item, Finish):
                    continue
                clock.charge(item.outcome)
                stamps.append(json.loads(item.outcome.message))
            return time.time() - began - sum(e - b for b, e in stamps), stamps

        first, _ = cell(0.001)
        others = [cell(0.001)[0] for _ in range(5)]
        ours = gaps(cell(0.5)[1])
        theirs = gaps(process_per_trial(fault, [fault.faulty] * 5))
    ratio = median(theirs) / median(ours)
    return [
        (
            "overhead per trial, Random, median",
            f"{median(ours):.4f} s (n {len(ours)})",
            "<= 0.05 s",
        ),
        (
            "the same with a process per trial (Ray Tune without reuse)",
            f"{median(theirs):.2f} s (n {len(theirs)})",
            "",
        ),
        ("ratio of the two, same run", f"{ratio:.0f} x", ">= 50 x"),
        ("fixed cost of the first cell of a process", f"{first:.2f} s", "<= 5 s"),
        ("fixed cost of the cells after it, median", f"{median(others):.2f} s", "<= 5 s"),
    ]


def memory_over_trials(trials: int = 300) -> list[tuple[str, str, str]]:
    """Memory of one training worker over many different programs."""
    from harness.engine import Pool, RemoteTrain, Worker

    fault = load_registry()["D7"]
    space, rng = derive(fault.faulty, fault.subject.context), np.random.default_rng(0)
    held: list[int] = []
    with Pool(1, "tensorflow"):
        worker = Worker("tensorflow")
        train = RemoteTrain(worker, Request.of(fault, fault.faulty, seed=0), seed=1)
        for n in range(trials):
            configuration = {**space.sample(rng), "epochs": 1}
            held.append(train(configuration, proposal=n, fidelity=1.0, limit=60.0).memory)
    drops = sum(b < 0.8 * a for a, b in itertools.pairwise(held))
    return [
        (
            f"worker's memory over {trials} different programs: first, highest",
            f"{held[0] / 1e9:.2f} GB, {max(held) / 1e9:.2f} GB ({drops} fresh processes)",
            "<= 2 GB",
        )
    ]


@contextmanager
def watched(process: subprocess.Popen[Any]) -> Iterator[dict[str, int]]:
    """Highest memory of a command's driver and of Ray's processes for it, by kind."""
    peaks: dict[str, int] = {}
    done = threading.Event()

    def sample() -> None:
        while not done.wait(0.2):
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    pages = int((folder / "statm").read_text().split()[1])
                except (OSError, ValueError):
                    continue
                kind = next(
                    (k for k in ("_WorkerActor", "_Slot", "_Training") if f"ray::{k}" in command),
                    "driver" if folder.name == str(process.pid) else None,
                )
                if kind:
                    peaks[kind] = max(peaks.get(kind, 0), pages * os.sysconf("SC_PAGE_SIZE"))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    yield peaks
    done.set()
    thread.join()


def commands() -> list[tuple[str, str, str]]:
    """Whole commands: until the first training; the smoke plan; its tables."""
    with tempfile.TemporaryDirectory() as folder:
        script = str(ROOT / "experiments" / "repair.py")
        words = [sys.executable, script, "plan=smoke", "budget=20", f"results={folder}"]
        began = time.time()
        process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL)
        with watched(process) as peaks:
            process.wait()
        whole = time.time() - began
        starts = [
            datetime.fromisoformat(json.loads(path.read_text())["started"]).timestamp()
            for path in Path(folder, "baselines").iterdir()
        ]
        words[1] = str(ROOT / "experiments" / "tables.py")
        rows = [
            ("command to first training", f"{min(starts) - began:.1f} s", "<= 25 s"),
            ("plan smoke, the whole command", f"{whole:.0f} s", "<= 120 s"),
            ("its driver, highest memory", f"{peaks['driver'] / 1e9:.2f} GB", "<= 1 GB"),
            ("its training workers", f"{peaks['_WorkerActor'] / 1e9:.2f} GB", "<= 2 GB"),
            ("its cell processes (searchers)", f"{peaks['_Slot'] / 1e9:.2f} GB", ""),
        ]
    return rows + _tables()


def _tables() -> list[tuple[str, str, str]]:
    """The tables of plan ``laptop``, if its runs are stored."""
    script = str(ROOT / "experiments" / "tables.py")
    words = [sys.executable, script, "plan=laptop", "budget=20"]
    times = []
    for _ in range(3):
        began = time.time()
        done = subprocess.run(words, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        times.append(time.time() - began)
        if done.returncode:
            return [("tables of plan laptop from stored runs", "no runs stored", "<= 5 s")]
    return [
        ("tables of plan laptop from stored runs, median of 3", f"{median(times):.1f} s", "<= 5 s")
    ]


LOOPS = """
import json, statistics, sys, time
from harness.subjects.registry import load_registry
from harness.training import Request, Trainer, configure
configure("tensorflow")
import keras
fault = load_registry()["D7"]
request = Request.of(fault, fault.faulty, seed=1)
trainer = Trainer()
trainer.train(request)
ours = [trainer.train(request).seconds for _ in range(3)]
data, c = fault.subject.load(fault.data_seed, "default", 1.0), fault.faulty
theirs = []
for _ in range(3):
    model = fault.subject.build(c)
    model.compile(loss=c["loss"], optimizer=keras.optimizers.RMSprop(c["learning_rate"]))
    options = {"batch_size": c["batch_size"], "verbose": 0}
    model.fit(data.x_train, data.y_train, epochs=1, **options)
    began = time.perf_counter()
    model.fit(data.x_train, data.y_train, epochs=c["epochs"], **options)
    theirs.append(time.perf_counter() - began)
print(json.dumps([statistics.median(ours), statistics.median(theirs)]))
"""


def loops() -> list[tuple[str, str, str]]:
    """One training of D7, 200 epochs of three steps: the compiled loop against Keras' fit."""
    done = subprocess.run(
        [sys.executable, "-c", LOOPS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    ours, theirs = json.loads(done.stdout.splitlines()[-1])
    return [
        ("D7, one training, compiled loop over the steps", f"{ours:.2f} s", ""),
        ("D7, one training, Keras' fit on TensorFlow", f"{theirs:.2f} s", ""),
    ]
