"""Trials, runs and missing runs of a study as frames, one row each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from harness.analysis.patches import patch_complexity
from harness.analysis.runset import RunSet
from harness.analysis.winners import run_result
from harness.records.run import Run
from harness.records.tables import table
from harness.vocabulary import Configuration, changed

TRIALS = table(
    "trials",
    """
    fault        | str   |        | id of the fault
    technique    | str   |        | name of the technique
    repetition   | int   |        | number of the run
    trial        | int   |        | number of the trial in its run, from 0
    proposal     | int   |        | number of the configuration that it trains
    status       | str   |        | completed, diverged, crashed, cut or invalid
    search       | float | metric | value that the technique sees; missing if not judged
    holdout      | float | metric | value that only the analysis sees; missing if not judged
    fidelity     | float | share  | part of a full training that the trial was given
    spent        | float | clock  | charged to the run when the trial had ended
    patch        | str   |        | JSON: hyperparameter -> its new value; missing if not recorded
    """,
)

RUNS = table(
    "runs",
    """
    fault            | str   |        | id of the fault
    technique        | str   |        | name of the technique
    repetition       | int   |        | number of the run
    budget           | float | x T    | budget as a multiple of the faulty program's training time
    clock            | str   |        | what was charged
    space            | str   |        | search space
    data             | str   |        | data variant
    fraction         | float | share  | share of the training data used
    metric           | str   |        | what value measures
    status           | str   |        | ok, not_applicable, no_symptom or timed_out
    trials           | int   | trials | trials of the run
    value            | float | metric | what the run counts as; missing if it ranks worst
    better           | bool  |        | whether its winner beats the fault on the search part
    no_patch         | bool  |        | whether it returns no patch and counts as the faulty program
    patch            | str   |        | JSON: hyperparameter -> its value in the winner
    complexity       | float | share  | hyperparameters that the patch changes
    confirmed        | int   |        | re-trainings of winners of the run
    training_seconds | float | s      | inside training and its evaluation
    search_seconds   | float | s      | deciding what to try
    total_seconds    | float | s      | the whole run
    prefix_of        | float | x T    | budget of the run whose beginning this is
    """,
)

MISSING = table(
    "missing",
    """
    fault      | str   |     | id of the fault
    technique  | str   |     | name of the technique
    repetition | int   |     | number of the run
    budget     | float | x T | budget as a multiple of the faulty program's training time
    """,
)


def trial_frame(study: RunSet) -> pd.DataFrame:
    """One row per trial: a frame of the table ``TRIALS``."""
    return TRIALS.frame(
        {
            **_of(run),
            "trial": number,
            "proposal": row.proposal,
            "status": str(row.status),
            "search": row.search,
            "holdout": row.holdout,
            "fidelity": row.fidelity,
            "spent": row.spent,
            "patch": _patch(run.faulty, row.configuration),
        }
        for run in study.runs
        for number, row in enumerate(run.trials)
    )


def run_frame(study: RunSet) -> pd.DataFrame:
    """One row per run: a frame of the table ``RUNS``."""
    return RUNS.frame(_run_row(study, run) for run in study.runs)


def _run_row(study: RunSet, run: Run) -> Mapping[str, Any]:
    result = run_result(run, study.baseline(run.fault), study.protocol)
    size = 0.0 if result.no_patch else None
    if result.patch is not None:
        structural = len(result.structural)
        size = patch_complexity(run.faulty, result.patch, study.protocol, structural)
    return {
        **_of(run),
        "budget": run.budget,
        "clock": run.clock,
        "space": run.space,
        "data": run.data,
        "fraction": run.fraction,
        "metric": run.metric,
        "status": str(run.status),
        "trials": len(run.trials),
        "value": result.value,
        "better": result.better,
        "no_patch": result.no_patch,
        "patch": _patch(run.faulty, result.patch),
        "complexity": size,
        "confirmed": len(run.confirmed),
        "training_seconds": run.training_seconds,
        "search_seconds": run.search_seconds,
        "total_seconds": run.total_seconds,
        "prefix_of": run.prefix_of,
    }


def missing_frame(study: RunSet) -> pd.DataFrame:
    """One row per run that is planned and not made: a frame of the table ``MISSING``."""
    return MISSING.frame(
        {
            "fault": cell.fault,
            "technique": cell.technique,
            "repetition": cell.repetition,
            "budget": cell.budget,
        }
        for cell in study.missing
    )


def _of(run: Run) -> dict[str, Any]:
    return {"fault": run.fault, "technique": run.technique, "repetition": run.repetition}


def _patch(faulty: Configuration, configuration: Configuration | None) -> str | None:
    if configuration is None:
        return None
    return json.dumps({name: after for name, (_, after) in changed(faulty, configuration).items()})
