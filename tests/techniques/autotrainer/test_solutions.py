"""What AutoTrainer's solutions change, and in which order they come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scheduling import TRAINING

from harness.records.observation import Symptom
from harness.techniques.autotrainer.rules import AS_RUN, STRATEGIES, Rules, rules_of
from harness.techniques.autotrainer.solutions import ORDERS, SOLUTIONS, Situation, solutions_for


def case(rules: Rules = AS_RUN, **training: object) -> Situation:
    """A slowly converging program with two dense layers, whose training has these values."""
    how = replace(TRAINING, **training)  # type: ignore[arg-type]
    return Situation(how, ("dense", "dense"), Symptom.SLOW, rules)


@pytest.mark.parametrize(
    ("name", "given", "present"),
    [
        ("gradient", {"options": {"clipnorm": 1.0}}, True),
        ("gradient", {"options": {"momentum": 0.5}}, False),
        ("adam", {"optimiser": "adam"}, True),
        ("adam", {}, False),
        ("batch", {"batch_size": 32}, True),
        ("batch", {"batch_size": 16}, False),
    ],
)
def test_what_is_there_already_is_not_tried(
    name: str, given: dict[str, object], present: bool
) -> None:
    change = SOLUTIONS[name].apply(case(**given), 0, np.random.default_rng(0))
    assert (change is None) is present


def test_noise_is_not_added_twice() -> None:
    noisy = replace(case(), kinds=("other", "noise", "dense"))
    assert SOLUTIONS["GN"].apply(noisy, 0, np.random.default_rng(0)) is None


def test_drawn_values_lie_in_their_ranges() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        clip = SOLUTIONS["gradient"].apply(case(), 0, rng)
        momentum = SOLUTIONS["momentum"].apply(case(), 0, rng)
        other = SOLUTIONS["optimizer"].apply(case(), 0, rng)
        assert clip and momentum and other
        assert 9 <= clip.training.options["clipvalue"] <= 10
        assert 0.01 <= momentum.training.options["momentum"] <= 0.9
        assert other.training.optimiser != "sgd"


def test_filters_keep_at_least_one_solution() -> None:
    def kept(**changes: object) -> list[str]:
        return [s.name for s in solutions_for(Symptom.EXPLODING, rules_of("as_run", **changes))]

    assert kept() == ["selu", "relu", "gradient", "tanh", "bn"]
    assert kept(grades=0) == ["gradient"]
    assert kept(save_memory=True) == ["selu", "relu", "gradient", "tanh"]
    assert kept(strategy="structure") == ["gradient", "relu", "selu", "tanh", "bn"]
    vanishing = solutions_for(Symptom.VANISHING, rules_of("as_run", grades=0))
    assert [s.name for s in vanishing] == ["selu"]


def test_every_symptom_has_an_order_of_known_solutions_under_every_strategy() -> None:
    assert set(ORDERS) == set(STRATEGIES)
    for orders in ORDERS.values():
        assert set(orders) == set(Symptom)
        assert {name for order in orders.values() for name in order} <= set(SOLUTIONS)


@pytest.mark.parametrize(
    ("symptom", "optimiser", "rates"),
    [
        (Symptom.SLOW, "sgd", [0.01, 0.1, 1.0]),
        (Symptom.SLOW, "adam", [0.001, 0.01, 0.1]),
        (Symptom.OSCILLATING, "sgd", [0.01, 0.001, 0.0001]),
    ],
)
def test_rates_rise_against_slowness_and_fall_otherwise(
    symptom: Symptom, optimiser: str, rates: list[float]
) -> None:
    this = replace(case(optimiser=optimiser, learning_rate=0.5), symptom=symptom)
    rng = np.random.default_rng(0)
    changes = [SOLUTIONS["lr"].apply(this, n, rng) for n in range(3)]
    assert [c.training.learning_rate for c in changes if c] == rates
