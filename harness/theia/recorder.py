"""A recorder of the lines at which the user's code makes layers, losses, optimisers and loaders.

Once Keras or PyTorch is imported, ``watch_keras`` and ``watch_torch`` note for every object that
the framework constructs the line of the user's file that asked for it. Nothing else changes.
"""

from __future__ import annotations

import ast
import functools
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from harness.theia.program import Place

_OURS = Path(__file__).resolve().parent
"""Code of this package is never the user's."""

AfterImport = Callable[[ModuleType], None]


@dataclass
class Recorder:
    """The places of the objects made by code below ``folder``."""

    folder: Path
    start: Path = field(default_factory=Path.cwd)
    """The working directory as the script found it."""
    _made: dict[int, tuple[Any, Place]] = field(default_factory=dict)

    def note(self, thing: Any) -> None:
        """Remember the user's line that is being executed as the origin of ``thing``.

        The outermost constructor runs first, so the first note of an object is the user's.
        """
        place = self.here()
        if place is not None and id(thing) not in self._made:
            self._made[id(thing)] = (thing, place)  # kept alive, so that no identity is reused

    def place(self, thing: Any) -> Place | None:
        return self._made.get(id(thing), (None, None))[1]

    def here(self) -> Place | None:
        """The innermost line of the user's code on the stack."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            file = frame.f_code.co_filename
            if self.is_user_s(file):
                return Place(self.shown(file), frame.f_lineno)
            frame = frame.f_back
        return None

    @functools.lru_cache(maxsize=4096)  # noqa: B019  (lives as long as the process)
    def is_user_s(self, file: str) -> bool:
        path = Path(file)
        inside = file.endswith(".py") and path.is_absolute() and path.is_relative_to(self.folder)
        return inside and "site-packages" not in path.parts and not path.is_relative_to(_OURS)

    def shown(self, file: str) -> str:
        """Relative to the working directory where that is shorter."""
        path = Path(file)
        return str(path.relative_to(self.start) if path.is_relative_to(self.start) else path)

    def __hash__(self) -> int:
        return id(self)

    def argument(self, place: Place | None, name: str) -> Place | None:
        """The line of the keyword argument ``name`` of the call at ``place``; else the call's."""
        if place is None:
            return None
        lines = _keywords(str(self.start / place.file)).get(name, ())
        inside = [line for start, end, line in lines if start <= place.line <= end]
        return Place(place.file, inside[-1]) if inside else place


@functools.lru_cache(maxsize=64)
def _keywords(file: str) -> dict[str, tuple[tuple[int, int, int], ...]]:
    """Keyword arguments of all calls in a file: name -> (call's first line, its last, line)."""
    try:
        tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, UnicodeDecodeError):
        return {}
    found: dict[str, tuple[tuple[int, int, int], ...]] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            if keyword.arg:
                span = (node.lineno, node.end_lineno or node.lineno, keyword.value.lineno)
                found[keyword.arg] = (*found.get(keyword.arg, ()), span)
    return found


class _Finder(importlib.abc.MetaPathFinder):
    """Finds a module as usual, and calls an action once it is loaded."""

    def __init__(self, actions: dict[str, AfterImport]) -> None:
        self._actions = actions
        self._asked: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self._actions or fullname in self._asked:
            return None
        self._asked.add(fullname)
        try:
            spec = importlib.util.find_spec(fullname)  # the finders behind this one
        finally:
            self._asked.discard(fullname)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module
            spec.loader.exec_module = self._followed(load)  # type: ignore[method-assign,assignment]
        return spec

    def _followed(self, load: AfterImport) -> AfterImport:
        def load_then_act(module: ModuleType) -> None:
            load(module)
            action = self._actions.pop(module.__name__, None)
            if action is not None:
                action(module)

        return load_then_act


def after_import(actions: dict[str, AfterImport]) -> None:
    """Call actions (module name -> action) once their modules are loaded; at once if they are."""
    for name in [n for n in actions if n in sys.modules]:
        actions.pop(name)(sys.modules[name])
    sys.meta_path.insert(0, _Finder(actions))


def watch_keras(recorder: Recorder, keras: ModuleType) -> None:
    for cls in (keras.layers.Layer, keras.optimizers.Optimizer, keras.losses.Loss):
        _note_new(cls, recorder)


def watch_torch(recorder: Recorder, torch: ModuleType) -> None:
    from torch.utils.data import DataLoader

    for cls in (torch.nn.Module, torch.optim.Optimizer, DataLoader):
        _note_new(cls, recorder)


def _note_new(cls: Any, recorder: Recorder) -> None:
    """Make the recorder note every new object of a class and its subclasses."""
    made: Any = cls.__new__

    @functools.wraps(made)
    def new(kind: type, *args: Any, **kwargs: Any) -> Any:
        plain = made is object.__new__  # takes no arguments
        thing = made(kind) if plain else made(kind, *args, **kwargs)
        recorder.note(thing)
        return thing

    cls.__new__ = staticmethod(new)
