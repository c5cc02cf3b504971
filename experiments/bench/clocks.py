"""How far the clocks ``work`` and ``training`` agree on what a trial costs."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import spearmanr

from harness.space.derivation import derive
from harness.subjects.fault import Fault
from harness.subjects.registry import load_registry
from harness.training import Request

if TYPE_CHECKING:
    from harness.engine import Worker

SUBJECTS = ("D1", "D3", "D7", "G1", "D6")
"""A fault of each: two dense networks for classes, one for a number, a CNN, and a tiny one."""


def agreement(trials: int = 40) -> list[tuple[str, str, str]]:
    """Random configurations of each subject; both costs as multiples of the faulty program's."""
    from harness.engine import Pool, Worker

    rows = []
    with Pool(1, "tensorflow"):
        worker = Worker("tensorflow")
        for name in SUBJECTS:
            work, seconds = _costs(worker, load_registry()[name], trials)
            ratio = seconds / work
            low, high = np.quantile(ratio, [0.1, 0.9])
            rows.append(
                (
                    f"{name}: cost in seconds and in work, {len(work)} random configurations",
                    f"rank correlation {spearmanr(work, seconds).statistic:.2f}; seconds per work "
                    f"{np.median(ratio):.2f} x the faulty program's (10 to 90 %: {low:.2f} to "
                    f"{high:.2f})",
                    "",
                )
            )
    return rows


def _costs(worker: Worker, fault: Fault, trials: int) -> tuple[np.ndarray, np.ndarray]:
    from harness.engine import RemoteTrain

    train = RemoteTrain(worker, Request.of(fault, fault.faulty, seed=0), seed=1)
    one = [train(fault.faulty, proposal=n, fidelity=1.0, limit=60.0) for n in range(5)]
    unit = median(o.work for o in one), median(o.seconds for o in one)
    space, rng = derive(fault.faulty, fault.subject.context), np.random.default_rng(0)
    outcomes = [
        train(space.sample(rng), proposal=5 + n, fidelity=1.0, limit=20 * unit[1])
        for n in range(trials)
    ]
    told = [(o.work / unit[0], o.seconds / unit[1]) for o in outcomes if o.judged]
    work, seconds = np.array(told).T
    return work, seconds
