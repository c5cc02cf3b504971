"""The clock ``reference``: what a training costs on a stated machine, computed and not timed.

A program's price follows from its parts (``harness.training.anatomy``) and from constants that were
fitted once to trainings measured on an idle machine: ``reference_1.json`` beside this module. So a
training is charged the same on every machine at every load.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from harness.records.clocks import REFERENCE_VERSION
from harness.records.schema import NonNegative, from_json
from harness.training.anatomy import Anatomy, Part

CONSTANTS = Path(__file__).with_name(f"reference_{REFERENCE_VERSION}.json")
TIMES = Path(__file__).with_name(f"reference_{REFERENCE_VERSION}_times.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """Seconds of the reference machine, for the programs of one framework."""

    step: Mapping[str, NonNegative]
    """Of each amount of a training step, see ``Anatomy.per_step``."""
    sample: Mapping[str, NonNegative]
    """Of each amount of a trained sample, see ``Anatomy.per_sample``: forward and backward."""
    epoch: NonNegative
    start: NonNegative
    """Of a training, however short: its first calls."""
    call: NonNegative
    """Of each further call of the first epoch, see :func:`first_calls`."""
    judging: NonNegative
    """Of one evaluation, however large."""
    judged: Mapping[str, NonNegative]
    """Of each amount of a judged sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A reference machine: its constants for each framework."""

    version: int
    machine: str
    frameworks: Mapping[str, Constants]


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one program costs on the reference machine, in its seconds."""

    step: float
    sample: float
    epoch: float
    start: float
    """Of any training, also of one that continues another."""
    judging: float
    judged: float
    samples: int
    """Of an epoch."""
    batch_size: int

    @property
    def _steps(self) -> int:
        return -(-self.samples // self.batch_size)

    @property
    def _whole_epoch(self) -> float:
        return self._within(self._steps)

    def _within(self, steps: int) -> float:
        """Cost of the first steps of an epoch."""
        share = steps / self._steps
        seen = min(steps * self.batch_size, self.samples)
        return steps * self.step + seen * self.sample + share * self.epoch

    def steps_cost(self, steps: int) -> float:
        """Cost of the first ``steps`` steps of a training, without its start."""
        epochs, rest = divmod(steps, self._steps)
        return epochs * self._whole_epoch + self._within(rest)

    def evaluation(self, samples: int) -> float:
        """Cost of judging the program on so many samples."""
        return self.judging + samples * self.judged

    def checks(self, steps: int) -> float:
        """Cost of so many gradients on one mini-batch, without an update."""
        return steps * (self.step + min(self.batch_size, self.samples) * self.sample)

    def training(self, steps: int, after: int = 0) -> float:
        """Cost of a training up to step ``steps`` that continues one of ``after`` steps."""
        if steps <= after:
            return 0.0
        return self.start + self.steps_cost(steps) - self.steps_cost(after)

    def steps_within(self, cost: float, after: int = 0) -> float:
        """The step that such a training has reached when it has cost as much, with the step that
        reaches it: at least one more if ``cost`` is above 0; infinite if ``cost`` is."""
        least = after + 1 if cost > 0 else after
        return max(least, self._steps_for(cost - self.start + self.steps_cost(after)))

    def _steps_for(self, cost: float) -> float:
        """The fewest steps that cost as much."""
        if math.isinf(cost):
            return cost
        epochs = max(0, int(cost // self._whole_epoch))
        rest = cost - epochs * self._whole_epoch
        full = self._within(1)
        return epochs * self._steps + min(self._steps, max(0, math.ceil(rest / full - 1e-9)))


@cache
def reference() -> Reference:
    """The reference machine of this version."""
    return from_json(Reference, json.loads(CONSTANTS.read_text(encoding="utf-8")))


@cache
def reference_times() -> Mapping[str, float]:
    """T of the project's own faults: seconds of the reference machine for one training of the
    faulty program on all data, evaluation included."""
    with TIMES.open(encoding="utf-8", newline="") as lines:
        return {row["fault"]: float(row["seconds"]) for row in csv.DictReader(lines)}


def anatomy_of(parts: tuple[Part, ...], loss: str, optimiser: str, x: Any) -> Anatomy:
    """The anatomy of a program of these layers.

    Args:
        x: (n, ...) its training inputs, or a tuple of several.
    """
    inputs = x if isinstance(x, tuple) else (x,)
    numbers = sum(math.prod(map(int, part.shape[1:])) for part in inputs)
    return Anatomy(parts=parts, loss=loss, optimiser=optimiser, inputs=numbers)


def price(anatomy: Anatomy, framework: str, samples: int, batch_size: int) -> Price:
    """The price of a program.

    Args:
        framework: ``keras``, on whichever backend it runs, or ``pytorch``.
        samples: Of the training part.
    """
    return price_by(reference().frameworks[framework], anatomy, samples, batch_size)


def price_by(constants: Constants, anatomy: Anatomy, samples: int, batch_size: int) -> Price:
    """The price of a program by given constants."""
    per_sample = anatomy.per_sample()
    return Price(
        step=_sum(constants.step, anatomy.per_step()),
        sample=_sum(constants.sample, per_sample),
        epoch=constants.epoch,
        start=constants.start + constants.call * first_calls(-(-samples // batch_size)),
        judging=constants.judging,
        judged=_sum(constants.judged, per_sample),
        samples=samples,
        batch_size=batch_size,
    )


def first_calls(steps: int) -> float:
    """Calls of compiled code in an epoch of so many steps, the first one: each call trains four
    times as many steps as the one before (``harness.training.pace``).

    >>> first_calls(1), first_calls(5), first_calls(85)
    (1.0, 2.0, 4.0)
    """
    return round(math.log(3 * steps + 1, 4), 6)


def _sum(constants: Mapping[str, float], amounts: Mapping[str, float]) -> float:
    return sum(amount * constant_of(constants, name) for name, amount in amounts.items())


def constant_of(constants: Mapping[str, float], name: str) -> float:
    """The constant of an amount; of one that was not measured, the dearest of its sort."""
    if name in constants:
        return constants[name]
    sort = _sort(name)
    return max((value for other, value in constants.items() if _sort(other) == sort), default=0.0)


def _sort(name: str) -> str:
    """What kind of amount a name stands for.

    >>> _sort("dense MAC"), _sort("weight of adam")
    ('MAC', 'weight')
    """
    kind, of, _ = name.partition(" of ")
    return kind if of else name.split()[-1]
