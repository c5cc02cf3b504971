"""Mistyped names and numbers out of range, and the names that frameworks know."""

from __future__ import annotations

from typing import Any

import pytest

from harness.space.known_names import (
    _HYPERPARAMETERS,
    KERAS_NAMES,
    KNOWN_NAMES,
    mistaken_for,
    problem_of,
)
from harness.space.operators import OPERATORS, operator_of


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("activation_1", "sigmiod", "sigmoid"),
        ("activation_2", "ReLU", "relu"),
        ("activation_2", "hard-sigmoid", "hard_sigmoid"),
        ("activation_1", "none", "linear"),
        ("activation_1", "", ""),
        ("activation_1", 3, ""),
        ("optimiser", "SGD", "sgd"),
        ("optimiser", "Adam", "adam"),
        ("optimiser", "adamw", "adam"),
        ("loss", "mse", "mean_squared_error"),
        ("loss", "MeanSquaredError", "mean_squared_error"),
        ("loss", "crossentropy", "categorical_crossentropy"),
        ("loss", "sparse_categorical_cross_entropy", "sparse_categorical_crossentropy"),
        ("kernel_initialiser_1", "xavier", "glorot_uniform"),
        ("kernel_initialiser_1", "GlorotUniform", "glorot_uniform"),
        ("bias_initialiser_12", "zero", "zeros"),
    ],
)
@pytest.mark.parametrize("framework", ["keras", "pytorch"])
def test_a_name_that_nobody_knows_gets_a_suggestion(
    name: str, value: Any, meant: str, framework: str
) -> None:
    problem = problem_of(name, value, framework, {})
    row = operator_of(name)
    assert row is not None
    assert problem.startswith(f"no {row.name} '{value}'.")
    assert f"Did you mean {meant}" in problem or not meant


@pytest.mark.parametrize("framework", ["keras", "pytorch"])
def test_names_of_all_frameworks_pass(framework: str) -> None:
    for hyperparameter in ("loss", "optimiser", "activation_1", "kernel_initialiser_1"):
        row = operator_of(hyperparameter)
        assert row is not None
        for name in KNOWN_NAMES[row.name]:
            assert problem_of(hyperparameter, name, framework, {}) == ""


def test_a_subject_brings_names_of_its_own() -> None:
    own = {"loss": ["angle"], "activation": ["snake"]}
    for framework in ("keras", "pytorch"):
        assert problem_of("loss", "angle", framework, own) == ""
        assert problem_of("activation_1", "snake", framework, own) == ""
        assert problem_of("kernel_initialiser_1", "angle", framework, own)


def test_keras_knows_more_names_than_pytorch() -> None:
    assert problem_of("activation_1", "gelu", "keras", {}) == ""
    assert problem_of("activation_1", "gelu", "pytorch", {}).startswith("no activation 'gelu'")


def test_keras_knows_the_names() -> None:
    keras = pytest.importorskip("keras")
    modules = {
        "loss": keras.losses,
        "activation": keras.activations,
        "initialiser": keras.initializers,
    }
    for kind, names in KERAS_NAMES.items():
        for name in names:
            assert modules[kind].get(name) is not None
    assert not {name for names in KERAS_NAMES.values() for name in names} & {
        name for names in KNOWN_NAMES.values() for name in names
    }


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("epochs", [0, -3, 2.5, 3.0, True, "3", 2**31, 10**400, NAN]),
        ("batch_size", [0, -1, INF, False]),
        ("units_2", [0, -8, 1.5]),
        ("layers_1", [-1, 0.5]),
        ("learning_rate", [0, 0.0, -1.0, NAN, INF, -INF, 1e-300, 1e300, 10**400, True, "1e-3"]),
        ("dropout_1", [-0.1, 1.5, NAN, "0.5", True]),
        ("l1_1", [NAN, INF, 10**400]),
    ],
)
def test_numbers_out_of_range_are_named(name: str, values: list[Any]) -> None:
    for value in values:
        problem = problem_of(name, value, "keras", {})
        assert problem.startswith(f"'{name}' is "), value
        assert "Expected: a" in problem
        assert len(problem) < 160


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("epochs", [1, 10_000]),
        ("layers_1", [0, 2]),
        ("learning_rate", [1, 1e-6, 10.0]),
        ("dropout_1", [0, 0.25, 1.0]),
        ("use_bias_1", [True, False]),
        ("regulariser_1", ["none", "l2"]),
        ("l1_1", [0.0, -1.0]),
    ],
)
def test_numbers_in_range_pass(name: str, values: list[Any]) -> None:
    assert [problem_of(name, value, "keras", {}) for value in values] == [""] * len(values)


@pytest.mark.parametrize(
    ("setting", "meant"),
    [
        ("kernel_initializer_1", "kernel_initialiser_1"),
        ("bias_initializer_3", "bias_initialiser_3"),
        ("initialiser_2", "kernel_initialiser_2"),
        ("optimizer", "optimiser"),
        ("Epochs", "epochs"),
        ("epoch", "epochs"),
        ("n_epochs", "epochs"),
        ("lr", "learning_rate"),
        ("lerning_rate", "learning_rate"),
        ("learning_rate_1", "learning_rate"),
        ("batchsize", "batch_size"),
        ("activation", "activation_1"),
        ("activations_4", "activation_4"),
        ("activation-1", "activation_1"),
        ("activation_1_2", "activation_1"),
        ("units", "units_1"),
        ("unit_2", "units_2"),
        ("neurons_2", "units_2"),
        ("layer_1", "layers_1"),
        ("Loss", "loss"),
    ],
)
def test_a_setting_that_looks_like_a_hyperparameter(setting: str, meant: str) -> None:
    assert mistaken_for(setting) == meant
    assert operator_of(meant) is not None


@pytest.mark.parametrize(
    "setting",
    [
        "loss",
        "units_1",
        "dropout_1",
        "use_bias_1",
        "regulariser_2",
        "l1_1",
        "divided_labels",
        "raw_test_images",
        "momentum",
        "learning_rate_decay",
        "warmup_epochs",
        "kernel_size_1",
        "kernel_regulariser_1",
        "activity_regulariser_1",
        "recurrent_activation_1",
        "batch_norm_1",
        "padding",
    ],
)
def test_other_settings_are_taken_for_none(setting: str) -> None:
    assert mistaken_for(setting) == ""


def test_every_operator_has_names_that_others_are_mistaken_for() -> None:
    meant = {mistaken_for(name.rstrip("_1").upper() + "-1") for name in _HYPERPARAMETERS}
    assert {operator_of(name) for name in meant} == set(OPERATORS)
