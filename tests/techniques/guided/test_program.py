from __future__ import annotations

import math

from harness.techniques.guided.program import TriedProgram


def test_a_program_without_full_trainings_is_infinitely_bad_and_has_no_cost() -> None:
    program = TriedProgram({"epochs": 1})
    assert (program.error, program.cost, program.best_training()) == (math.inf, 0.0, None)


def test_the_error_is_the_mean_of_the_full_trainings() -> None:
    assert TriedProgram({}, errors={0: 0.5, 3: 0.25}).error == 0.375
    assert TriedProgram({}, errors={0: 0.5, 3: math.inf}).error == math.inf


def test_the_cost_of_a_full_training_follows_from_shares() -> None:
    assert TriedProgram({}, charged=3.0, trained=1.5).cost == 2.0


def test_the_best_training_has_the_least_error_and_the_lowest_number() -> None:
    assert TriedProgram({}, errors={5: 0.2, 2: 0.2, 1: 0.3, 0: math.inf}).best_training() == 2
    assert TriedProgram({}, errors={0: math.inf}).best_training() is None


def test_equal_configurations_are_different_programs() -> None:
    assert TriedProgram({"epochs": 1}) != TriedProgram({"epochs": 1})
