import re

import pytest

from harness.space.operators import LOSSES, LOSSES_FOR, OPERATORS, operator, operator_of
from harness.subjects.registry import Registry
from harness.vocabulary import HarnessError


def test_there_are_nine_with_distinct_names() -> None:
    assert len({row.name for row in OPERATORS}) == len(OPERATORS) == 9


SETTINGS = r"(dropout|l1|l2|regulariser|use_bias)_\d+|divided_labels|raw_test_images"
"""What no operator of the study changes; a misspelt hyperparameter would be one more."""


def test_every_hyperparameter_belongs_to_exactly_one_operator(registry: Registry) -> None:
    for subject in registry.subjects.values():
        for name in subject.fixed:
            rows = [r for r in OPERATORS if re.fullmatch(r.hyperparameters, name)]
            assert len(rows) == (0 if re.fullmatch(SETTINGS, name) else 1), name


def test_losses_by_encoding_are_losses() -> None:
    for names in LOSSES_FOR.values():
        assert set(names) <= set(LOSSES)


def test_an_operator_is_found_by_name_or_hyperparameter() -> None:
    assert operator("epochs") is operator_of("epochs")
    assert operator_of("momentum") is None
    with pytest.raises(HarnessError, match="Did you mean optimiser"):
        operator("optimizer")
