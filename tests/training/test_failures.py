"""Causes of programs that cannot train."""

from __future__ import annotations

import pytest

from harness.training.failures import CannotTrain, cannot_train, described, is_memory
from harness.vocabulary import Cause


class Mute(Exception):
    """Fails even at its own message."""

    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ValueError("shapes do not fit"), Cause.SHAPE),
        (ValueError("The tensor to initialize must be at least 2-dimensional"), Cause.INITIALISER),
        (ValueError("unknown initializer: he"), Cause.INITIALISER),
        (RuntimeError("CUDA out of memory"), Cause.MEMORY),
        (MemoryError(), Cause.MEMORY),
        (Mute(), Cause.SHAPE),
    ],
)
def test_the_cause_of_an_exception(error: Exception, cause: Cause) -> None:
    with pytest.raises(CannotTrain) as raised, cannot_train(Cause.SHAPE):
        raise error
    assert raised.value.cause is cause
    assert raised.value.__cause__ is error
    assert str(raised.value) == described(error)


def test_an_exception_in_one_line() -> None:
    assert described(ValueError("\n  first line \nsecond")) == "ValueError: first line"
    assert described(Mute()) == "Mute: "
    assert len(described(ValueError("x" * 999))) == len("ValueError: ") + 300


def test_memory_is_recognised_by_class_or_message() -> None:
    assert is_memory(RuntimeError("RESOURCE_EXHAUSTED: 4 GB"))
    assert not is_memory(RuntimeError("remember me"))
