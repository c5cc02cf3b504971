"""A subject that goes wrong in many ways, and a technique that tries them all."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outside import SUBJECT, write_faults

from harness.records.clocks import ClockFace
from harness.records.outcome import Outcome
from harness.techniques.contract import Optimiser, Proposal, RepairTask
from harness.vocabulary import Cause, TrialStatus

CRASHED, INVALID, DIVERGED = TrialStatus.CRASHED, TrialStatus.INVALID, TrialStatus.DIVERGED

TROUBLES: dict[str, tuple[str, TrialStatus, Cause]] = {
    "segmentation fault": ("os.kill(os.getpid(), 11)", CRASHED, Cause.INFRASTRUCTURE),
    "killed by the kernel, out of memory": (
        "os.kill(os.getpid(), 9)",
        CRASHED,
        Cause.INFRASTRUCTURE,
    ),
    "an array beyond all memory": ("np.ones(10**15)", INVALID, Cause.MEMORY),
    "sys.exit": ("sys.exit('a subject that leaves')", CRASHED, Cause.PROGRAM),
    "os._exit": ("os._exit(3)", CRASHED, Cause.INFRASTRUCTURE),
    "exception": ("1 / 0", INVALID, Cause.SHAPE),
    "error that cannot be pickled": ("raise Unpicklable()", INVALID, Cause.SHAPE),
    "error without words": ("raise Wordless()", INVALID, Cause.SHAPE),
    "output of a wrong shape": ("return wrong_shape()", INVALID, Cause.LABELS),
    "NaN": ("return nan()", DIVERGED, Cause.NON_FINITE),
    "hang": ("time.sleep(3600)", CRASHED, Cause.TIME_OUT),
}
"""Name -> what ``build`` does, and the row that it leaves.

A program that cannot be built counts as one whose shapes do not fit: that is why patches cannot.
"""

RATES = [0.02 + n / 1000 for n in range(len(TROUBLES))]
"""Learning rates that ask for the troubles, in their order."""

HEAD = """
import os, sys, threading, time
import numpy as np

class Unpicklable(Exception):
    def __init__(self):
        super().__init__("no copy of me")
        self.lock = threading.Lock()

class Wordless(Exception):
    def __str__(self):
        raise RuntimeError("no words either")

def wrong_shape():
    from keras import Input, Sequential, layers
    return Sequential([Input((4,)), layers.Dense(3, activation="softmax")])

def nan():
    from keras import Input, Sequential, layers
    return Sequential([
        Input((4,)), layers.Dense(2, activation="softmax"), layers.Rescaling(float("nan")),
    ])
"""


def write(folder: Path) -> Path:
    """A folder with the fault X1 whose subject goes wrong for certain learning rates."""
    write_faults(folder, "X1")
    cases = "".join(
        f'    if c["learning_rate"] == {rate!r}: {what}\n'
        for rate, (what, _, _) in zip(RATES, TROUBLES.values(), strict=True)
    )
    head, build = SUBJECT.split("def build(c):\n")
    (folder / "subjects" / "sum_sign.py").write_text(f"{HEAD}{head}def build(c):\n{cases}{build}")
    return folder


class _Troubled(Optimiser):
    """Every trouble, each followed by the faulty program."""

    def __init__(self, faulty: dict[str, Any]) -> None:
        rates = [each for rate in RATES for each in (rate, faulty["learning_rate"])]
        self._proposals = [
            Proposal(proposal=n, configuration={**faulty, "learning_rate": rate})
            for n, rate in enumerate(rates)
        ]

    def ask(self) -> Proposal | None:
        return self._proposals.pop(0) if self._proposals else None

    def tell(self, proposal: Proposal, outcome: Outcome) -> None: ...

    def health(self) -> dict[str, int]:
        return {}


@dataclass(frozen=True)
class Troubled:
    """Runs on Ray Tune as the project's techniques do."""

    def optimiser(self, task: RepairTask, clock: ClockFace, seed: int) -> Optimiser:
        return _Troubled(dict(task.faulty))


class _SetBack(Optimiser):
    def __init__(self, inner: Optimiser) -> None:
        self._inner, self._asked, self._right = inner, 0, time.time

    def ask(self) -> Proposal | None:
        self._asked += 1
        hours = self._asked
        time.time = lambda: self._right() - 3600 * hours
        return self._inner.ask()

    def tell(self, proposal: Proposal, outcome: Outcome) -> None:
        self._inner.tell(proposal, outcome)

    def health(self) -> Mapping[str, int | float | str]:
        time.time = self._right
        return self._inner.health()


@dataclass(frozen=True)
class SetBack:
    """The machine's time goes back by an hour before each trial."""

    def optimiser(self, task: RepairTask, clock: ClockFace, seed: int) -> Optimiser:
        from harness.techniques.random import Random

        return _SetBack(Random().optimiser(task, clock, seed))
