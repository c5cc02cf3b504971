"""Studies small enough to compute by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from recorded import recorded_trial

from harness.analysis.protocols import CORRECTED, Protocol
from harness.analysis.runset import RunSet
from harness.records.baseline import Baseline
from harness.records.outcome import Trial
from harness.records.run import Run
from harness.vocabulary import TrialStatus, Value

FAULTY: dict[str, Value] = {"loss": "hinge", "epochs": 1, "units_1": 8}
FIXED: dict[str, Value] = {**FAULTY, "loss": "poisson"}
PATCH: dict[str, Value] = {**FAULTY, "loss": "log_cosh", "units_1": 16}
T = 2.0
"""Seconds."""

FAST = replace(CORRECTED, bootstrap_resamples=200)
"""The corrected protocol with fewer resamples."""

AS_FOUND = replace(FAST, no_better_is_no_patch=False, unjudged="worst")
"""Every run counts with its winner, however bad, and ranks worst without one."""

Trials = Sequence[tuple[float, float | None]]
"""When a trial has ended, in multiples of T, and the value that it has on both parts."""


def row(number: int, at: float, value: float | None, holdout: float | None = None) -> Trial:
    return recorded_trial(
        number,
        status=TrialStatus.DIVERGED if value is None else TrialStatus.COMPLETED,
        search=value,
        holdout=value if holdout is None else holdout,
        spent=at * T,
        configuration=PATCH,
    )


def run(trials: Trials, fault: str = "M1", technique: str = "random", repetition: int = 0) -> Run:
    return Run(
        fault=fault,
        technique=technique,
        budget=10.0,
        clock="training",
        space="corrected",
        data="default",
        fraction=1.0,
        repetition=repetition,
        metric="accuracy",
        faulty=FAULTY,
        fixed=FIXED,
        trials=[row(i, at, value) for i, (at, value) in enumerate(trials)],
        status="ok",
        training_seconds=10.0,
        search_seconds=1.0,
        total_seconds=12.0,
    )


def baseline(fault: str, training_time: float = T) -> Baseline:
    """Faulty 0.2, fixed 0.8: clearly exposed."""
    return Baseline(
        fault=fault,
        metric="accuracy",
        faulty_holdout=[0.19, 0.2, 0.2, 0.2, 0.21],
        fixed_holdout=[0.79, 0.8, 0.8, 0.8, 0.81],
        faulty_search=[0.2] * 5,
        fixed_search=[0.8] * 5,
        training_time=training_time,
    )


def study(
    cells: Mapping[tuple[str, str], Sequence[Trials]],
    subjects: Mapping[str, str] | None = None,
    protocol: Protocol = FAST,
) -> RunSet:
    """From (fault, technique) -> the trials of each of its runs."""
    return RunSet(
        runs=[
            run(trials, fault, technique, number)
            for (fault, technique), runs in cells.items()
            for number, trials in enumerate(runs)
        ],
        baselines={(fault, "default", 1.0): baseline(fault) for fault, _ in cells},
        subjects=subjects or {},
        protocol=protocol,
        techniques=list(dict.fromkeys(technique for _, technique in cells)),
    )


def reaching(values: Mapping[tuple[str, str], Sequence[float]], **changes: object) -> RunSet:
    """From (fault, technique) -> the value of each run, which takes three trials."""
    return study(
        {cell: [[(2, 0.1), (4, None), (6, v)] for v in of] for cell, of in values.items()},
        **changes,  # type: ignore[arg-type]
    )
