"""What a subject's ``load`` returns is checked before anything trains on it or is judged by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from harness.subjects.arrays import Data
from harness.subjects.semantics import FRACTIONAL_CLASSES, SEVERAL_CLASSES
from harness.vocabulary import HarnessError

_PARTS = ("train", "search", "holdout")

_SUM_ERROR = 1e-3
"""By how much the sum of a one-hot row may differ from 1: labels may be smoothed, and rounded."""


class BadData(HarnessError):
    """A subject's ``load`` fails, or returns arrays that cannot be used."""


def check_data(
    data: object, subject: str, labels: str, *, semantics: Sequence[str] = (), altered: bool = False
) -> None:
    """Refuse arrays that nothing can be trained on or judged by.

    Args:
        data: Whatever ``load`` returned.
        subject: Name of the subject, for the message.
        labels: The encoding that the subject states, see ``Subject.labels``.
        semantics: The subject's; ``SEVERAL_CLASSES`` and ``FRACTIONAL_CLASSES`` loosen a check.
        altered: Whether a data setting has a value that is not the subject's own. The defect may
            then be the fault: encoding and finite values are asked of no array that is trained on,
            and of the others finite labels only.

    Raises:
        BadData: Names the array, its shape and type, and what was expected.
    """
    if not isinstance(data, Data):
        raise _bad(subject, f"load returned {_kind(data)}", "a harness.subjects.Data")
    first: dict[str, np.ndarray] = {}
    for part in _PARTS:
        for name, array in _arrays(data, part, subject):
            _check_shape(subject, name, array, first)
            first[name] = array
            if name == f"y_{part}":
                _check_encoding(subject, name, array, labels, semantics, altered)
            elif not altered:
                _check_finite(subject, name, array)
    _check_parts_agree(subject, first)


def _arrays(data: Data, part: str, subject: str) -> list[tuple[str, Any]]:
    """The arrays of a part by name; the labels come last."""
    x, y = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
    if isinstance(x, tuple):
        if not x:
            raise _bad(subject, f"x_{part} is an empty tuple", "an array, or a tuple of arrays")
        inputs = [(f"x_{part}[{i}]", each) for i, each in enumerate(x)]
    else:
        inputs = [(f"x_{part}", x)]
    return [*inputs, (f"y_{part}", y)]


def _check_shape(subject: str, name: str, array: Any, before: Mapping[str, np.ndarray]) -> None:
    """A plain array of real numbers with as many samples as the other arrays of its part."""
    if type(array) not in (np.ndarray, np.memmap):
        raise _bad(subject, f"{name} is {_kind(array)}", "a NumPy array")
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise _bad(subject, _shown(name, array), "whole or real numbers of at most 64 bits")
    if not array.ndim or not array.size:
        raise _bad(
            subject,
            f"{_shown(name, array)}, so it has no values",
            "at least one sample; a larger fraction of the training data may give one",
        )
    part = name.split("[")[0][2:]
    for other, known in before.items():
        if other.split("[")[0][2:] == part and len(known) != len(array):
            raise _bad(
                subject,
                f"{_shown(name, array)}, {other} has shape {known.shape}",
                "one length for all arrays of a part",
            )


def _check_parts_agree(subject: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Samples and labels of one shape in all three parts."""
    shapes = {
        part: {
            name.replace(part, "*"): array.shape[1:]
            for name, array in arrays.items()
            if name.split("[")[0][2:] == part
        }
        for part in _PARTS
    }
    for part in _PARTS[1:]:
        for name in {**shapes["train"], **shapes[part]}:
            one, other = (shapes[p].get(name) for p in ("train", part))
            if one != other:
                here, there = name.replace("*", "train"), name.replace("*", part)
                raise _bad(
                    subject,
                    f"a sample of {here} {_sample(one)}, one of {there} {_sample(other)}",
                    "samples of one shape in all parts",
                )


def _sample(shape: tuple[int, ...] | None) -> str:
    return "does not exist" if shape is None else f"has shape {shape}"


def _check_finite(subject: str, name: str, array: np.ndarray) -> None:
    if not _finite(array):
        count = int(array.size - np.isfinite(array).sum())
        raise _bad(
            subject, f"{_shown(name, array)}, {count} values are NaN or infinite", "finite numbers"
        )


def _finite(array: np.ndarray) -> bool:
    """Whether all values are finite: their sum is, or each of them, should the sum overflow."""
    if array.dtype.kind != "f":
        return True
    with np.errstate(over="ignore", invalid="ignore"):
        total = array.sum(dtype=np.float64 if array.dtype.itemsize < 4 else None)
    return bool(np.isfinite(total)) or bool(np.isfinite(array).all())


def _check_encoding(
    subject: str, name: str, y: np.ndarray, labels: str, semantics: Sequence[str], altered: bool
) -> None:
    training = name == "y_train"
    if altered and training:
        return
    _check_finite(subject, name, y)
    if altered:
        return
    if labels == "one_hot" and SEVERAL_CLASSES in semantics:
        labels = "several"
    if labels == "classes" and FRACTIONAL_CLASSES in semantics and training:
        labels = "fractional"
    shape, values, expected = _ENCODINGS[labels]
    if not shape(y):
        raise _bad(subject, _shown(name, y), f"{labels} labels: {expected}")
    if not values(y):
        wrong = np.unique(y)
        some = ", ".join(f"{v:g}" for v in wrong[:3]) + (", ..." if len(wrong) > 3 else "")
        raise _bad(
            subject,
            f"{_shown(name, y)}, values {some} up to {wrong[-1]:g}",
            f"{labels} labels: {expected}",
        )


def _sums_to_one(y: np.ndarray) -> bool:
    sums = y.sum(axis=1, dtype=np.float64)
    return _in_unit(y) and bool((np.abs(sums - 1) <= _SUM_ERROR).all())


def _in_unit(y: np.ndarray) -> bool:
    return bool(y.min() >= 0) and bool(y.max() <= 1)


def _whole(y: np.ndarray) -> bool:
    return bool(y.min() >= 0) and (y.dtype.kind != "f" or bool((y == np.floor(y)).all()))


def _table(y: np.ndarray) -> bool:
    return y.ndim == 2 and y.shape[1] > 1


_Check = Callable[[np.ndarray], bool]

_ENCODINGS: Mapping[str, tuple[_Check, _Check, str]] = {
    "one_hot": (
        _table,
        _sums_to_one,
        "(n, classes), values in [0, 1], each row with the sum 1. Labels that mark several classes "
        "or none are declared by SEVERAL_CLASSES in the subject's semantics",
    ),
    "several": (_table, _in_unit, "(n, classes), values in [0, 1]"),
    "binary": (
        lambda y: y.ndim == 2 and y.shape[1] == 1,
        lambda y: bool(((y == 0) | (y == 1)).all()),
        "(n, 1), each 0 or 1",
    ),
    "classes": (lambda y: y.ndim == 1, _whole, "(n,), whole numbers from 0"),
    "fractional": (lambda y: y.ndim == 1, lambda y: bool(y.min() >= 0), "(n,), from 0"),
    "real": (lambda y: True, lambda y: True, "finite numbers"),
}
"""Encoding of labels -> check of the shape, check of the values, both in words."""


def _bad(subject: str, found: str, expected: str) -> BadData:
    return BadData(f"the data of subject '{subject}': {found}. Expected: {expected}")


def _shown(name: str, array: np.ndarray) -> str:
    return f"{name} has shape {array.shape} and type {array.dtype}"


def _kind(value: object) -> str:
    kind = type(value)
    return "None" if value is None else f"a {kind.__module__}.{kind.__qualname__}"
