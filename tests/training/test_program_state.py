"""What modules of programs hold, in a form that can be compared."""

from __future__ import annotations

import itertools
import random
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.training.program_state import ForeignModules, foreign_state, tokens, uses_tensorflow

SOURCE = """
import itertools, random
from collections import Counter, deque
from dataclasses import dataclass
from functools import lru_cache, partial
import numpy as np

NUMBER, TEXT, LIST, DICT, SET = 1, "a", [1, [2]], {"a": [1]}, {1}
ARRAY = np.zeros((2, 2))
NUMPYS, OLD, PYTHONS = np.random.default_rng(1), np.random.RandomState(1), random.Random(1)
COUNT, ITERATOR = itertools.count(3), iter([1, 2, 3])
COUNTER, QUEUE = Counter("aab"), deque([1])
OBJECTS = np.array([[1], [2, 3]], dtype=object)

class Plain:
    shared = 0
    def __init__(self): self.own = [1]

class Slotted:
    __slots__ = ("own",)

@dataclass
class Record:
    values: list

PLAIN, SLOTTED, RECORD = Plain(), Slotted(), Record([1])
SLOTTED.own = 1

def default(values=[]): return values

def counter():
    count = 0
    def step():
        nonlocal count
        count += 1
        return count
    return step
STEP = counter()
PART = partial(default, [1])

@lru_cache
def cached(x): return [x]

def generated():
    yield 1
    yield 2
GENERATED = generated()
next(GENERATED)
SELF = [0]
SELF.append(SELF)
"""

CHANGES: dict[str, Callable[[Any], Any]] = {
    "a number": lambda m: setattr(m, "NUMBER", 2),
    "a new name": lambda m: setattr(m, "NEW", 2),
    "a list in a list": lambda m: m.LIST[1].append(3),
    "a dictionary": lambda m: m.DICT["a"].append(2),
    "a set": lambda m: m.SET.add(2),
    "an array": lambda m: m.ARRAY.__setitem__((0, 0), 1e-9),
    "an array of objects": lambda m: m.OBJECTS[0].append(2),
    "NumPy's generator": lambda m: m.NUMPYS.random(),
    "NumPy's older generator": lambda m: m.OLD.random_sample(),
    "Python's generator": lambda m: m.PYTHONS.random(),
    "a count": lambda m: next(m.COUNT),
    "an iterator": lambda m: next(m.ITERATOR),
    "a counter": lambda m: m.COUNTER.update("a"),
    "a queue": lambda m: m.QUEUE.append(2),
    "an object": lambda m: m.PLAIN.own.append(2),
    "an object with slots": lambda m: setattr(m.SLOTTED, "own", 2),
    "a record": lambda m: m.RECORD.values.append(2),
    "a class": lambda m: setattr(m.Plain, "shared", 1),
    "a method": lambda m: setattr(m.Plain, "method", lambda self: 1),
    "a default": lambda m: m.default().append(1),
    "a closure": lambda m: m.STEP(),
    "an attribute of a function": lambda m: setattr(m.default, "calls", 1),
    "an argument of a partial": lambda m: m.PART.args[0].append(1),
    "a cache": lambda m: m.cached(1),
    "a generator": lambda m: next(m.GENERATED),
    "a list that holds itself": lambda m: m.SELF.append(1),
    "another function": lambda m: setattr(m, "default", lambda: 1),
}


@pytest.fixture
def module(tmp_path: Path) -> Iterator[types.ModuleType]:
    made = types.ModuleType("a_program")
    made.__file__ = str(tmp_path / "a_program.py")
    sys.modules["a_program"] = made
    exec(compile(SOURCE, made.__file__, "exec"), vars(made))
    yield made
    sys.modules.pop("a_program", None)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_each_change_shows(module: types.ModuleType, change: Callable[[Any], Any]) -> None:
    before = foreign_state({"a_program"})
    assert foreign_state({"a_program"}) == before
    change(module)
    assert foreign_state({"a_program"}) != before


def test_a_module_that_is_gone_shows(module: types.ModuleType) -> None:
    before = foreign_state({"a_program"})
    del sys.modules["a_program"]
    assert foreign_state({"a_program"}) != before


def test_modules_of_programs_are_told_from_libraries(tmp_path: Path) -> None:
    found = ForeignModules()
    found.new()
    assert "numpy" not in found.names
    assert not any(name.startswith("harness.") for name in found.names)
    (tmp_path / "my_layers.py").write_text("VALUES = []\n")
    sys.path.insert(0, str(tmp_path))
    try:
        import my_layers  # type: ignore[import-not-found]

        assert found.new() == {"my_layers"}
        assert found.new() == set()
        my_layers.VALUES.append(1)
        found.forget({"my_layers"})
        import my_layers as again

        assert again.VALUES == []
        assert found.new() == {"my_layers"}
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("my_layers", None)


def test_a_source_that_names_tensorflow_is_found(module: types.ModuleType, tmp_path: Path) -> None:
    source = tmp_path / "a_program.py"
    source.write_text("from keras import layers")
    assert not uses_tensorflow({"a_program"})
    source.write_text("def build(c):\n    import tensorflow as tf")
    assert uses_tensorflow({"a_program"})


def test_values_that_are_equal_have_equal_tokens() -> None:
    assert tokens([1.0, float("nan"), {"a": (None, True)}]) == tokens(
        [1.0, float("nan"), {"a": (None, True)}]
    )
    assert tokens(True) != tokens("True")
    assert tokens(np.float32(1)) != tokens(np.float32(2))
    assert tokens(np.arange(4)[::2]) == tokens(np.array([0, 2]))
    assert tokens(random.Random(1)) == tokens(random.Random(1))
    assert tokens(itertools.count(2)) == tokens(itertools.count(2))
