"""The contract of a technique: its promises and its arguments.

The technique proposes, ``train`` trains and measures time, the clock charges, the runner records.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from harness.records.clocks import ClockFace
from harness.records.outcome import Outcome, Trial
from harness.space.derivation import Space
from harness.training.watched.history import History
from harness.vocabulary import CellStatus, Configuration, Metric

FREE_TRIALS = 200
"""Trials in a row that are invalid or cost nothing, after which a run ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProgram:
    """The program under repair: how to build it, and its data. It holds no ground truth."""

    framework: str
    labels: str
    build: Callable[[Configuration], Any]
    """Configuration -> uncompiled model."""
    data: Callable[[], Any]
    """() -> (x_train, y_train, x_search, y_search), copies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairTask:
    """All that a technique learns of a fault: no id, no ground truth, no holdout value.

    Each run gets a copy of its own: what a technique changes in it changes nothing elsewhere.
    """

    faulty: Configuration
    """The faulty program's configuration, settings included."""
    space: Space
    metric: Metric
    """Measures the search part; knows its direction."""
    training_time: float
    """T, seconds: the median training time of the faulty program."""
    program: TaskProgram | None = None


class Train(Protocol):
    """Trains one configuration and judges it; never raises for a bad program."""

    def __call__(
        self,
        configuration: Configuration,
        *,
        proposal: int,
        fidelity: float,
        limit: float,
        history: History | None = None,
        look: bool = False,
    ) -> Outcome:
        """Train and judge. The run is charged, whatever becomes of the outcome.

        Args:
            configuration: Complete, settings included; plain values inside the space, or the faulty
                program's own.
            proposal: Number of the configuration within the run, from 0. It seeds the training,
                and a second call with the same number continues the training of the first.
            fidelity: Share of the configuration's training steps to reach, in (0, 1].
            limit: What the training may be charged at most, above 0, in the unit of the run's
                clock; then it is cut. What is left of the budget bounds it in any case.
            history: Asks for a watched training that goes on from others; the outcome then says
                what was ``watched``. The program is built from its start; ``configuration`` is
                what the program has become, as far as hyperparameters tell it, and may lie outside
                the space.
            look: Asks what a localiser says of the program before it trains; the outcome then
                has a ``look``. Both may be asked for together.

        Returns:
            The outcome, without a holdout value where a technique asks.
        """


class WorkerTrain(Train, Protocol):
    """``Train`` as the engine has it: it can be pickled, and copies of it train elsewhere."""

    def remember(self, proposal: int, outcome: Outcome) -> None:
        """Note a training that a copy of this object made in another process."""


@dataclass(frozen=True, slots=True)
class Finish:
    """A technique's closing word: counters of its search, and whether it applied at all."""

    health: Mapping[str, int | float | str]
    status: CellStatus = CellStatus.OK
    """``ok``, ``not_applicable`` or ``no_symptom``; their names do as well."""
    choice: int | None = None
    """Proposal that the technique returns as its patch, which must have been trained; None leaves
    it to the search metric. The
    note of a trial may hold a ``choice`` too: what would be returned if the run ended before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The training that an optimiser asks for."""

    proposal: int
    configuration: Configuration
    fidelity: float = 1.0
    note: Mapping[str, Any] | None = None
    history: History | None = None
    look: bool = False
    limit: float = math.inf
    """Highest charge for the training, in the clock's unit, below the rest of the budget."""


class Optimiser(Protocol):
    """A search algorithm that knows no processes or files.

    Calls of ``ask`` and ``tell`` alternate: one proposal is trained at a time.
    """

    def ask(self) -> Proposal | None:
        """The next training; None ends the search before its budget is spent."""

    def tell(self, proposal: Proposal, outcome: Outcome) -> None:
        """Learn the outcome of ``proposal``. Called once for every proposal, failures included."""

    def health(self) -> Mapping[str, int | float | str]:
        """Counters of how the search went, at any time."""

    def finish(self) -> Finish:
        """The closing word; by default the counters, and no choice of its own."""
        return Finish(self.health())


class NotApplicable(Exception):
    """A technique cannot treat a program, for this reason; see :meth:`AskAndTell.optimiser`."""


@runtime_checkable
class AskAndTell(Protocol):
    """A technique that is asked for one training at a time; the engine drives it on Ray Tune.

    A technique is a frozen dataclass: its fields are its settings and part of a run's identity,
    together with its name and its version. ``version: ClassVar[int]`` is 1 unless the class says
    otherwise; its author raises it when equal settings no longer mean equal trials. A class of
    one's own may say its ``name: ClassVar[str]``; else it is the class name in snake case. It may
    say ``anytime: ClassVar[bool] = True`` if what it proposes does not depend on how much of
    the budget is left: its runs then answer smaller budgets too. Modules of packages that a plain
    install lacks are named in ``needs: ClassVar[tuple[str, ...]]``; a study checks them first.
    """

    def optimiser(self, task: RepairTask, clock: ClockFace, seed: int) -> Optimiser:
        """A fresh search. Equal arguments give equal proposals, in any process.

        Args:
            task: The program under repair.
            clock: What was spent and what is left; it can only be read.
            seed: The only source of randomness.

        Raises:
            NotApplicable: If the technique cannot treat this program.
        """


@runtime_checkable
class OwnLoop(Protocol):
    """A technique that calls ``train`` itself; otherwise as :class:`AskAndTell`."""

    def repair(
        self, task: RepairTask, train: Train, clock: ClockFace, seed: int
    ) -> Iterator[Trial | Finish]:
        """Yield the trial of each training before the next one.

        A trial holds what ``train`` was given and what it returned, and a note if there is one; its
        other fields are the runner's. A training is charged and recorded whether its trial is
        yielded or not. Once ``clock`` is exhausted, ``train`` ends the run. A :class:`Finish` may
        end it earlier. Equal arguments give equal trials, in any process.
        """


class TechniqueError(Exception):
    """A technique raised, or did what its contract forbids: the end of its run, and of no other."""


Technique = AskAndTell | OwnLoop
"""Looks for a patch for one fault until its budget is spent."""
