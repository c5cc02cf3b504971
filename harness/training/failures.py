"""Programs that cannot train: the cause, from the exception that a framework raised."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.vocabulary import Cause, message_of

_INITIALISER_WORDS = ("initializer", "initialiser", "at least 2", "two-dimensional")
"""Parts of the messages of initialisers that do not suit their tensor."""


class CannotTrain(Exception):
    """A program that cannot train, recognised before its training."""

    def __init__(self, cause: Cause, error: Exception) -> None:
        super().__init__(described(error))
        self.cause = cause


@contextmanager
def cannot_train(cause: Cause) -> Iterator[None]:
    """Turn any exception inside into :class:`CannotTrain`.

    Args:
        cause: The cause, unless the message shows an initialiser or the memory.
    """
    try:
        yield
    except Exception as error:
        text = message_of(error).lower()
        if any(word in text for word in _INITIALISER_WORDS):
            cause = Cause.INITIALISER
        elif is_memory(error):
            cause = Cause.MEMORY
        raise CannotTrain(cause, error) from error


def is_memory(error: Exception) -> bool:
    """Whether an exception says that memory ran out."""
    text = f"{type(error).__name__} {message_of(error)}".lower()
    return "memoryerror" in text or "resource_exhausted" in text or "out of memory" in text


def described(error: BaseException) -> str:
    """An exception in one line: its class, and the first line of its message."""
    lines = [line.strip() for line in message_of(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:300] if lines else ''}"
