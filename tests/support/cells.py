"""One cell small enough to compute by hand: its runs, its baseline, its row of the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from recorded import recorded_trial

from harness.analysis.protocols import CORRECTED, Protocol
from harness.analysis.scores import scores
from harness.records.baseline import Baseline
from harness.records.outcome import Outcome, Trial
from harness.records.run import Confirmation, Run
from harness.vocabulary import TrialStatus, Value

FAULTY: dict[str, Value] = {"loss": "hinge", "epochs": 1, "units_1": 8, "dropout_1": 0.25}


FIXED: dict[str, Value] = {**FAULTY, "loss": "poisson"}


PATCH: dict[str, Value] = {**FAULTY, "loss": "logcosh", "units_1": 16}


def trial(
    proposal: int,
    search: float | None,
    holdout: float | None = None,
    status: TrialStatus | None = None,
    fidelity: float = 1.0,
    configuration: dict[str, Value] = PATCH,
) -> Trial:
    holdout = search if holdout is None else holdout
    judged = TrialStatus.DIVERGED if search is None else TrialStatus.COMPLETED
    return recorded_trial(
        proposal,
        status=status or judged,
        search=search,
        holdout=holdout,
        fidelity=fidelity,
        spent=10.0 * (proposal + 1),
        configuration=configuration,
    )


def run(repetition: int, *trials: Trial, **changes: Any) -> Run:
    base = Run(
        fault="M1",
        technique="random",
        budget=20.0,
        clock="training",
        space="corrected",
        data="default",
        fraction=1.0,
        repetition=repetition,
        metric="accuracy",
        faulty=FAULTY,
        fixed=FIXED,
        trials=trials,
        status="ok",
        training_seconds=100.0,
        search_seconds=5.0,
        total_seconds=120.0,
    )
    return replace(base, **changes)


def reaching(values: Sequence[float | None], **changes: Any) -> list[Run]:
    """One run per value: a trial that diverges, then a patch of that value."""
    start = trial(0, None)
    return [
        run(i, start, trial(1, v), **changes)
        if v is not None
        else run(i, trial(0, None), **changes)
        for i, v in enumerate(values)
    ]


def baseline(
    faulty: Sequence[float] = (0.1, 0.2, 0.1, 0.2, 0.15),
    fixed: Sequence[float] = (0.9, 0.91, 0.92, 0.9, 0.93),
    **changes: Any,
) -> Baseline:
    base = Baseline(
        fault="M1",
        metric="accuracy",
        faulty_holdout=faulty,
        fixed_holdout=fixed,
        faulty_search=faulty,
        fixed_search=fixed,
        training_time=30.0,
    )
    return replace(base, **changes)


def score(
    runs: Sequence[Run], base: Baseline | None = None, protocol: Protocol = CORRECTED
) -> pd.Series[Any]:
    frame = scores(runs, {("M1", "default", 1.0): base or baseline()}, protocol)
    assert len(frame) == 1
    return frame.iloc[0]


GOOD = [0.8, 0.82, 0.84, 0.86, 0.88]


def confirmed(*holdouts: float | None, proposal: int = 1) -> list[Confirmation]:
    return [
        Confirmation(
            proposal=proposal,
            fidelity=1.0,
            seed=seed,
            outcome=Outcome(status=TrialStatus.DIVERGED, seconds=1.0)
            if value is None
            else Outcome(status=TrialStatus.COMPLETED, seconds=1.0, search=0.5, holdout=value),
        )
        for seed, value in enumerate(holdouts)
    ]
