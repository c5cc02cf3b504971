"""The registered faults as a frame."""

from __future__ import annotations

import json

from harness.subjects.registry import Registry
from harness.views.catalogue import FAULT_TABLE, fault_frame


def test_a_fault_is_a_row(registry: Registry) -> None:
    frame = fault_frame(registry)
    assert list(frame.columns) == FAULT_TABLE.names and len(frame) == len(registry)
    row = frame.set_index("fault").loc["D1"]
    assert json.loads(row["ground_truth"]) == {"activation_3": ["softmax", "sigmoid"]}
    assert (row["kind"], row["operators"], row["hyperparameters"]) == ("real", "activation", 15)
    assert bool(row["repairable"]) and row["status"] == "repairable"
