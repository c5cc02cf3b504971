from __future__ import annotations

import math

import pytest
from formula import completed

from harness.records.outcome import Outcome
from harness.techniques.guided.judging import Judge
from harness.vocabulary import METRICS, TrialStatus

ACCURACY = METRICS["accuracy"]


def test_the_error_of_a_failure_is_infinite() -> None:
    judge = Judge(ACCURACY)
    assert judge.error(completed(0.75)) == 0.25
    assert judge.error(Outcome(status=TrialStatus.DIVERGED, seconds=1.0)) == math.inf


def test_noise_is_the_standard_error_of_a_difference_of_accuracies() -> None:
    assert Judge(ACCURACY, samples=50).noise(0.5) == pytest.approx(0.1)
    assert Judge(ACCURACY).noise(0.5) == 0.0  # the number of samples is not known yet
    assert Judge(ACCURACY, samples=50).noise(0.0) == 0.0
    assert Judge(METRICS["mae"], samples=50).noise(0.5) == 0.0


@pytest.mark.parametrize(
    ("before", "after", "least", "samples", "verdict"),
    [
        (0.5, 0.44, 0.1, 0, True),
        (0.5, 0.46, 0.1, 0, False),
        (0.5, 0.44, 0.1, 50, False),  # less than chance explains
        (0.5, 0.39, 0.1, 50, True),
        (0.5, 0.5, 0.0, 0, False),
        (math.inf, 0.9, 0.1, 0, True),
        (math.inf, math.inf, 0.1, 0, False),
        (0.5, math.inf, 0.1, 0, False),
    ],
)
def test_a_gain_is_large_enough_and_no_chance(
    before: float, after: float, least: float, samples: int, verdict: bool
) -> None:
    assert Judge(ACCURACY, samples).helps(before, after, least) == verdict
