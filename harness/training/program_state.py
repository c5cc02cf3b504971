"""The state of modules that belong neither to this package nor to Python and its libraries."""

from __future__ import annotations

import random
import site
import sys
import sysconfig
import types
import zlib
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass
from functools import cache, partial
from pathlib import Path, PurePath
from typing import Any

import numpy as np

MOST_COMPARED = 200_000
"""Values that are looked at; a program with more counts as changed each time."""

_HARNESS = str(Path(__file__).resolve().parents[1]) + "/"


@cache
def _libraries() -> tuple[str, ...]:
    """Folders of Python, its libraries and this package."""
    paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    paths |= {*site.getsitepackages(), site.getusersitepackages()}
    return (*(f"{path}/" for path in paths if path), _HARNESS)


class ForeignModules:
    """The modules of programs: the subjects', and what they import of their own."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self.names: set[str] = set()
        """As of the last :meth:`new`."""

    def new(self) -> set[str]:
        """The modules that were imported since the last call."""
        fresh = sys.modules.keys() - self._seen
        self._seen |= fresh
        found = {name for name in fresh if _is_foreign(name, sys.modules.get(name))}
        self.names |= found
        return found

    def forget(self, names: Collection[str]) -> None:
        """Make the next import of modules a new one."""
        self.names -= {*names}
        self._seen -= {*names}
        for name in names:
            sys.modules.pop(name, None)
            package, _, last = name.rpartition(".")
            if package in sys.modules:
                vars(sys.modules[package]).pop(last, None)


def _is_foreign(name: str, module: object) -> bool:
    if name in ("__main__", "__mp_main__") or not isinstance(module, types.ModuleType):
        return False
    path = vars(module).get("__file__")
    return isinstance(path, str) and path.startswith("/") and not path.startswith(_libraries())


def uses_tensorflow(names: Collection[str]) -> bool:
    """Whether the source of one of the modules names TensorFlow.

    Its operations that draw numbers keep their state in kernels, where nobody can read it.
    """
    for name in names:
        try:
            source = Path(str(sys.modules[name].__file__)).read_bytes()
        except OSError:
            continue
        if b"tensorflow" in source:
            return True
    return False


def foreign_state(names: Collection[str]) -> list[Any]:
    """All values that modules hold, in a form that can be compared."""
    found: list[Any] = []
    walk = _Walk(found)
    for name in sorted(names):
        module = sys.modules.get(name)
        if module is None:
            found.append(("gone", name))
        else:
            own = {k: v for k, v in vars(module).items() if k not in _OF_MODULES}
            walk.value(own)
    return found


def tokens(value: object) -> list[Any]:
    """A value in a form that can be compared."""
    found: list[Any] = []
    _Walk(found).value(value)
    return found


_OF_MODULES = ("__builtins__", "__spec__", "__loader__", "__cached__", "__warningregistry__")
_OF_CLASSES = ("__dict__", "__weakref__", "__doc__", "_abc_impl", "__abstractmethods__")
_LOOKED_UP = ("content",)
"""Of a subject: values that are computed when they are first asked for."""


class _Walk:
    """Goes through values and what they refer to; each object once."""

    def __init__(self, found: list[Any]) -> None:
        self._found = found
        self._seen: dict[int, int] = {}
        self._keep: list[object] = []
        """Objects whose ids are in ``_seen``: their memory is not used again meanwhile."""

    def value(self, value: Any) -> None:
        waiting: deque[Any] = deque([value])
        while waiting:
            if len(self._found) > MOST_COMPARED:
                self._found.append(object())  # equals nothing
                return
            waiting.extendleft(self._told(waiting.popleft()))

    def _told(self, value: Any) -> list[Any]:
        """Note a value; return the values that it refers to, the last one first."""
        note = self._found.append
        kind = type(value)
        if value is None or kind in (bool, int, str, bytes):
            note(value)
            return []
        if kind in (float, complex):
            note(repr(value))
            return []
        if isinstance(value, PurePath):
            note(str(value))
            return []
        if (number := self._seen.get(id(value))) is not None:
            note(("again", number))
            return []
        self._seen[id(value)] = len(self._seen)
        self._keep.append(value)
        note(kind.__name__)
        if kind in (list, tuple, deque):
            note(len(value))
            return [*value][::-1]
        if kind in (set, frozenset):
            note(sorted(map(repr, value)))
            return []
        if isinstance(value, Mapping):
            return [x for pair in value.items() for x in pair][::-1]
        return self._object(value, kind)

    def _object(self, value: Any, kind: type) -> list[Any]:
        note = self._found.append
        if isinstance(value, np.ndarray):
            note((value.shape, str(value.dtype), value.flags.writeable))
            if value.dtype.hasobject:
                return value.ravel().tolist()[::-1]
            note(
                zlib.crc32(
                    np.ascontiguousarray(value).tobytes() if value.ndim == 0 else _bytes(value)
                )
            )
        elif isinstance(value, np.generic):
            note(repr(value))
        elif isinstance(value, np.random.Generator):
            note(repr(value.bit_generator.state))
        elif isinstance(value, np.random.RandomState):
            note(repr(value.get_state(legacy=False)))
        elif isinstance(value, np.random.BitGenerator):
            note(repr(value.state))
        elif isinstance(value, random.Random):
            note(hash(value.getstate()))
        elif isinstance(value, partial):
            return [value.func, value.args, value.keywords]
        elif isinstance(value, (types.FunctionType, types.MethodType)):
            return self._function(value)
        elif isinstance(value, types.ModuleType):
            note(id(value))
        elif isinstance(value, type):
            return self._class(value)
        elif kind.__module__.split(".")[0] in ("torch", "tensorflow", "keras", "jax", "jaxlib"):
            return self._of_framework(value)
        elif hasattr(kind, "cache_info"):
            note(value.cache_info().currsize)
        elif is_dataclass(value):
            return [getattr(value, f.name) for f in fields(value) if f.name not in _LOOKED_UP]
        elif isinstance(value, types.GeneratorType):
            note(None if value.gi_frame is None else value.gi_frame.f_lasti)
        else:
            return self._instance(value)
        return []

    def _instance(self, value: Any) -> list[Any]:
        own = getattr(value, "__dict__", None)
        slots = [
            getattr(value, name)
            for base in type(value).__mro__
            for name in _names(base.__dict__.get("__slots__", ()))
            if hasattr(value, name)
        ]
        if isinstance(own, dict) or slots:
            return [*([own] if isinstance(own, dict) else []), *slots]
        if hasattr(type(value), "__next__"):  # an iterator says where it is when it is reduced
            try:
                return [*value.__reduce__()[1:]]
            except (TypeError, AttributeError, NotImplementedError):
                pass
        self._found.append(id(value))
        return []

    def _of_framework(self, value: Any) -> list[Any]:
        """Tensors, variables and generators by what they hold, other objects by their variables."""
        if hasattr(value, "get_state") and hasattr(value, "initial_seed"):
            value = value.get_state()
        for read in ("detach", "numpy"):
            if callable(getattr(value, read, None)) and hasattr(value, "shape"):
                try:
                    array = value.detach().cpu().numpy() if read == "detach" else value.numpy()
                except Exception:
                    break
                return [np.asarray(array)]
        if type(value).__module__.startswith("jax") and hasattr(value, "shape"):
            return [np.asarray(value)]
        return self._instance(value)

    def _function(self, value: Any) -> list[Any]:
        function = getattr(value, "__func__", value)
        if str(function.__code__.co_filename).startswith(_libraries()):
            self._found.append(id(function))
            return []
        cells = []
        for cell in function.__closure__ or ():
            try:
                cells.append(cell.cell_contents)
            except ValueError:  # not filled yet
                cells.append(None)
        more = [value.__self__] if hasattr(value, "__self__") else []
        self._found.append(id(function.__code__))
        return [
            *more,
            function.__defaults__,
            function.__kwdefaults__,
            {k: v for k, v in vars(function).items() if k != "__wrapped__"},
            cells,
        ]

    def _class(self, value: type) -> list[Any]:
        path = getattr(sys.modules.get(value.__module__), "__file__", None)
        if not isinstance(path, str) or path.startswith(_libraries()):
            self._found.append(id(value))
            return []
        return [{k: v for k, v in vars(value).items() if k not in _OF_CLASSES}]


def _bytes(array: np.ndarray) -> memoryview:
    """The bytes of an array; copied only if it is not contiguous."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _names(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots)
