"""The values of a configuration as people write them: plain, of the right type, of use to a
training."""

from __future__ import annotations

import math
from typing import Any

from harness.space.known_names import MOST, mistaken_for, problem_of
from harness.space.operators import operator_of
from harness.subjects.subject import Subject
from harness.vocabulary import shown


def is_plain(value: Any) -> bool:
    """Whether a value is a text, a truth value or a finite number of Python's own types."""
    if type(value) in (str, bool):
        return True
    if type(value) is int:
        return abs(value) <= MOST
    return type(value) is float and math.isfinite(value)


def unlike(name: str, value: Any, own: Any) -> str:
    """Why a value is of another type than the subject's own one; '' if it is of the same.

    A whole number may stand for a real one.

    >>> unlike("learning_rate", "1e-3", 0.1)[-46:]
    'YAML takes 1e-3 for a text: write it as 1.0e-3'
    """
    if type(value) is type(own) or (type(own) is float and type(value) is int):
        return ""
    return (
        f"'{name}' is {shown(value)} ({type(value).__name__}); the subject's own value is "
        f"{own!r} ({type(own).__name__}){_reading(value, own)}"
    )


def _reading(value: Any, own: Any) -> str:
    """How YAML came to another type."""
    if isinstance(own, str) and isinstance(value, bool):
        return ". YAML takes yes, no, on and off for truth values: write the text in quotes"
    if isinstance(value, str) and isinstance(own, int | float) and not isinstance(own, bool):
        try:
            number = float(value[:60])
        except ValueError:
            return ""
        if math.isfinite(number):
            return f". YAML takes {value[:60]} for a text: write it as {_written(number, own)}"
    return ""


def _written(number: float, own: float) -> str:
    """A number in YAML's notation, which asks for a point and for the sign of an exponent."""
    if number == int(number) and abs(number) < 1e6:
        return f"{number:.0f}" if isinstance(own, int) else f"{number:.1f}"
    mantissa, _, exponent = f"{number:.12e}".partition("e")
    mantissa = mantissa.rstrip("0")
    return f"{mantissa}{'0' * mantissa.endswith('.')}e{int(exponent):+d}"


def problem_with(name: str, value: Any, subject: Subject) -> str:
    """Why no program of ``subject`` can train with a value; '' if one may."""
    if type(value) not in (str, bool, int, float):
        return f"'{name}' is {shown(value)}. Expected: a text, a number, true or false"
    if isinstance(value, str) and (not value.isprintable() or not 0 < len(value) <= 200):
        return f"'{name}' is {shown(value)}. Expected: 1 to 200 characters that can be read"
    return problem_of(name, value, subject.framework, subject.context.extra)


def problem_with_name(name: Any, subject: Subject) -> str:
    """Why no value of a subject can have this name; '' if one may.

    A name that is none of an operator's but looks like one would be out of every technique's reach
    unnoticed.
    """
    if not isinstance(name, str) or not name.isidentifier() or not name.isascii():
        return f"{shown(name)} is no name: letters, digits and _ make one, as in units_1"
    meant = mistaken_for(name)
    if operator_of(name) is None and meant and name not in subject.data_settings:
        return (
            f"no operator reaches '{name}'. Did you mean {meant}? A setting has a name that is not "
            "mistaken for a hyperparameter, or is one of data_settings"
        )
    return ""
