from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis import metrics
from harness.analysis import statistics as stats
from harness.analysis.metrics import (
    asymmetric_jaccard_as_defined,
    asymmetric_jaccard_as_published,
    complexity,
    improvement_rate,
    stability,
)
from harness.views import render
from harness.vocabulary import Value

FAULTY: dict[str, Value] = {
    "loss": "hinge",
    "optimiser": "sgd",
    "learning_rate": 1.0,
    "epochs": 5,
    "batch_size": 32,
    "activation_1": "relu",
    "activation_2": "linear",
    "kernel_initialiser_1": "zeros",
    "bias_initialiser_1": "zeros",
    "units_1": 64,
    "layers_1": 1,
    "dropout_1": 0.25,
}
"""Eleven hyperparameters and one setting."""

OTHER: dict[str, Value] = {
    "loss": "poisson",
    "optimiser": "adam",
    "learning_rate": 0.01,
    "epochs": 50,
    "batch_size": 64,
    "activation_1": "tanh",
    "activation_2": "softmax",
    "kernel_initialiser_1": "he_normal",
    "bias_initialiser_1": "ones",
    "units_1": 128,
    "layers_1": 2,
    "dropout_1": 0.5,
}
THIRD: dict[str, Value] = {
    name: 3 if isinstance(v, int | float) else "third" for name, v in OTHER.items()
}
NAMES = st.sets(st.sampled_from(sorted(FAULTY)))


def but(*names: str, values: dict[str, Value] = OTHER) -> dict[str, Value]:
    """The faulty configuration but for ``names``."""
    return {**FAULTY, **{name: values[name] for name in names}}


@pytest.mark.parametrize("module", [metrics, stats, render], ids=["metrics", "stats", "render"])
def test_worked_examples(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_improvement_rate_by_hand() -> None:
    assert improvement_rate([0.2, 0.4], [0.6], [0.7]) == pytest.approx(0.75)
    assert improvement_rate([0.5], [0.25], [1.0]) == -0.5
    assert improvement_rate([0.5], [2.0], [1.0]) == 3.0
    # Lower is better: the error falls from 4 to 1, the fix reaches 0.
    assert improvement_rate([4.0], [1.0], [0.0]) == 0.75


def test_improvement_rate_refuses_only_a_zero_gap() -> None:
    with pytest.raises(ValueError, match="gap"):
        improvement_rate([0.1, 0.3], [0.5], [0.2])
    assert improvement_rate([0.2], [0.2], [0.2 + 1e-9]) == 0


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=5),
    st.lists(st.floats(0, 1), min_size=1, max_size=5),
)
def test_improvement_rate_needs_no_direction(faulty: list[float], patched: list[float]) -> None:
    fixed = [1.5]
    flipped = improvement_rate([-x for x in faulty], [-x for x in patched], [-x for x in fixed])
    assert improvement_rate(faulty, patched, fixed) == pytest.approx(flipped)
    assert improvement_rate(faulty, faulty, fixed) == 0
    assert improvement_rate(faulty, fixed, fixed) == 1
    assert improvement_rate(faulty[::-1], patched[::-1], fixed) == pytest.approx(flipped)


def test_stability_by_hand() -> None:
    assert stability([1.0, 3.0], ddof=0) == 1.0
    assert stability([1.0, 3.0], ddof=1) == pytest.approx(2**0.5)
    assert stability([1.0], ddof=0) == 0.0
    assert stability([1.0], ddof=1) is None
    assert stability([], ddof=0) is None


def test_complexity_by_hand() -> None:
    assert complexity(FAULTY, but("loss", "units_1")) == pytest.approx(2 / 11)
    assert complexity(FAULTY, but("dropout_1")) == 0
    assert complexity(FAULTY, {**FAULTY, "learning_rate": 1}) == 0
    with pytest.raises(ValueError, match="not one program"):
        complexity(FAULTY, {"loss": "hinge"})
    with pytest.raises(ValueError, match="no hyperparameter"):
        complexity({"dropout_1": 0.1}, {"dropout_1": 0.1})


@given(NAMES)
def test_complexity_is_a_share(names: set[str]) -> None:
    patched = but(*names)
    assert complexity(FAULTY, patched) == pytest.approx(len(names - {"dropout_1"}) / 11)
    assert complexity(FAULTY, patched) == complexity(patched, FAULTY)


def test_asymmetric_jaccard_as_defined_by_hand() -> None:
    fixed = but("loss", "epochs", "activation_1")
    # Another activation is the same operator; the rate is one that the fix lacks.
    patched = but("activation_2", "epochs", "learning_rate", values=THIRD)
    assert asymmetric_jaccard_as_defined(FAULTY, fixed, patched) == pytest.approx(2 / 3)
    assert asymmetric_jaccard_as_defined(FAULTY, fixed, FAULTY) == 0
    # Kernel and bias initialisers are one operator.
    fixed, patched = but("kernel_initialiser_1"), but("bias_initialiser_1")
    assert asymmetric_jaccard_as_defined(FAULTY, fixed, patched) == 1


def test_asymmetric_jaccard_as_published_by_hand() -> None:
    fixed = but("loss", "epochs")
    # Equal to the fix in the loss and unlike it in the epochs, which the patch leaves as they were.
    assert asymmetric_jaccard_as_published(FAULTY, fixed, but("loss")) == 0.5
    assert asymmetric_jaccard_as_published(FAULTY, fixed, FAULTY) == 1
    assert asymmetric_jaccard_as_published(FAULTY, fixed, fixed) == 0
    # Units, layers and bias initialisers are no operators of the scripts.
    hidden = but("loss", "units_1", "layers_1", "bias_initialiser_1")
    assert asymmetric_jaccard_as_published(FAULTY, hidden, FAULTY) == 1
    for name in ("units_1", "layers_1", "bias_initialiser_1"):
        assert asymmetric_jaccard_as_published(FAULTY, but(name), FAULTY) == 0
    bias_only = but("bias_initialiser_1")
    assert asymmetric_jaccard_as_published(FAULTY, but("kernel_initialiser_1"), bias_only) == 1


def test_a_fix_that_no_operator_reaches() -> None:
    fixed = but("dropout_1")
    assert asymmetric_jaccard_as_defined(FAULTY, fixed, but("loss")) is None
    assert asymmetric_jaccard_as_published(FAULTY, fixed, but("loss")) == 0


@given(NAMES, NAMES)
def test_asymmetric_jaccard_is_a_share(of_fix: set[str], of_patch: set[str]) -> None:
    fixed, patched = but(*of_fix), but(*of_patch, values=THIRD)
    shared = asymmetric_jaccard_as_defined(FAULTY, fixed, patched)
    if of_fix <= {"dropout_1"}:
        assert shared is None
    else:
        assert shared is not None and 0 <= shared <= 1
        assert asymmetric_jaccard_as_defined(FAULTY, fixed, fixed) == 1
    assert 0 <= asymmetric_jaccard_as_published(FAULTY, fixed, patched) <= 1
    assert asymmetric_jaccard_as_published(FAULTY, fixed, fixed) == 0
