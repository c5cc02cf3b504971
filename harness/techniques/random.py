"""Random search: every configuration is drawn independently of the outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.records.clocks import ClockFace
from harness.records.outcome import Outcome
from harness.space.derivation import Space
from harness.techniques.contract import Optimiser, Proposal, RepairTask
from harness.techniques.support import Ledger, Source
from harness.techniques.usual import usual_start
from harness.vocabulary import Configuration


class RandomOptimiser(Optimiser):
    """Draws from the space; learns nothing."""

    def __init__(
        self,
        space: Space,
        seed: int,
        first: Configuration | None = None,
        source: Source = Source.FAULTY,
    ) -> None:
        """Start a search.

        Args:
            space: The search space.
            seed: Seed of all draws.
            first: First proposal; None draws that one too.
            source: Origin of ``first``.
        """
        self._space = space
        self._rng = np.random.default_rng(seed)
        self._first, self._source = first, source
        self._ledger = Ledger(source, Source.RANDOM)

    def ask(self) -> Proposal:
        if self._first is not None:
            first, self._first = self._first, None
            return self._ledger.enter(first, self._source)
        return self._ledger.enter(self._space.sample(self._rng), Source.RANDOM)

    def tell(self, proposal: Proposal, outcome: Outcome) -> None:
        """Nothing: random search does not learn."""

    def health(self) -> Mapping[str, int | float | str]:
        return self._ledger.health()


@dataclass(frozen=True, kw_only=True)
class Random:
    """Random search, as the paper describes it: no particular start.

    Source: Kim et al., ICST 2023, section III.
    """

    anytime: ClassVar[bool] = True

    from_faulty: bool = False
    """Whether the faulty configuration is the first one."""

    def optimiser(self, task: RepairTask, clock: ClockFace, seed: int) -> RandomOptimiser:
        return RandomOptimiser(task.space, seed, task.faulty if self.from_faulty else None)


@dataclass(frozen=True, kw_only=True)
class RandomIcst23(Random):
    """Random search as the study's package ran it: the faulty configuration first."""

    from_faulty: bool = True


@dataclass(frozen=True, kw_only=True)
class RandomUsual:
    """Random search that starts with the usual program, see :mod:`harness.techniques.usual`.

    A control of guided repair: what it finds beyond :class:`Random` is owed to the table of usual
    values.
    """

    anytime: ClassVar[bool] = True

    def optimiser(self, task: RepairTask, clock: ClockFace, seed: int) -> RandomOptimiser:
        return RandomOptimiser(task.space, seed, usual_start(task), Source.USUAL)
