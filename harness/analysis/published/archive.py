"""The published study as runs and baselines: what the analysis reads of any study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from harness.analysis.protocols import Protocol
from harness.analysis.published.autotrainer import Executions, autotrainer_runs, read_executions
from harness.analysis.published.facts import (
    BUDGETS,
    CLOCK,
    DATA,
    FRACTION,
    SHIPPED,
    SPACE,
    TECHNIQUES,
    Facts,
    hyperparameter,
    read_facts,
)
from harness.analysis.published.package import read_package
from harness.analysis.published.trials import HYPERPARAMETERS, TRIALS_FILE, read_trials
from harness.analysis.reference import BaselineKey
from harness.analysis.runset import RunSet
from harness.records.baseline import Baseline
from harness.records.outcome import ScoredOutcome, Trial
from harness.records.run import Run
from harness.vocabulary import Configuration, HarnessError, TrialStatus

FLOOR = 0.004475
"""Radians: what the UnityEyes programs score with NaN predictions. A clip to 0.99999 turns NaN into
that cosine, and its arc cosine in single precision is 0.00447518."""
FLOOR_TOLERANCE = 1e-6

STATUS = {
    "ok": TrialStatus.COMPLETED,
    "nan_metric": TrialStatus.DIVERGED,
    "crashed": TrialStatus.CRASHED,
    "cut_or_crashed": TrialStatus.CUT,
}


@dataclass(frozen=True)
class Published:
    """The study's record: nothing in it depends on a protocol but the baselines."""

    trials: pd.DataFrame
    """One row per started trial, see ``harness.analysis.published.trials``."""
    facts: Mapping[str, Facts]
    """By fault; those of all 30, also where trials are missing."""
    folder: Path = SHIPPED
    """Where the companions of the trials lie."""
    notes: Sequence[str] = field(default=())
    """What was skipped or found damaged, one message each."""

    @cached_property
    def runs(self) -> list[Run]:
        """The runs of Random, HEBO and BOHB.

        Trial 0 of each is the faulty program, trained again; it is part of the run.
        """
        return [run for _, group in self.trials.groupby("fault") for run in self._runs(group)]

    @cached_property
    def autotrainer(self) -> list[Run]:
        """Ten runs of AutoTrainer per fault and budget, resampled from its 50 executions."""
        return autotrainer_runs(self.executions, self.facts, self._start_of)

    @cached_property
    def executions(self) -> Executions:
        """The recorded executions of AutoTrainer."""
        return read_executions(self.folder)

    @property
    def complete(self) -> bool:
        """Whether each of the study's cells has runs."""
        cells = {(run.fault, run.technique, run.budget) for run in self.runs}
        return len(cells) == len(self.facts) * len(TECHNIQUES) * len(BUDGETS)

    def baselines(self, protocol: Protocol) -> dict[BaselineKey, Baseline]:
        """Faulty and fixed program of every fault with trials, as ``protocol`` takes them."""
        found = dict.fromkeys(run.fault for run in self.runs)
        made = self._first_trials() if protocol.faulty_list == "first_trials" else {}
        return {
            (name, DATA, FRACTION): made.get(name) or _reference(self.facts[name]) for name in found
        }

    def _start_of(self, fault: str) -> Configuration:
        return next((run.faulty for run in self.runs if run.fault == fault), {})

    def _first_trials(self) -> dict[str, Baseline]:
        """The faulty program as the runs themselves trained it, without what diverged."""
        firsts: dict[str, list[Trial]] = {}
        for run in self.runs:
            row = run.trials[0]
            if row.proposal == 0 and row.status is TrialStatus.COMPLETED:
                firsts.setdefault(run.fault, []).append(row)
        return {
            name: Baseline(
                fault=name,
                metric=self.facts[name].metric,
                faulty_holdout=[row.holdout for row in rows if row.holdout is not None],
                faulty_search=[row.search for row in rows if row.search is not None],
                fixed_holdout=(),
                fixed_search=(),
                training_time=self.facts[name].training_time,
                fixed_mean=self.facts[name].fixed_mean,
            )
            for name, rows in firsts.items()
        }

    def _runs(self, trials: pd.DataFrame) -> Iterator[Run]:
        """The runs of one fault."""
        facts = self.facts[trials["fault"].iloc[0]]
        configurations = _configurations(trials)
        ended = _ends(trials)
        floored = (trials["holdout_metric"] - FLOOR).abs() < FLOOR_TOLERANCE
        diverged = floored if facts.metric == "angle" else floored & False
        seconds = trials["train_s"].fillna(0.0).tolist()
        rows = [
            Trial(
                proposal=int(number),
                configuration=configuration,
                outcome=ScoredOutcome(
                    status=TrialStatus.DIVERGED if odd else STATUS[status],
                    seconds=took,
                    search=None if pd.isna(search) else search,
                    holdout=None if pd.isna(holdout) else holdout,
                ),
                spent=spent,
            )
            for number, status, odd, search, holdout, took, spent, configuration in zip(
                trials["trial"].tolist(),
                trials["status"].tolist(),
                diverged.tolist(),
                trials["search_metric"].tolist(),
                trials["holdout_metric"].tolist(),
                seconds,
                ended,
                configurations,
                strict=True,
            )
        ]
        faulty = configurations[int((trials["trial"] == 0).to_numpy().argmax())]
        fixed = {**faulty, **facts.fix}
        grouped = trials.reset_index(drop=True).groupby(["technique", "budget", "repeat"])
        indices: Mapping[Any, Any] = grouped.indices
        for (technique, budget, repeat), at in indices.items():
            own = [rows[i] for i in at]
            yield Run(
                fault=facts.fault,
                technique=technique,
                budget=float(budget),
                clock=CLOCK,
                space=SPACE,
                data=DATA,
                fraction=FRACTION,
                repetition=int(repeat),
                metric=facts.metric,
                faulty=faulty,
                fixed=fixed,
                trials=own,
                status="ok",
                training_seconds=sum(seconds[i] for i in at),
                search_seconds=0.0,
                total_seconds=own[-1].spent,
            )


def _reference(facts: Facts) -> Baseline:
    """The faulty and the fixed program as the printed tables and figures imply them."""
    return Baseline(
        fault=facts.fault,
        metric=facts.metric,
        faulty_holdout=facts.faulty_list,
        faulty_search=(),
        fixed_holdout=(),
        fixed_search=(),
        training_time=facts.training_time,
        faulty_mean=facts.faulty_mean,
        fixed_mean=facts.fixed_mean,
    )


def _configurations(trials: pd.DataFrame) -> list[Configuration]:
    """The configuration of each trial of one fault, in this project's names."""
    columns = [name for name in HYPERPARAMETERS if trials[name].notna().any()]
    names = [hyperparameter(name) for name in columns]
    values = (trials[name].astype(object).tolist() for name in columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def _ends(trials: pd.DataFrame) -> list[float]:
    """Seconds after the start of its run at which each trial had ended.

    A crash is not timed: it had ended when the next trial of the run started. The last trial of a
    run, where it has no result, counts from its start.
    """
    following = trials.groupby(["technique", "budget", "repeat"])["start_s"].shift(-1)
    ended = trials["start_s"] + trials["train_s"]
    result: list[float] = ended.fillna(following).fillna(trials["start_s"]).tolist()
    return result


def load_published(path: Path | None = None, package: Path | None = None) -> Published:
    """The published study.

    Args:
        path: A folder with ``trials.parquet`` and its companions; by default the shipped one.
        package: A clone of the replication package, whose result files then take the place of
            ``trials.parquet``; the companions are still those of ``path``.

    Raises:
        HarnessError: If there is no such folder or file, or it is not what it should be.
    """
    folder = SHIPPED if path is None else path
    facts = read_facts(folder)
    if package is None:
        trials, notes = read_trials(folder / TRIALS_FILE), list[str]()
    else:
        trials, notes = read_package(package, {f.subject: f.fault for f in facts.values()})
    if odd := sorted(set(trials["fault"]) - set(facts)):
        raise HarnessError(
            f"the trials name faults that the study does not have: {', '.join(odd)}. "
            f"Known: {', '.join(facts)}"
        )
    return Published(trials=trials, facts=facts, folder=folder, notes=notes)


def published_study(published: Published, budget: float, protocol: Protocol) -> RunSet:
    """The searchers' recorded runs of the published study at one of its budgets.

    Raises:
        HarnessError: If it has no runs of that budget.
    """
    runs = [run for run in published.runs if run.budget == budget]
    if not runs:
        found = sorted({run.budget for run in published.runs})
        raise HarnessError(
            f"the published study has no runs of budget {budget:g}. "
            f"Found: {', '.join(f'{b:g}' for b in found)}"
        )
    used = {run.technique for run in runs}
    return RunSet(
        runs=runs,
        baselines=published.baselines(protocol),
        subjects={name: name if facts.real else name[0] for name, facts in published.facts.items()},
        protocol=protocol,
        techniques=[name for name in TECHNIQUES if name in used],
    )
