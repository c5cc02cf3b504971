"""The five detectors: on published series, and at, below and above every threshold."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.techniques.autotrainer.rules import AS_DESCRIBED, AS_RUN
from harness.training.watched.symptoms import (
    Gradients,
    Recogniser,
    Series,
    Symptom,
    SymptomThresholds,
    dying,
    exploding,
    greatest_gain,
    loss_is_lost,
    low_accuracy,
    oscillating,
    slow,
    swings,
    vanishing,
)
from harness.vocabulary import HarnessError

LIMITS = SymptomThresholds()
CALM = Gradients(first=1.0, last=1.0, zero_share=0.0, finite=True)
DEMOS = Path(__file__).parents[2] / "data"


def published(name: str) -> Series:
    """A training of the authors' demos, as their repository holds it (folder demo_case)."""
    with open(DEMOS / f"autotrainer_{name}.csv") as file:
        rows = list(csv.DictReader(file))
    accuracy, val_accuracy = ([float(row[column]) for row in rows] for column in rows[0])
    return Series([0.7] * len(rows), accuracy, [0.7] * len(rows), val_accuracy)


def first(series: Series, epochs: int, gradients: Gradients, limits: SymptomThresholds) -> tuple[
    int, Symptom
] | None:  # fmt: skip
    """Where a series is first found ill, and of what."""
    recogniser = Recogniser(limits, epochs)
    for index in range(len(series.loss)):
        if limits.checks(index, epochs):
            upto = Series(*(getattr(series, name)[: index + 1] for name in Series.__slots__))
            if symptom := recogniser.check(upto, gradients, True):
                return index, symptom
    return None


def test_the_oscillating_demo_is_found_where_its_authors_found_it() -> None:
    demo = published("oscillating")
    assert len(demo.accuracy) == 61
    assert swings(demo.accuracy, 0.03) == 15
    assert (max(demo.accuracy), max(demo.val_accuracy)) == (0.614286, 0.756667)
    assert first(demo, 200, CALM, AS_RUN.detection) == (60, Symptom.OSCILLATING)
    stricter = replace(AS_RUN.detection, accuracy_floor=0.7)
    assert first(demo, 200, CALM, stricter) is None  # low accuracy excludes oscillation
    assert oscillating(Series(accuracy=demo.accuracy[:13]), LIMITS)  # but for the warm-up


def test_the_vanishing_demo_is_found_where_its_authors_found_it() -> None:
    demo = published("vanishing")
    tiny = Gradients(first=3.2e-7, last=2.7e-2, zero_share=0.0, finite=True)
    assert len(demo.accuracy) == 91
    assert swings(demo.accuracy, 0.03) == 1
    assert greatest_gain(demo.accuracy) == pytest.approx(0.0286, abs=1e-4)
    assert greatest_gain(demo.val_accuracy) == pytest.approx(0.0067, abs=1e-4)
    assert not slow(demo, LIMITS)
    assert first(demo, 300, tiny, AS_RUN.detection) == (90, Symptom.VANISHING)
    assert first(demo, 300, CALM, AS_RUN.detection) is None  # low accuracy alone is no symptom


@pytest.mark.parametrize(
    ("first_norm", "last_norm", "expected"),
    [
        (9.9e-5, 0.1, True),
        (9.9e-5, 0.098, False),  # the ratio is above 1e-3
        (1e-4, 1.0, False),  # the norm is at its bound
        (9.9e-5, 0.09, False),
        (0.0, 0.0, False),
        (0.0, 1.0, True),
        (1e-5, 0.0, False),
    ],
)
def test_vanishing(first_norm: float, last_norm: float, expected: bool) -> None:
    assert vanishing(Gradients(first_norm, last_norm, 0.0, True), LIMITS) is expected


@pytest.mark.parametrize(
    ("first_norm", "last_norm", "expected"),
    [
        (69.9, 1.0, False),
        (70.0, 1.0, False),
        (70.1, 1.0, True),
        (1.0, 0.0, True),
        (0.0, 0.0, False),
    ],
)
def test_exploding(first_norm: float, last_norm: float, expected: bool) -> None:
    assert exploding(Gradients(first_norm, last_norm, 0.0, True), LIMITS) is expected


@pytest.mark.parametrize(("zeros", "expected"), [(69, False), (70, True), (71, True)])
def test_dying_counts_entries_of_kernels_and_biases(zeros: int, expected: bool) -> None:
    entries = np.ones(100, dtype="float32")
    entries[:zeros] = 0
    figures = Gradients.of([entries[:90].reshape(9, 10), entries[90:]])
    assert figures.zero_share == zeros / 100
    assert dying(figures, LIMITS) is expected


def test_figures_of_gradients() -> None:
    arrays = [np.array([[3.0, 4.0]]), np.array([7.0]), np.full((2, 2), 5.0), np.zeros(1)]
    figures = Gradients.of(arrays)
    assert (figures.first, figures.last, figures.ratio) == (5.0, 10.0, 0.5)
    assert figures.zero_share == 1 / 8
    assert math.isnan(Gradients(0.0, 0.0, 0.0, True).ratio)
    assert Gradients(1.0, 0.0, 0.0, True).ratio == math.inf
    arrays[1] = np.array([math.nan])
    assert not Gradients.of(arrays).finite


@pytest.mark.parametrize(
    ("loss", "val_loss", "expected"),
    [
        ([1.0], [99_999.0], False),
        ([1.0], [1e5], True),
        ([1.0, 1.0], [1e5, 1.0], False),  # only the last one counts
        ([math.nan, 1.0], [1.0, 1.0], True),  # but a value that is not finite is for ever
        ([1.0], [math.inf], True),
    ],
)
def test_lost_loss(loss: list[float], val_loss: list[float], expected: bool) -> None:
    assert loss_is_lost(Series(loss=loss, val_loss=val_loss), LIMITS) is expected


@pytest.mark.parametrize(
    ("train", "val", "expected"),
    [(0.6, 0.6, False), (0.599, 0.9, True), (0.9, 0.599, True), (0.601, 0.601, False)],
)
def test_low_accuracy_in_either_part(train: float, val: float, expected: bool) -> None:
    series = Series(accuracy=[0.1, train, 0.1], val_accuracy=[val, 0.1, 0.1])
    assert low_accuracy(series, LIMITS) is expected


@pytest.mark.parametrize(
    ("gain", "val_gain", "expected"),
    [(0.0099, 0.0099, True), (0.0101, 0.0, False), (0.0, 0.0101, False), (-0.5, -0.5, True)],
)
def test_slow_looks_at_gains_only(gain: float, val_gain: float, expected: bool) -> None:
    series = Series(accuracy=[0.5, 0.5 + gain], val_accuracy=[0.5, 0.5 + val_gain])
    assert slow(series, LIMITS) is expected


def test_one_epoch_is_slow_in_the_code_only() -> None:
    series = Series(accuracy=[0.9], val_accuracy=[0.9])
    assert slow(series, AS_RUN.detection)
    assert not slow(series, AS_DESCRIBED.detection)


@pytest.mark.parametrize(
    ("height", "pairs", "epochs", "expected"),
    [(0.03125, 2, 10, True), (0.02, 2, 10, False), (0.03125, 2, 11, False), (0.03125, 3, 11, True)],
)
def test_oscillating(height: float, pairs: int, epochs: int, expected: bool) -> None:
    zigzag = [0.5, *[0.5 + height, 0.5] * pairs, 0.6]
    rising = [0.6 + 0.01 * i for i in range(1, epochs - len(zigzag) + 1)]
    assert oscillating(Series(accuracy=zigzag + rising), LIMITS) is expected


def test_a_plateau_is_maximum_and_minimum() -> None:
    assert swings([0.1, 0.5, 0.5, 0.1], least=0.0) == 0  # two maxima, no minimum
    assert swings([0.1, 0.5, 0.5, 0.5, 0.1], least=0.0) == 1  # the middle is both
    assert swings([0.1, 0.5], least=0.0) == 0


def check(limits: SymptomThresholds = LIMITS, **values: list[float]) -> Symptom | None:
    series = {"loss": [1.0], "val_loss": [1.0], "accuracy": [0.5], "val_accuracy": [0.5], **values}
    gradients = Gradients(first=1e-6, last=1.0, zero_share=0.9, finite=True)
    return Recogniser(limits, 1).check(Series(**series), gradients, True)


def test_dying_goes_before_vanishing_and_a_lost_loss_before_all() -> None:
    assert check() is Symptom.DYING
    assert check(replace(LIMITS, zero_share=0.95)) is Symptom.VANISHING
    assert check(val_loss=[math.nan]) is Symptom.EXPLODING
    assert check(accuracy=[0.9], val_accuracy=[0.9]) is None


def test_what_was_seen_stays_seen() -> None:
    recogniser = Recogniser(LIMITS, epochs=10)
    low = Series([1.0], [0.1], [1.0], [0.1])
    dead = Gradients(first=1.0, last=1.0, zero_share=1.0, finite=True)
    assert recogniser.check(low, dead, True) is None  # still warming up
    later = Series([1.0] * 4, [0.1, 0.2, 0.3, 0.4], [1.0] * 4, [0.1, 0.2, 0.3, 0.4])
    assert recogniser.check(later, CALM, True) is Symptom.DYING


def test_gradients_that_are_not_finite_count_for_nothing_else() -> None:
    recogniser = Recogniser(LIMITS, epochs=1)
    series = Series([1.0], [0.1], [1.0], [0.1])
    lost = Gradients(first=math.inf, last=1.0, zero_share=1.0, finite=False)
    assert recogniser.check(series, lost, True) is Symptom.EXPLODING
    assert Recogniser(LIMITS, 1).check(series, CALM, False) is Symptom.EXPLODING  # weights


def test_checks() -> None:
    def epochs(limits: SymptomThresholds, n: int) -> list[int]:
        return [e for e in range(n) if limits.checks(e, n)]

    assert epochs(AS_RUN.detection, 12) == [0, 3, 6, 9]
    assert epochs(AS_RUN.detection, 3) == [0]
    assert epochs(AS_DESCRIBED.detection, 12) == [0, 3, 6, 9, 11]


def test_thresholds_refuse_nonsense() -> None:
    for name, value in (("interval", 0), ("zero_share", -0.1), ("warm_up", math.nan)):
        with pytest.raises(HarnessError, match=name):
            SymptomThresholds(**{name: value})


values = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@given(values, values)
def test_a_better_training_is_never_slower(accuracy: list[float], val: list[float]) -> None:
    """One leap of 0.5 rules slow convergence out, whatever comes before and after."""
    series = Series(accuracy=[*accuracy, 0.25, 0.75], val_accuracy=[*val, 0.5])
    assert not slow(series, LIMITS)


@given(values)
def test_swings_are_bounded(accuracy: list[float]) -> None:
    assert 0 <= swings(accuracy, 0.03) <= max(0, len(accuracy) - 2)
