"""What is usual: shares, densities and values worth trying, by hand."""

from __future__ import annotations

import math

import pytest

from harness.space.domains import Choice, Integer
from harness.space.operators import ACTIVATIONS, INITIALISERS, LOSSES, LOSSES_FOR, OPTIMISERS
from harness.space.practice import (
    BATCH,
    BIAS,
    EPOCHS,
    HIDDEN,
    KERNEL,
    LOSS,
    OPTIMISER,
    OUTPUT,
    RATE,
    Circumstances,
    batch_density,
    epochs_density,
    epochs_tries,
    hidden_or_output,
    kept_or_larger,
    kernel_or_bias,
    needed_rate,
    normal,
    rate_density,
    rate_tries,
    steps_of,
    usual_rate,
)
from harness.vocabulary import Configuration

FAULTY: Configuration = {
    "optimiser": "adam",
    "learning_rate": 0.1,
    "batch_size": 32,
    "epochs": 10,
    "units_1": 8,
}
AROUND = Circumstances(labels="binary", output="activation_2", faulty=FAULTY, steps=1000.0)
ANY = Choice((1, 2))


def test_tables_name_values_that_an_operator_can_set() -> None:
    for table in (HIDDEN, *OUTPUT.values()):
        assert set(table) <= set(ACTIVATIONS)
    assert {*KERNEL, *BIAS} <= set(INITIALISERS)
    assert set(OPTIMISER) == set(RATE) == set(OPTIMISERS)
    assert set(LOSS) == set(OUTPUT) == set(LOSSES_FOR)
    assert all(set(LOSS[labels]) <= set(LOSSES_FOR[labels]) <= set(LOSSES) for labels in LOSS)


@pytest.mark.parametrize("table", [HIDDEN, KERNEL, BIAS, OPTIMISER, *OUTPUT.values()])
def test_shares_are_positive_and_leave_no_more_than_a_little_to_the_rest(
    table: dict[str, float],
) -> None:
    assert min(table.values()) > 0
    assert 0.9 <= sum(table.values()) <= 1 + 1e-12


def test_the_output_layer_is_judged_by_the_labels() -> None:
    assert hidden_or_output("activation_2", ANY, FAULTY, AROUND) == OUTPUT["binary"]
    assert hidden_or_output("activation_1", ANY, FAULTY, AROUND) == HIDDEN
    assert kernel_or_bias("bias_initialiser_1", ANY, FAULTY, AROUND) == BIAS
    assert kernel_or_bias("kernel_initialiser_1", ANY, FAULTY, AROUND) == KERNEL


def test_a_number_of_neurons_is_kept_or_made_larger() -> None:
    known = kept_or_larger("units_1", Choice((4, 8, 16)), FAULTY, AROUND)
    assert known == {4: 0.1, 8: 0.6, 16: 0.3}
    assert kept_or_larger("units_1", Integer(4, 16), FAULTY, AROUND) == {}


def test_steps_grow_with_epochs_and_shrink_with_the_batch() -> None:
    assert steps_of(FAULTY, AROUND) == 1000
    assert steps_of({**FAULTY, "epochs": 30, "batch_size": 64}, AROUND) == 1500


def test_few_steps_need_a_larger_rate_where_the_rate_bounds_them() -> None:
    assert needed_rate(FAULTY, AROUND) == 0.001
    few = {**FAULTY, "epochs": 1}  # 100 steps that must move a weight by 0.5
    assert needed_rate(few, AROUND) == 0.005
    assert needed_rate({**few, "optimiser": "sgd"}, AROUND) == 0.01
    assert usual_rate("one_of_a_subject") == 0.001


def test_densities_are_highest_at_what_is_usual() -> None:
    peak = 1 / (2 * math.sqrt(2 * math.pi)) + 1e-3
    assert normal(0.0, 2.0) == pytest.approx(peak)
    assert normal(2.0, 2.0) == pytest.approx((peak - 1e-3) * math.exp(-0.5) + 1e-3)
    assert normal(1e3, 2.0) == 1e-3
    assert batch_density(BATCH, FAULTY, AROUND) > batch_density(2 * BATCH, FAULTY, AROUND)
    assert rate_density(0.001, FAULTY, AROUND) > rate_density(0.1, FAULTY, AROUND)
    enough = epochs_density(EPOCHS, FAULTY, AROUND)
    assert enough == epochs_density(10 * EPOCHS, FAULTY, AROUND)
    assert enough > epochs_density(EPOCHS / 2, FAULTY, AROUND)


def test_values_worth_trying() -> None:
    rates = rate_tries(0.5, FAULTY, AROUND)
    assert sorted(rates) == pytest.approx([0.001, 0.005, 0.05, 0.15, 1.5, 5.0, 50.0])
    epochs = epochs_tries(10, FAULTY, AROUND)
    assert epochs == {20: 1.0, 40: 1.0, 80: 1.0, 5: 0.1}
