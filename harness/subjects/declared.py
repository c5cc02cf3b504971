"""What a module declares as its ``SUBJECT`` is checked field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.data import DATA_SETS
from harness.space.operators import LOSSES_FOR
from harness.subjects.subject import FRAMEWORKS, KERAS_BACKENDS, Subject
from harness.subjects.values import problem_with, problem_with_name
from harness.vocabulary import METRICS, HarnessError, shown, unknown

NEEDED = ("loss", "optimiser", "learning_rate", "batch_size", "epochs")
"""Hyperparameters that every program has."""


def check_subject(subject: Subject, path: Path, variable: str) -> None:
    """Refuse a declaration that no program can be made of.

    Args:
        path: The module, for the message.
        variable: The module's variable that holds the subject.

    Raises:
        HarnessError: Names the field, the value found and what was expected.
    """
    for problem in _problems(subject):
        raise HarnessError(f"{path}:{_line_of(path, variable)}: {variable}: {problem}")


def _problems(subject: Subject) -> Iterator[str]:
    """Problems one by one: a later check relies on the earlier ones."""
    for name, (good, expected) in _FIELDS.items():
        value = getattr(subject, name)
        if not good(value):
            yield f"{name} is {shown(value)} ({type(value).__name__}). Expected: {expected}"
    for kind, asked, known in (
        ("metric", subject.metric, METRICS),
        ("framework", subject.framework, FRAMEWORKS),
        ("encoding of labels", subject.labels, LOSSES_FOR),
        ("Keras backend", subject.backend, KERAS_BACKENDS),
        ("data set", subject.data_set, ["", *DATA_SETS]),
    ):
        if asked not in known:
            yield str(unknown(kind, asked, filter(None, known)))
    for name in subject.fixed:
        if problem := problem_with_name(name, subject):
            yield f"fixed: {problem}"
    if lacking := [n for n in (*NEEDED, *subject.data_settings) if n not in subject.fixed]:
        yield f"the subject's configuration lacks {', '.join(lacking)}"
    for name, value in subject.fixed.items():
        if problem := problem_with(name, value, subject):
            yield f"fixed: {problem}"


def _text(value: Any) -> bool:
    return type(value) is str


def _texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(map(_text, value))


def _functions(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        _text(name) and callable(function) for name, function in value.items()
    )


_FIELDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "title": (lambda v: _text(v) and bool(v.strip()) and v.isprintable(), "a text on one line"),
    **dict.fromkeys(("metric", "labels", "framework", "backend", "data_set"), (_text, "a text")),
    "fixed": (
        lambda v: isinstance(v, Mapping) and bool(v),
        "a mapping of hyperparameters and settings to values",
    ),
    **dict.fromkeys(("load", "build"), (callable, "a function")),
    "variants": (lambda v: _texts(v) and bool(v), "a list of names, at least one"),
    "losses": (_functions, "a mapping of names to functions"),
    "initialisers": (_functions, "a mapping of names to functions"),
    **dict.fromkeys(
        ("activations", "data_settings", "semantics"), (_texts, "a list or tuple of texts")
    ),
    "fresh_data": (lambda v: type(v) is bool, "True or False"),
    "epochs_floor": (lambda v: type(v) is int and v >= 0, "a whole number from 0"),
}
"""Field of a subject -> check of its value, and the check in words."""


def _line_of(path: Path, variable: str) -> int:
    """The line (from 1) that assigns the variable first; 1 if none does by itself."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    names = (line.split("=")[0].split(":")[0].strip() for line in lines)
    return next((number for number, name in enumerate(names, 1) if name == variable), 1)
