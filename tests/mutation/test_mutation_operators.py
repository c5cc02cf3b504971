"""What each operator offers for the project's own CNN, and for subjects that lack something."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.mutation.mutation_operators import (
    MUTATION_OPERATORS,
    Mutant,
    Range,
    applicable,
    mutation_operator,
)
from harness.subjects.registry import Registry
from harness.subjects.subject import Subject
from harness.vocabulary import HarnessError

SAMPLES = 1_400


@pytest.fixture
def digits(registry: Registry) -> Subject:
    return registry.subject("digits_cnn")


def offered(acronym: str, subject: Subject, samples: int = SAMPLES) -> Any:
    return applicable(mutation_operator(acronym), subject, samples)


def values(acronym: str, subject: Subject) -> list[Any]:
    return [mutant.value for mutant in offered(acronym, subject)]


def with_values(subject: Subject, **changes: Any) -> Subject:
    return replace(subject, fixed={**subject.fixed, **changes})


def test_all_of_deepcrime_s_operators_on_model_and_training_are_there() -> None:
    wanted = "HBS HLR HNE HDB ACH ARM AAL RAW RRW RCW RCD RCP WCI WAB WRB LCH OCH OCG VRM"
    assert [row.acronym for row in MUTATION_OPERATORS] == wanted.split()


@pytest.mark.parametrize("row", MUTATION_OPERATORS, ids=lambda row: row.acronym)
def test_mutants_are_configurations_of_the_subject_that_differ(row, digits: Subject) -> None:
    found = applicable(row, digits, SAMPLES)
    if isinstance(found, str):
        assert found
        return
    mutants = [c.mutant(c.aggressive) if isinstance(c, Range) else c for c in found]
    assert len({repr(m.changes) for m in mutants}) == len(mutants)
    for mutant in mutants:
        assert mutant.operator == row.acronym
        for name, value in mutant.changes.items():
            assert value != digits.fixed[name]
            assert type(value) is type(digits.fixed[name])


def test_values_of_the_training_s_settings(digits: Subject) -> None:
    assert values("HBS", digits) == [16, 64, 128, 256, 512]
    assert offered("HLR", digits) == [
        Range("HLR", "learning_rate", 0.001, pytest.approx(1e-4), pytest.approx(1e-5), False)
    ]
    assert offered("HNE", digits) == [Range("HNE", "epochs", 10, 1, 1, True)]
    assert offered("HDB", digits) == [Mutant("HDB", None, 1_400, {"batch_size": 1_400})]
    assert len(values("LCH", digits)) == 12
    assert "huber" in values("LCH", digits)
    assert not {"categorical_crossentropy", "sparse_categorical_crossentropy"} & set(
        values("LCH", digits)
    )


def test_an_optimiser_comes_with_its_default_rate(digits: Subject) -> None:
    changes = {mutant.value: mutant.changes for mutant in offered("OCH", digits)}
    assert set(changes) == {"sgd", "rmsprop", "adagrad", "adadelta", "adamax", "nadam"}
    assert changes["sgd"] == {"optimiser": "sgd", "learning_rate": 0.01}
    assert changes["adadelta"] == {"optimiser": "adadelta"}  # the rate is 0.001 already


@pytest.mark.parametrize(
    ("acronym", "layers", "each"),
    [
        ("ACH", [1, 2, 3, 4], 9),
        ("ARM", [1, 2, 3, 4], 1),
        ("RAW", [1, 2, 3, 4], 3),
        ("RCD", [1, 2], 3),
        ("WCI", [1, 2, 3, 4], 11),
        ("WRB", [1, 2, 3, 4], 1),
    ],
)
def test_operators_work_layer_by_layer(
    acronym: str, layers: list[int], each: int, digits: Subject
) -> None:
    found = offered(acronym, digits)
    assert sorted({mutant.layer for mutant in found}) == layers
    assert len(found) == len(layers) * each


def test_values_of_a_layer(digits: Subject) -> None:
    assert values("ARM", digits) == ["linear"] * 4
    assert values("RAW", digits)[:3] == ["l1", "l2", "l1_l2"]
    assert values("RCD", digits)[:3] == [0.125, 0.75, 1.0]
    assert values("WRB", digits) == [False] * 4
    third = {m.value for m in offered("WCI", digits) if m.layer == 3}
    assert {"zeros", "ones", "he_normal"} <= third
    assert not {"constant", "glorot_uniform"} & third
    last = {m.value for m in offered("ACH", digits) if m.layer == 4}
    assert {"sigmoid", "softsign", "exponential"} <= last
    assert not {"linear", "softmax"} & last


def test_what_does_not_apply_says_why(digits: Subject, registry: Registry) -> None:
    reasons = {
        "AAL": "no layer is linear",
        "RRW": "no layer has a regulariser",
        "RCW": "no layer has a regulariser",
        "WAB": "every layer has a bias",
        "RCP": "the training loop has no early stopping",
        "OCG": "the training loop does not clip gradients",
    }
    for acronym, reason in reasons.items():
        assert offered(acronym, digits) == reason
    assert "no validation data" in offered("VRM", digits)
    assert offered("RAW", registry.subject("line")) == "the subject has no setting regulariser_N"
    assert offered("HNE", with_values(digits, epochs=1)) == "it trains one epoch"
    assert offered("HDB", digits, 32) == "its batch is the whole training set"


def test_operators_that_undo_something(digits: Subject) -> None:
    other = with_values(digits, activation_1="linear", regulariser_2="l1", use_bias_3=False)
    assert [(m.layer, m.value) for m in offered("RRW", other)] == [(2, "none")]
    assert values("RCW", other) == ["l2", "l1_l2"]
    assert [m.layer for m in offered("WAB", other)] == [3]
    assert {m.layer for m in offered("AAL", other)} == {1}
    assert len(offered("AAL", other)) == 10
    assert 1 not in {m.layer for m in offered("ACH", other)}
    assert 2 not in {m.layer for m in offered("RAW", other)}


def test_a_layer_that_is_left_out_is_not_mutated(digits: Subject) -> None:
    assert 3 not in {m.layer for m in offered("WCI", with_values(digits, layers_3=0))}


def test_regression_has_no_cross_entropies(registry: Registry) -> None:
    line = registry.subject("line")
    assert not {"categorical_crossentropy", "binary_crossentropy"} & set(values("LCH", line))


def test_data_operators_are_named_as_out_of_scope() -> None:
    with pytest.raises(HarnessError, match="'TRD' changes the training data, which is out of sc"):
        mutation_operator("TRD")
    with pytest.raises(HarnessError, match="no mutation operator 'HRL'. Did you mean HLR"):
        mutation_operator("HRL")
