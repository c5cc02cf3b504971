"""T of all faults by the reference clock, and what a random program costs; nothing is trained."""

from __future__ import annotations

import csv
import multiprocessing
from dataclasses import replace

import numpy as np

from harness.data import STAND_IN
from harness.space.derivation import Space, derive
from harness.subjects.fault import Fault
from harness.subjects.registry import load_registry
from harness.training import Request, Trainer, configure
from harness.training.failures import CannotTrain
from harness.training.reference import TIMES

DRAWN = ("cost_aware", "corrected", "icst23")
"""Search spaces whose draws are priced."""

DRAWS = 60
"""Programs of which the mean is taken."""


def write_times() -> None:
    """Compute T of all faults, without training."""
    kinds: dict[str, list[str]] = {}
    for fault in load_registry().values():
        kinds.setdefault(fault.subject.framework, []).append(fault.id)
    context = multiprocessing.get_context("spawn")
    found: list[tuple[str, ...]] = []
    for names in kinds.values():
        with context.Pool(1) as pool:
            found += pool.apply(_times, (names,))
    with TIMES.open("w", encoding="utf-8", newline="") as stored:
        writer = csv.writer(stored, lineterminator="\n")
        writer.writerows([("fault", "data", "seconds", *DRAWN), *sorted(found)])


def _times(names: list[str]) -> list[tuple[str, ...]]:
    registry, trainer = load_registry(), Trainer()
    native = registry[names[0]].subject.framework == "pytorch"
    configure("pytorch" if native else "tensorflow", threads=1)
    found = []
    for name in names:
        fault = registry[name]
        data = STAND_IN if STAND_IN in fault.subject.variants else "default"
        request = Request.of(fault, fault.faulty, seed=0, data=data)
        time = trainer.bill(request).whole
        draws = _costs_of_a_draw(fault, trainer, request)
        found.append((name, data, f"{time:.6g}", *(f"{cost / time:.3g}" for cost in draws)))
        print(*found[-1], flush=True)
    return found


def _costs_of_a_draw(fault: Fault, trainer: Trainer, request: Request) -> list[float]:
    """Expected cost of a random program, seconds of the reference machine, in each of ``DRAWN``.

    Epochs are drawn independently of all else, and an epoch of a program costs the same always.
    """
    rng = np.random.default_rng([*fault.id.encode()])
    spaces = [derive(fault.faulty, fault.subject.context, variant) for variant in DRAWN]
    epochs, judging = list[float](), list[float]()
    while len(epochs) < DRAWS:
        configuration = spaces[0].sample(rng)
        try:
            bill = trainer.bill(replace(request, configuration=configuration))
        except CannotTrain:
            continue
        epochs.append(bill.training / int(configuration["epochs"]))
        judging.append(bill.evaluation)
    return [
        float(np.mean(epochs)) * _mean_epochs(space, rng) + float(np.mean(judging))
        for space in spaces
    ]


def _mean_epochs(space: Space, rng: np.random.Generator) -> float:
    if "epochs" not in space.domains:
        return float(space.frozen["epochs"])
    return float(np.mean([space.domains["epochs"].sample(rng) for _ in range(20_000)]))
