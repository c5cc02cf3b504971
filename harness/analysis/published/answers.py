"""The numbers behind the study's figures and text, under any protocol.

Cells are rows of the table ``SCORES``, outcomes are rows of what single runs amount to.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from harness.analysis.metrics import asymmetric_jaccard_as_published, stability
from harness.analysis.patches import aj_as_defined, fix_complexity, patch_complexity
from harness.analysis.protocols import Protocol
from harness.analysis.published.archive import Published
from harness.analysis.published.facts import (
    AUTOTRAINER,
    BUDGETS,
    DATA,
    FRACTION,
    MAIN_BUDGET,
    TECHNIQUES,
)
from harness.analysis.reference import BaselineKey, rounded
from harness.analysis.scores import scores
from harness.analysis.statistics import Floats
from harness.analysis.winners import run_result, winner
from harness.records.baseline import Baseline
from harness.records.run import Run
from harness.vocabulary import METRICS, CellStatus, Configuration, unknown

ALL = (*TECHNIQUES, AUTOTRAINER)
WHISKER = 1.5
"""Interquartile ranges that a whisker may be long, as matplotlib draws it."""


class Box(NamedTuple):
    """What a box plot draws."""

    n: int
    low: float
    """Lower whisker: the smallest value within 1.5 interquartile ranges of the box."""
    q1: float
    median: float
    q3: float
    high: float
    outliers: tuple[float, ...]


def box(values: Iterable[float]) -> Box | None:
    """The box of some values; None without any.

    >>> box([1, 2, 3, 4, 9])
    Box(n=5, low=1.0, q1=2.0, median=3.0, q3=4.0, high=4.0, outliers=(9.0,))
    """
    sample = np.sort(np.asarray(list(values), dtype=float))
    if not len(sample):
        return None
    q1, middle, q3 = (float(q) for q in np.quantile(sample, [0.25, 0.5, 0.75]))
    reach = WHISKER * (q3 - q1)
    inside = sample[(sample >= q1 - reach) & (sample <= q3 + reach)]
    low, high = min(float(inside[0]), q1), max(float(inside[-1]), q3)
    outliers = tuple(float(v) for v in sample if not low <= v <= high)
    return Box(len(sample), low, q1, middle, q3, high, outliers)


class Estimate(NamedTuple):
    """A figure with its 95 % bootstrap interval; all missing without data."""

    value: float | None
    low: float | None
    high: float | None


class Share(NamedTuple):
    """Mean and standard deviation (ddof 0, as the study prints them) over ``n`` patches."""

    mean: float | None
    std: float | None
    n: int


@dataclass(frozen=True)
class Answer:
    """What runs of the study say under one protocol."""

    study: Published
    protocol: Protocol
    runs: Sequence[Run]
    """Those of the searchers and of AutoTrainer."""

    @classmethod
    def of(cls, study: Published, protocol: Protocol) -> Answer:
        """With all runs of the faults that have trials."""
        faults = set(study.trials["fault"])
        tool = [run for run in study.autotrainer if run.fault in faults]
        return cls(study, protocol, [*study.runs, *tool])

    @cached_property
    def cells(self) -> pd.DataFrame:
        """One row per fault x technique x budget: a frame of the table ``SCORES``."""
        return scores(self.runs, self.baselines, self.protocol)

    @cached_property
    def baselines(self) -> dict[BaselineKey, Baseline]:
        return self.study.baselines(self.protocol)

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """One row per run: fault, technique, budget, what it counts as and changes.

        ``picked`` is the holdout metric of its winner, ``value`` what the run counts as, ``better``
        whether the winner beats the faulty program on the search part. ``complexity``,
        ``aj_as_published`` and ``aj_as_defined`` are as :func:`patch_figures` has them;
        ``significant`` is that of its cell.
        """
        frame = pd.DataFrame([self._outcome(run) for run in self.runs])
        key = ["fault", "technique", "budget"]
        return frame.merge(self.cells[[*key, "significant"]], on=key, how="left")

    def _outcome(self, run: Run) -> dict[str, Any]:
        got = run_result(run, self.baselines[run.fault, DATA, FRACTION], self.protocol)
        best, patch = winner(run, self.protocol), run.faulty if got.no_patch else got.patch
        row: dict[str, Any] = {
            "fault": run.fault,
            "technique": run.technique,
            "budget": run.budget,
            "picked": np.nan if best is None else best.holdout,
            "value": np.nan if got.value is None else got.value,
            "better": got.better,
            "complexity": np.nan,
            "aj_as_published": np.nan,
            "aj_as_defined": np.nan,
        }
        if patch is None:
            return row
        defined = self._jaccard("as_defined", run, patch)
        return row | {
            "complexity": patch_complexity(run.faulty, patch, self.protocol),
            "aj_as_published": np.nan
            if got.no_patch
            else self._jaccard("as_published", run, patch),
            "aj_as_defined": np.nan if defined is None else defined,
        }

    @cached_property
    def comparable(self) -> pd.Series[bool]:
        """Which of the cells are among the cases in which AutoTrainer can be compared.

        A case is a fault and a budget for which AutoTrainer has a result, or for which it saw no
        symptom, which then counts as no success. The study has 52.
        """
        tool = self.cells[self.cells["technique"] == AUTOTRAINER]
        silent = {
            run.fault
            for run in self.study.autotrainer
            if run.status == CellStatus.NO_SYMPTOM and self.protocol.no_symptom_comparable
        }
        cases = {
            (fault, budget)
            for fault, budget, mean in zip(tool["fault"], tool["budget"], tool["mean"], strict=True)
            if not pd.isna(mean) or fault in silent
        }
        cells = zip(self.cells["fault"], self.cells["budget"], strict=True)
        return pd.Series([case in cases for case in cells], index=self.cells.index, dtype=bool)

    @property
    def cases(self) -> int:
        return len(self.cells.loc[self.comparable, ["fault", "budget"]].drop_duplicates())

    def significant(self, technique: str, budget: int) -> int:
        """Faults that a technique improves significantly."""
        own = self._of(technique, budget)
        return int(own["significant"].sum())

    def significant_in_comparable(self, technique: str) -> int:
        """Comparable cases that a technique improves significantly."""
        own = self.cells[self.comparable & (self.cells["technique"] == technique)]
        return int(own["significant"].sum())

    def improvement_box(self, technique: str, budget: int) -> Box | None:
        """Figure 1: improvement rates over the faults."""
        return box(self._of(technique, budget)["ir"].dropna())

    def improvement_median(self, technique: str, budget: int) -> Estimate:
        """Median improvement rate over the faults.

        Its interval draws subjects and then faults of them, since the mutants of one program are
        not independent; each real fault is a subject of its own.
        """
        own = self._of(technique, budget).dropna(subset="ir")
        subjects: dict[str, list[float]] = {}
        for fault, rate in zip(own["fault"], own["ir"], strict=True):
            real = self.study.facts[fault].real
            subjects.setdefault(fault if real else fault[0], []).append(rate)
        if not subjects:
            return Estimate(None, None, None)
        drawn = _resampled(list(subjects.values()), self.protocol)
        low, high = np.quantile(np.nanmedian(drawn, axis=1), [0.025, 0.975])
        return Estimate(float(own["ir"].median()), float(low), float(high))

    def values(self, fault: str, technique: str, budget: int) -> Box | None:
        """Figure 2: what the runs of a searcher reach on one fault.

        Raises:
            HarnessError: If the fault has no published runs.
        """
        own = self.outcomes[self.outcomes["fault"] == fault]
        if own.empty:
            raise unknown("published fault", fault, dict.fromkeys(self.outcomes["fault"]))
        own = own[(own["technique"] == technique) & (own["budget"] == budget)]
        if not self.protocol.figure_falls_back_to_first:
            return box(own["value"].dropna())
        facts = self.study.facts[fault]
        metric, first = METRICS[facts.metric], facts.first_faulty
        return box(first if pd.isna(v) else metric.best((first, v)) for v in own["picked"])

    def complexity_box(self, fault: str) -> Box | None:
        """Figure 3: complexity of the patches of significant cells at budget 20, all searchers."""
        own = self.outcomes[self.outcomes["significant"]]
        own = own[(own["fault"] == fault) & (own["budget"] == MAIN_BUDGET)]
        return box(own["complexity"].dropna())

    def fix_complexity(self, fault: str) -> float:
        """The marker of the developers' fix in Figure 3."""
        run = next(run for run in self.study.runs if run.fault == fault)
        return fix_complexity(run.faulty, run.fixed, self.protocol)

    def jaccard(
        self,
        way: Literal["as_published", "as_defined"],
        *,
        faults: Sequence[str] | None = None,
        significant_only: bool = True,
    ) -> Share:
        """Asymmetric Jaccard of the searchers' patches, all budgets."""
        own = self.outcomes
        if significant_only:
            own = own[own["significant"]]
        if faults is not None:
            own = own[own["fault"].isin(faults)]
        shares = own[f"aj_{way}"].dropna()
        if shares.empty:
            return Share(None, None, 0)
        return Share(float(shares.mean()), float(shares.std(ddof=0)), len(shares))

    def jaccard_by_chance(self, faults: Sequence[str]) -> float:
        """The protocol's asymmetric Jaccard of whatever Random tried: mean at the smallest budget.

        It is high wherever an arbitrary configuration changes nearly every hyperparameter. NaN
        without trials.
        """
        shares = [
            share
            for run in self.study.runs
            if run.technique == "random" and run.budget == BUDGETS[0] and run.fault in faults
            for row in run.trials[1:]
            if row.configuration is not None
            and (share := self._jaccard(self.protocol.aj, run, row.configuration)) is not None
        ]
        return fmean(shares) if shares else math.nan

    def _jaccard(self, way: str, run: Run, patch: Configuration) -> float | None:
        if way == "as_defined":
            return aj_as_defined(run.faulty, run.fixed, patch, (), self.protocol)
        return asymmetric_jaccard_as_published(run.faulty, run.fixed, patch)

    def real(self, real: bool) -> list[str]:
        """The real faults, or the artificial ones."""
        return [name for name, facts in self.study.facts.items() if facts.real is real]

    def mean_deviation(self, technique: str, *, significant_only: bool = True) -> float | None:
        """Mean over the comparable cells of the standard deviation of their (rounded) values."""
        own = self.cells[self.comparable & (self.cells["technique"] == technique)]
        if significant_only:
            own = own[own["significant"]]
        found = [
            deviation
            for fault, budget in zip(own["fault"], own["budget"], strict=True)
            if (deviation := self._deviations.get((fault, technique, budget))) is not None
        ]
        return fmean(found) if found else None

    @cached_property
    def _deviations(self) -> dict[tuple[str, str, float], float | None]:
        values: dict[tuple[str, str, float], list[float]] = {}
        for run in self.runs:
            baseline = self.baselines[run.fault, DATA, FRACTION]
            if (value := run_result(run, baseline, self.protocol).value) is not None:
                values.setdefault((run.fault, run.technique, run.budget), []).append(value)
        return {
            key: stability(rounded(reached, self.protocol), self.protocol.ddof)
            for key, reached in values.items()
        }

    def summary(self) -> dict[str, Any]:
        """Counts, medians and means as plain JSON values; missing ones are null.

        Techniques and budgets are keys; ``aj`` is by formula, kind of fault, and whether the
        significant cells only count.
        """
        over = {t: {str(b): (t, b) for b in BUDGETS} for t in ALL}
        rates = {
            t: {b: self.improvement_median(*at)._asdict() for b, at in cells.items()}
            for t, cells in over.items()
        }
        ways: tuple[Literal["as_published", "as_defined"], ...] = ("as_published", "as_defined")
        kinds = {"real": self.real(True), "artificial": self.real(False)}
        return {
            "protocol": self.protocol.name,
            "significant": {
                t: {b: self.significant(*at) for b, at in cells.items()}
                for t, cells in over.items()
            },
            "comparable_cases": self.cases,
            "significant_in_comparable": {t: self.significant_in_comparable(t) for t in ALL},
            "ir_median": {
                t: {b: rate["value"] for b, rate in of.items()} for t, of in rates.items()
            },
            "ir_median_interval": {
                t: {b: [rate["low"], rate["high"]] for b, rate in of.items()}
                for t, of in rates.items()
            },
            "mean_sigma_of_significant": {t: self.mean_deviation(t) for t in ALL},
            "mean_sigma_of_comparable": {
                t: self.mean_deviation(t, significant_only=False) for t in ALL
            },
            "aj": {
                way: {
                    kind: {
                        cells: self.jaccard(way, faults=faults, significant_only=only)._asdict()
                        for cells, only in (("significant", True), ("all", False))
                    }
                    for kind, faults in kinds.items()
                }
                for way in ways
            },
            "no_better_runs": {
                t: int(self.cells.loc[self.cells["technique"] == t, "no_better"].sum()) for t in ALL
            },
            "start_is_not_the_fault": self.flags(),
        }

    def flags(self) -> dict[str, str]:
        """Faults whose faulty list is not that of the fault, since their first trial is not it."""
        if self.protocol.faulty_list != "first_trials":
            return {}
        shown = set(self.cells["fault"])
        return {
            n: facts.start for n, facts in self.study.facts.items() if facts.start and n in shown
        }

    def _of(self, technique: str, budget: int) -> pd.DataFrame:
        cells = self.cells
        return cells[(cells["technique"] == technique) & (cells["budget"] == budget)]


def _resampled(subjects: Sequence[Sequence[float]], protocol: Protocol) -> Floats:
    """Values of resampled subjects, one resample a row; NaN where a subject has fewer values."""
    longest = max(len(values) for values in subjects)
    padded = np.full((len(subjects), longest), np.nan)
    for row, values in zip(padded, subjects, strict=True):
        row[: len(values)] = values
    sizes = np.array([len(values) for values in subjects])
    rng = np.random.default_rng(protocol.bootstrap_seed)
    chosen = rng.integers(len(subjects), size=(protocol.bootstrap_resamples, len(subjects)))
    within = rng.random((*chosen.shape, longest)) * sizes[chosen][..., None]
    drawn = padded[chosen[..., None], within.astype(int)]
    drawn[np.arange(longest) >= sizes[chosen][..., None]] = np.nan
    return np.asarray(drawn.reshape(len(drawn), -1))
