"""Random programs of many subjects, trained and timed on this machine."""

from __future__ import annotations

import gzip
import json
import multiprocessing
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.records.schema import from_json
from harness.space.derivation import derive
from harness.subjects.fault import Fault
from harness.subjects.registry import load_registry
from harness.training import Request, Trainer, configure, training_seed
from harness.training.anatomy import Anatomy
from harness.training.frameworks import framework
from harness.training.reference import anatomy_of
from harness.training.work import samples_seen

MEASURED = Path("results/recorded/reference-clock.jsonl.gz")

CONFIGURATIONS = 40
"""Of each subject that the constants are tested on; half as many others are fitted to."""

FITTED, TESTED = 1, 2

LONGEST = 12.0
"""Seconds after which a training is cut; its steps count as they are."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A subject to be measured; its epochs are few where one takes long."""

    fault: str
    data: str = "default"
    fraction: float = 1.0
    epochs: int | None = None
    """Most epochs; None for twice the faulty program's."""


SUBJECTS = (
    Measured("D1"),
    Measured("D2", "stand_in", 0.05),
    Measured("D3"),
    Measured("D6"),
    Measured("D7"),
    Measured("D8"),
    Measured("G1"),
    Measured("R1", fraction=0.02, epochs=3),
    Measured("M1", fraction=0.005, epochs=2),
    Measured("C1", fraction=0.005, epochs=2),
    Measured("D5", fraction=0.003, epochs=2),
    Measured("D9", fraction=0.005, epochs=2),
    Measured("U1", "stand_in", 0.005, epochs=2),
    Measured("P1", epochs=12),
    Measured("P3", epochs=12),
    Measured("P4", epochs=12),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One training, measured."""

    fault: str
    framework: str
    set: int
    """``FITTED`` or ``TESTED``."""
    anatomy: Anatomy
    batch_size: int
    samples: int
    judged_samples: int
    steps: int
    seconds: float
    """Of the steps alone."""
    evaluate_seconds: float

    @property
    def per_epoch(self) -> int:
        return -(-self.samples // self.batch_size)

    @property
    def seen(self) -> int:
        """Samples in the steps."""
        return samples_seen(self.steps, self.samples, self.batch_size)


def measure(names: list[str]) -> None:
    """Train each subject's random configurations, and store what they took."""
    MEASURED.parent.mkdir(parents=True, exist_ok=True)
    chosen = [row for row in SUBJECTS if not names or row.fault in names]
    with gzip.open(MEASURED, "wt") as stored:
        for subject in chosen:
            context = multiprocessing.get_context("spawn")
            with context.Pool(1) as pool:  # a process each: one backend, no traces of the others
                for row in pool.apply(_measured, (subject,)):
                    stored.write(json.dumps(row) + "\n")


def _measured(subject: Measured) -> list[dict[str, Any]]:
    fault = load_registry()[subject.fault]
    native = fault.subject.framework == "pytorch"
    configure("pytorch" if native else "tensorflow", threads=1)
    trainer, rows = Trainer(), list[dict[str, Any]]()
    made = framework(fault.subject.framework)
    data = fault.subject.data(fault.data_seed, subject.data, subject.fraction, fault.faulty)
    for which, configuration in _configurations(fault, subject):
        request = Request.of(
            fault,
            configuration,
            seed=training_seed(which, len(rows)),
            data=subject.data,
            fraction=subject.fraction,
        )
        if not rows:
            trainer.train(request)  # the first training of a process takes longer
        outcome = trainer.train(replace(request, limit=LONGEST))
        if not outcome.steps:
            continue
        row = Row(
            fault=subject.fault,
            framework="pytorch" if native else "keras",
            set=which,
            anatomy=anatomy_of(
                made.parts(fault.subject.build(dict(configuration)), data.x_train),
                str(configuration["optimiser"]),
                data.x_train,
            ),
            batch_size=int(configuration["batch_size"]),
            samples=len(data.y_train),
            judged_samples=len(data.y_search) + len(data.y_holdout),
            steps=outcome.steps,
            seconds=outcome.seconds - outcome.evaluate_seconds,
            evaluate_seconds=outcome.evaluate_seconds,
        )
        rows.append(asdict(row))
    seconds = sum(row["seconds"] for row in rows)
    print(f"{subject.fault}: {len(rows)} trainings, {seconds:.0f} s in them", flush=True)
    return rows


def _configurations(fault: Fault, subject: Measured) -> Iterator[tuple[int, dict[str, Any]]]:
    space = derive(fault.faulty, fault.subject.context)
    most = subject.epochs or 2 * int(fault.faulty["epochs"])
    for which, number in ((FITTED, CONFIGURATIONS // 2), (TESTED, CONFIGURATIONS)):
        rng = np.random.default_rng([which, *fault.id.encode()])
        for _ in range(number):
            configuration = space.sample(rng)
            epochs = round(float(np.exp(rng.uniform(0, np.log(most)))))
            yield which, {**configuration, "epochs": epochs}


def rows() -> list[Row]:
    with gzip.open(MEASURED, "rt") as stored:
        return [from_json(Row, json.loads(line)) for line in stored]
