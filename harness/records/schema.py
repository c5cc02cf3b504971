"""One schema for every stored record: the type hints of its dataclass, with ranges.

A range is part of the type (``Seconds``, ``Share``, ``Count`` ...), so writer, reader and
documentation cannot disagree. Each dataclass is compiled once into nested functions: reading a
trial log of 300 lines takes a few milliseconds, and records need no further package.
"""

from __future__ import annotations

import json
import math
import types
import typing
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from harness.vocabulary import HarnessError, shown

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers that a field may hold, ends included unless ``above`` excludes the lower one."""

    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    """Whether ``low`` itself is excluded."""

    def __contains__(self, value: float) -> bool:
        return (self.low < value if self.above else self.low <= value) and value <= self.high

    def __str__(self) -> str:
        if math.isinf(self.high):
            return f"{'above' if self.above else 'at least'} {self.low:g}"
        return f"in {'(' if self.above else '['}{self.low:g}, {self.high:g}]"


Seconds = Annotated[float, Interval(low=0)]
"""A duration."""
Positive = Annotated[float, Interval(low=0, above=True)]
NonNegative = Annotated[float, Interval(low=0)]
Share = Annotated[float, Interval(low=0, high=1, above=True)]
"""In (0, 1]."""
Count = Annotated[int, Interval(low=0)]
"""0 or more."""

LARGEST = 2**63 - 1
"""The largest whole number that a record holds, and its negative the smallest."""
DEEPEST_VALUE = 32
"""Lists and mappings within each other that a free value, such as a note, may have."""

_Parse = Callable[[Any], Any]


class Misfit(ValueError):
    """A value that does not fit its field, and where in the record it stands."""

    def __init__(self, problem: str, where: tuple[str, ...] = ()) -> None:
        self.problem, self.where = problem, where
        super().__init__(f"{'.'.join(where)} {problem}" if where else problem)

    def within(self, name: str) -> Misfit:
        return Misfit(self.problem, (name, *self.where))


def from_json(kind: type[_T], content: Any) -> _T:
    """``content``, JSON values, as a ``kind``.

    An integer may stand where a float is asked for and becomes one; no other type is converted.

    Args:
        kind: A dataclass; its type hints and its ``__post_init__`` are the schema.

    Raises:
        Misfit: If a field is missing, unknown, of another type, not finite or out of its range.
    """
    return typing.cast(_T, _parser(typing.cast(Any, kind))(content))


def decode_json(text: str | bytes) -> Any:
    """JSON values from text or UTF-8; NaN, Infinity and repeated names are refused.

    Raises:
        ValueError: If it is no such JSON.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    try:
        return json.loads(text, parse_constant=_constant, object_pairs_hook=_unrepeated)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the name {shown(twice)} stands there more than once")
    return found


def to_json(record: Any) -> Any:
    """A record as JSON values, its fields in the order of the class; inverse of :func:`from_json`.

    Raises:
        Misfit: If it holds anything else.
    """
    try:
        return _plain(record)
    except RecursionError:
        raise Misfit("is nested too deeply") from None


def _plain(record: Any) -> Any:
    if is_dataclass(record) and not isinstance(record, type):
        return {f.name: _at(f.name, _plain, getattr(record, f.name)) for f in fields(record)}
    if isinstance(record, Enum):
        return record.value
    if isinstance(record, Mapping):
        return {_name(name): _at(name, _plain, value) for name, value in record.items()}
    if isinstance(record, list | tuple):
        return [_plain(value) for value in record]
    for kind in (bool, int, float, str):
        if isinstance(record, kind):  # a subclass, such as NumPy's float64, becomes its base
            return _json(kind(record))
    return _json(record)


def storable(record: _T) -> dict[str, Any]:
    """A record as JSON values that :func:`from_json` will accept.

    Raises:
        HarnessError: If it does not fit its own schema: then nothing is written.
    """
    content = _to_json(record)
    try:
        from_json(type(record), content)
    except Misfit as misfit:
        raise _unfit(record, misfit) from None
    return content


def _to_json(record: Any) -> dict[str, Any]:
    """:func:`to_json`, with one message for what is no JSON."""
    try:
        return typing.cast(dict[str, Any], to_json(record))
    except Misfit as misfit:
        raise _unfit(record, misfit) from None


def _unfit(record: Any, misfit: Misfit) -> HarnessError:
    return HarnessError(f"this {type(record).__name__} cannot be stored: {misfit}")


def _constant(word: str) -> float:
    raise ValueError(f"{word} is no number that can be stored")


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise Misfit(f"has the key {name!r}, which is no text")
    return _text(name)


def _text(value: str) -> str:
    """Text that can be written and printed: half a surrogate pair cannot."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Misfit(f"is {shown(value)}, which is no Unicode text") from None
    return value


def _whole(value: int) -> int:
    if not -LARGEST <= value <= LARGEST:
        raise Misfit(f"is {shown(value)}, beyond 2**63")
    return value


@cache
def _parser(kind: Any) -> _Parse:
    """The function that reads values of one type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return _json
    if origin is Annotated:
        return _ranged(_parser(arguments[0]), arguments[1])
    if origin in (typing.Union, types.UnionType):
        return _union(arguments)
    if origin is tuple or (isinstance(origin, type) and issubclass(origin, Sequence)):
        return _sequence(_parser(arguments[0]))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(_parser(arguments[1]))
    if is_dataclass(kind):
        return _record(typing.cast(Any, kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _choice(kind)
    if kind is float:
        return _float
    if kind in (str, int, bool):
        return _scalar(kind)
    raise TypeError(f"no schema for {kind!r}")


_CHECKS: Mapping[type, _Parse] = {str: _text, int: _whole}
_WORDS = {str: "text", int: "a whole number", bool: "true or false"}


def _scalar(kind: type) -> _Parse:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise Misfit(f"is {shown(value)}, not {_WORDS[kind]}")
        return check(value)

    check: _Parse = _CHECKS.get(kind, lambda value: value)
    return read


def _float(value: Any) -> float:
    if type(value) is not float and type(value) is not int:
        raise Misfit(f"is {shown(value)}, not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Misfit(f"is {shown(value)}, not a finite number")
    return number


def _json(value: Any, depth: int = 0) -> Any:
    """Any JSON value, finite all through."""
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is str:
        return _text(value)
    if kind is int:
        return _whole(value)
    if kind is float:
        return _float(value)
    if depth >= DEEPEST_VALUE and kind in (list, dict):
        raise Misfit(f"is nested more than {DEEPEST_VALUE} levels deep")
    if kind is list:
        return [_json(item, depth + 1) for item in value]
    if kind is dict:
        return {_name(name): _json(item, depth + 1) for name, item in value.items()}
    raise Misfit(f"is {shown(value)} ({kind.__name__}), which is no JSON value")


def _ranged(read: _Parse, allowed: Interval) -> _Parse:
    def ranged(value: Any) -> Any:
        number = read(value)
        if number not in allowed:
            raise Misfit(f"is {shown(value)}, not {allowed}")
        return number

    return ranged


def _union(kinds: tuple[Any, ...]) -> _Parse:
    """Scalars by the value's exact type; of several records, the first that fits."""
    optional = type(None) in kinds
    others = [kind for kind in kinds if kind is not type(None)]
    if len(others) == 1:
        inner = _parser(others[0])
        return lambda value: None if value is None else inner(value)
    scalars = {kind: _parser(kind) for kind in others if not is_dataclass(kind)}
    records = [_parser(typing.cast(Any, kind)) for kind in others if is_dataclass(kind)]
    names = " or ".join(kind.__name__ for kind in others)

    def read(value: Any) -> Any:
        if value is None and optional:
            return None
        if (one := scalars.get(type(value))) is not None:
            return one(value)
        if records and type(value) is dict:
            return _first(records, value)
        raise Misfit(f"is {shown(value)}, not {names}")

    return read


def _first(readers: list[_Parse], value: Any) -> Any:
    for reader in readers[:-1]:
        try:
            return reader(value)
        except Misfit:
            continue
    return readers[-1](value)


def _sequence(read: _Parse) -> _Parse:
    def sequence(value: Any) -> tuple[Any, ...]:
        if type(value) is not list and type(value) is not tuple:
            raise Misfit(f"is {shown(value)}, not a list")
        try:
            return tuple([read(item) for item in value])
        except Misfit:
            for number, item in enumerate(value):
                _at(str(number), read, item)
            raise

    return sequence


def _mapping(read: _Parse) -> _Parse:
    def mapping(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise Misfit(f"is {shown(value)}, not a mapping")
        return {_name(name): _at(name, read, item) for name, item in value.items()}

    return mapping


def _choice(kind: type[Enum]) -> _Parse:
    known = {member.value: member for member in kind}

    def read(value: Any) -> Enum:
        if type(value) is not str or value not in known:
            raise Misfit(f"is {shown(value)}, not one of {', '.join(known)}")
        return known[value]

    return read


def _record(kind: type) -> _Parse:
    hints = get_type_hints(kind, include_extras=True)
    readers = {f.name: _parser(hints[f.name]) for f in fields(kind) if f.init}
    needed = [
        f.name
        for f in fields(kind)
        if f.init and f.default is MISSING and f.default_factory is MISSING
    ]

    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise Misfit(f"is {shown(value)}, not a mapping")
        found = {}
        for name, item in value.items():
            if (reader := readers.get(name)) is None:
                raise Misfit(f"holds the unknown field {shown(name)}")
            found[name] = _at(name, reader, item)
        for name in needed:
            if name not in found:
                raise Misfit(f"lacks the field '{name}'")
        try:
            return kind(**found)
        except Misfit:
            raise
        except ValueError as error:
            raise Misfit(str(error)) from None

    return read


def _at(name: str, read: _Parse, value: Any) -> Any:
    try:
        return read(value)
    except Misfit as misfit:
        raise misfit.within(name) from None
