"""The runs of one setting under one protocol: what every analysis across faults starts from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from harness.analysis.patches import patch_complexity
from harness.analysis.protocols import Protocol
from harness.analysis.reference import (
    BaselineKey,
    gap_of,
    metered,
    rounded,
)
from harness.analysis.scores import scores
from harness.analysis.significance import DeclaredFamily
from harness.analysis.statistics import Floats
from harness.analysis.summary import summarise
from harness.analysis.winners import run_result
from harness.records.baseline import Baseline
from harness.records.cell import Cell
from harness.records.run import Run
from harness.vocabulary import HarnessError


@dataclass(frozen=True, eq=False)
class RunSet:
    """Runs that share budget, clock and space, with what they are judged by.

    The runs of one fault share data variant and fraction, too; other faults may have others.
    """

    runs: Sequence[Run]
    baselines: Mapping[BaselineKey, Baseline]
    subjects: Mapping[str, str]
    """Fault -> its subject. A fault that is not named here is a subject of its own."""
    protocol: Protocol
    techniques: Sequence[str]
    """Those with runs, in the order of tables and figures."""
    missing: Sequence[Cell] = ()
    """Runs that are planned and not made."""
    family: DeclaredFamily | None = None
    """The declared family of tests; None: those that can be made."""
    context: Sequence[Run] = ()
    """Runs of the family that are not shown: their p-values count in the adjustment."""

    def __post_init__(self) -> None:
        if both := self._cells.keys() & {(run.fault, run.technique) for run in self.context}:
            raise HarnessError(
                f"cells are shown and not shown: {', '.join(map(str, sorted(both)))}"
            )
        settings = {(r.budget, r.clock, r.space) for r in (*self.runs, *self.context)}
        if len(settings) != 1:
            raise HarnessError(
                "a study is analysed in one budget, clock and space. "
                f"Found: {len(settings)} settings in {len(self.runs)} runs"
            )
        if len({(run.fault, run.data, run.fraction) for run in self.runs}) > len(self.data):
            raise HarnessError(
                "a study has one data variant and fraction for each fault. Found: several"
            )
        if odd := {run.technique for run in self.runs} ^ set(self.techniques):
            raise HarnessError(f"runs and named techniques differ in {', '.join(sorted(odd))}")

    @cached_property
    def whole(self) -> RunSet:
        """This study and the rest of its family: what tests are adjusted over."""
        if not self.context:
            return self
        others = dict.fromkeys(run.technique for run in self.context)
        return replace(
            self,
            runs=[*self.runs, *self.context],
            techniques=list(dict.fromkeys([*self.techniques, *others])),
            context=(),
        )

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One row per fault and technique: the table ``SCORES``."""
        if not self.context:
            return scores(self.runs, self.baselines, self.protocol, self.family)
        shown = [
            self.shows(*cell)
            for cell in zip(self.whole.scores["fault"], self.whole.scores["technique"], strict=True)
        ]
        return self.whole.scores[shown].reset_index(drop=True)

    def shows(self, fault: str, technique: str) -> bool:
        """Whether a cell is one of this study, and not only of its family."""
        return (fault, technique) in self._cells

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row per technique: the table ``SUMMARY``."""
        return summarise(self.scores, self.protocol)

    @property
    def budget(self) -> float:
        """As a multiple of T."""
        return self.runs[0].budget

    @cached_property
    def data(self) -> dict[str, str]:
        """Fault -> its data variant."""
        return {run.fault: run.data for run in self.runs}

    @cached_property
    def _fractions(self) -> dict[str, float]:
        return {run.fault: run.fraction for run in self.runs}

    @cached_property
    def origin(self) -> str:
        """One sentence about the runs that were made with a larger budget; '' if none was."""
        longer = Counter(run.prefix_of for run in self.runs if run.prefix_of is not None)
        if not longer:
            return ""
        numbers = " and ".join(
            f"{n} of {len(self.runs)} with budget {budget:g}"
            for budget, n in sorted(longer.items())
        )
        saved = f"This saves {self.budget:g} T a run."
        return f"Read off the beginnings of longer runs: {numbers}. {saved}"

    @cached_property
    def faults(self) -> list[str]:
        """Those with runs, in natural order."""
        return list(dict.fromkeys(self.scores["fault"]))

    @cached_property
    def rated(self) -> list[str]:
        """Faults that every technique has runs of and that have an improvement rate."""
        return [
            fault
            for fault in self.faults
            if self.gap(fault) is not None
            and all(len(self.rates(fault, technique)) for technique in self.techniques)
        ]

    @cached_property
    def _cells(self) -> dict[tuple[str, str], list[Run]]:
        cells: dict[tuple[str, str], list[Run]] = {}
        for run in sorted(self.runs, key=lambda run: run.repetition):
            cells.setdefault((run.fault, run.technique), []).append(run)
        return cells

    def cell(self, fault: str, technique: str) -> list[Run]:
        """The repetitions, in order; empty if there are none."""
        return self._cells.get((fault, technique), [])

    def baseline(self, fault: str) -> Baseline:
        return self.baselines[fault, self.data[fault], self._fractions[fault]]

    def subject(self, fault: str) -> str:
        return self.subjects.get(fault, fault)

    def values(self, fault: str, technique: str) -> list[float]:
        """Holdout metric of the runs; the metric's worst value for a run without a result."""
        base = self.baseline(fault)
        results = [run_result(run, base, self.protocol) for run in self.cell(fault, technique)]
        return metered([r.value for r in results], base)

    def patch_sizes(self, fault: str, technique: str) -> list[float]:
        """Complexity of the patch of each run that ends with one."""
        base = self.baseline(fault)
        patches = (
            (run, run_result(run, base, self.protocol).patch) for run in self.cell(fault, technique)
        )
        return [
            patch_complexity(run.faulty, patch, self.protocol)
            for run, patch in patches
            if patch is not None
        ]

    def gap(self, fault: str) -> tuple[float, float] | None:
        """Mean holdout metric of the faulty and the fixed program.

        None where an improvement rate means nothing, see :func:`gap_of`.
        """
        return self._gaps[fault]

    @cached_property
    def _gaps(self) -> dict[str, tuple[float, float] | None]:
        return {fault: gap_of(self.baseline(fault), self.protocol) for fault in self.faults}

    def rate(self, fault: str, values: Sequence[float]) -> Floats:
        """The improvement rate of each of these values of the holdout metric.

        Raises:
            ValueError: If the fault has none, see :meth:`gap`.
        """
        gap = self.gap(fault)
        if gap is None:
            raise ValueError(f"fault {fault} has no improvement rate")
        return (np.asarray(rounded(values, self.protocol)) - gap[0]) / (gap[1] - gap[0])

    def rates(self, fault: str, technique: str) -> Floats:
        """The improvement rate of each run."""
        return self.rate(fault, self.values(fault, technique))
