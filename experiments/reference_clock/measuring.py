"""Random programs of many subjects, trained and timed on this machine."""

from __future__ import annotations

import gzip
import json
import math
import multiprocessing
from collections.abc import Iterator, Sequence
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
from harness.training.samples import each
from harness.training.work import samples_seen

MEASURED = Path("results/recorded/reference-clock.jsonl.gz")

CONFIGURATIONS = 60
"""Of each subject."""

SHORT = 20
"""Of these, with fewer epochs than a study draws: they tell what does not depend on steps."""

LONGEST = 12.0
"""Seconds after which a training is cut; its steps count as they are."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A subject to be measured, on as many data as train in about a second."""

    fault: str
    data: str = "default"
    fraction: float = 1.0


SUBJECTS = (
    Measured("D1"),
    Measured("D2", "stand_in", 0.05),
    Measured("D3"),
    Measured("D6"),
    Measured("D7"),
    Measured("D8"),
    Measured("G1"),
    Measured("R1", fraction=0.02),
    Measured("M1", fraction=0.002),
    Measured("C1", fraction=0.001),
    Measured("D9", fraction=0.002),
    Measured("P1", fraction=0.3),
    Measured("P3", fraction=0.3),
    Measured("P4", fraction=0.3),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One training, measured."""

    fault: str
    framework: str
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


def measure(names: Sequence[str]) -> None:
    """Train each subject's random configurations, and store what they took.

    Args:
        names: Faults whose subjects are measured, in place of what is stored of them; none: all.
    """
    for subject in (row for row in SUBJECTS if not names or row.fault in names):
        with multiprocessing.get_context("spawn").Pool(1) as pool:  # a backend, and no other traces
            made = pool.apply(_measured, (subject,))
        others = [row for row in rows() if row.fault != subject.fault]
        _store([*others, *made])
        seconds = sum(row.seconds for row in made)
        print(f"{subject.fault}: {len(made)} trainings, {seconds:.0f} s in them", flush=True)


def _store(some: Sequence[Row]) -> None:
    place = [subject.fault for subject in SUBJECTS]
    lines = [json.dumps(asdict(row)) for row in sorted(some, key=lambda r: place.index(r.fault))]
    MEASURED.parent.mkdir(parents=True, exist_ok=True)
    MEASURED.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0))


def _measured(subject: Measured) -> list[Row]:
    fault = load_registry()[subject.fault]
    native = fault.subject.framework == "pytorch"
    configure("pytorch" if native else "tensorflow", threads=1)
    trainer, made = Trainer(), list[Row]()
    program = framework(fault.subject.framework)
    data = fault.subject.data(fault.data_seed, subject.data, subject.fraction, fault.faulty)
    x = each(program.tensor, data.x_train)
    for configuration in _configurations(fault):
        request = Request.of(
            fault,
            configuration,
            seed=training_seed(1, len(made)),
            data=subject.data,
            fraction=subject.fraction,
        )
        if not made:
            trainer.train(request)  # the first training of a process takes longer
        outcome = trainer.train(replace(request, limit=LONGEST))
        if not outcome.steps:
            continue
        anatomy = anatomy_of(
            program.parts(fault.subject.build(dict(configuration)), x),
            str(configuration["loss"]),
            str(configuration["optimiser"]),
            data.x_train,
        )
        made.append(
            Row(
                fault=subject.fault,
                framework="pytorch" if native else "keras",
                anatomy=anatomy,
                batch_size=int(configuration["batch_size"]),
                samples=len(data.y_train),
                judged_samples=len(data.y_search) + len(data.y_holdout),
                steps=outcome.steps,
                seconds=outcome.seconds - outcome.evaluate_seconds,
                evaluate_seconds=outcome.evaluate_seconds,
            )
        )
    return made


def _configurations(fault: Fault) -> Iterator[dict[str, Any]]:
    """Random programs as a study draws them; the first ones shorter."""
    space = derive(fault.faulty, fault.subject.context, "cost_aware")
    rng = np.random.default_rng([*fault.id.encode()])
    most = math.log(2 * int(fault.faulty["epochs"]))
    for number in range(CONFIGURATIONS):
        drawn = space.sample(rng)
        if number < SHORT:
            drawn["epochs"] = round(math.exp(rng.uniform(0, most)))
        yield drawn


def rows() -> list[Row]:
    """All trainings that are stored."""
    if not MEASURED.exists():
        return []
    text = gzip.decompress(MEASURED.read_bytes()).decode()
    return [from_json(Row, json.loads(line)) for line in text.splitlines()]
