"""The registered faults as a frame, one row each."""

from __future__ import annotations

import json

import pandas as pd

from harness.records.tables import table
from harness.subjects.registry import Registry
from harness.views.benchmark import status

FAULT_TABLE = table(
    "faults",
    """
    fault           | str   |        | id of the fault
    subject         | str   |        | program under repair
    kind            | str   |        | real or mutant
    framework       | str   |        | keras or pytorch
    metric          | str   |        | what judges a training
    title           | str   |        | what is wrong
    ground_truth    | str   |        | JSON: hyperparameter -> its faulty and its fixed value
    operators       | str   |        | repair operators of the true fix, separated by commas
    hyperparameters | int   |        | hyperparameters that repair operators reach
    data_set        | str   |        | data set that must be downloaded; missing if none
    repairable      | bool  |        | whether repair operators reach the true fix
    status          | str   |        | repairable, or why not
    source          | str   |        | where the fault is taken from
    """,
)


def fault_frame(registry: Registry) -> pd.DataFrame:
    """A frame of the table ``FAULT_TABLE``."""
    return FAULT_TABLE.frame(
        {
            "fault": fault.id,
            "subject": fault.subject.name,
            "kind": fault.kind,
            "framework": fault.subject.framework,
            "metric": fault.subject.metric,
            "title": fault.title,
            "ground_truth": json.dumps({n: list(pair) for n, pair in fault.ground_truth.items()}),
            "operators": ", ".join(operator.name for operator in fault.operators),
            "hyperparameters": len(fault.hyperparameters),
            "data_set": fault.subject.data_set or None,
            "repairable": fault.repairable,
            "status": status(fault),
            "source": fault.source,
        }
        for fault in registry.values()
    )
