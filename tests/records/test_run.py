"""A run as the analysis reads it."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from cells import run

from harness.records.run import Confirmation, Minimised
from harness.records.schema import Misfit, from_json


def test_the_unit_is_a_budget_of_one() -> None:
    assert run(1).unit is None
    assert run(1, allowed=50.0).unit == 2.5


def test_a_run_is_not_changed_by_its_readers() -> None:
    with pytest.raises(FrozenInstanceError):
        run(1).choice = 3  # type: ignore[misc]


def test_a_patch_that_was_minimised_early_lacks_the_later_fields() -> None:
    found = from_json(Minimised, {"configuration": {"epochs": 5}, "trainings": 6})
    assert found == Minimised({"epochs": 5}, 6)
    assert (found.cost, found.holdout_before) == (None, ())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"proposal": -1}, "proposal is -1, not at least 0"),
        ({"fidelity": 1.5}, "fidelity is 1.5"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_re_training_out_of_range_is_a_misfit(change: dict[str, float], message: str) -> None:
    outcome = {"status": "diverged", "seconds": 1.0}
    entry = {"proposal": 1, "fidelity": 0.5, "seed": 3, "outcome": outcome}
    assert from_json(Confirmation, entry).outcome.seconds == 1.0
    with pytest.raises(Misfit, match=message):
        from_json(Confirmation, {**entry, **change})
