"""What is said of the clock ``reference`` follows from what was measured, and from nothing else."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest

from experiments.reference_clock.__main__ import PAGE
from experiments.reference_clock.fitting import computed, fitted_constants, summary
from experiments.reference_clock.measuring import rows
from harness.subjects.registry import FAULTS, Registry, load_registry
from harness.training import Request, Trainer, configure
from harness.training.reference import TIMES, Constants, reference, reference_times
from harness.views.cards import two_digits


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    configure("tensorflow", threads=1)
    return Trainer()


@pytest.fixture(scope="module")
def fitted() -> tuple[dict[str, Constants], pd.DataFrame]:
    return fitted_constants(rows())


def test_the_constants_are_those_that_fit_the_recorded_trainings(
    fitted: tuple[dict[str, Constants], pd.DataFrame],
) -> None:
    """Equal to 1 % in what they foretell: another processor may round the fit otherwise."""
    some, (found, table) = rows(), fitted
    stored = reference().frameworks
    for row in some:
        one, other = (sum(computed(row, known[row.framework])) for known in (found, stored))
        assert one == pytest.approx(other, rel=0.01)
    assert len(table) >= 12
    assert (table["trainings"] >= 40).all()


def test_most_trainings_cost_what_they_take() -> None:
    some = rows()
    found = np.array([sum(computed(row, reference().frameworks[row.framework])) for row in some])
    true = np.array([row.seconds + row.evaluate_seconds for row in some])
    assert np.mean(np.abs(np.log(found / true)) <= np.log(1.3)) >= 0.8


def test_the_page_shows_what_the_recorded_trainings_give(
    fitted: tuple[dict[str, Constants], pd.DataFrame],
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert summary(fitted[1]) in page
    times = pd.read_csv(TIMES)
    assert all(
        f"| {row.fault} | {row.data} | {two_digits(row.seconds)} |" in page
        for row in times.itertuples()
    )


def drawn() -> dict[str, dict[str, str]]:
    with TIMES.open(encoding="utf-8", newline="") as lines:
        return {row["fault"]: row for row in csv.DictReader(lines)}


def test_every_fault_has_its_time_and_a_draw_costs_at_most_two_of_them() -> None:
    found = drawn()
    assert set(found) == set(load_registry([FAULTS])) == set(reference_times())
    dear = {
        fault: row["cost_aware"] for fault, row in found.items() if float(row["cost_aware"]) > 2
    }
    assert not dear


@pytest.mark.parametrize("name", ["D1", "D7", "G1"])
def test_a_time_is_computed_without_training(
    name: str, registry: Registry, trainer: Trainer
) -> None:
    fault = registry[name]
    bill = trainer.bill(Request.of(fault, fault.faulty, seed=0))
    assert bill.whole == pytest.approx(reference_times()[name], rel=1e-5)
