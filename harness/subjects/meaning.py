"""What a program means, as a hash: the syntax of its module and of all project code that it uses.

Comments, docstrings, annotations, imports, formatting, and the names and places of modules and
functions do not count. Values, statements and the behaviour of every helper do. Source is read,
never executed.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

HARNESS = Path(__file__).resolve().parents[1]

MATERIAL = (
    "harness.data",
    "harness.subjects.arrays",
    "harness.subjects.semantics",
    "harness.subjects.keras_layers",
    "harness.subjects.pytorch",
)
"""Modules of the harness that subjects are made of. All other names of the harness are a contract:
they count by their last part, whatever they do."""

REEXPORTED = {"harness.subjects.Data": "harness.subjects.arrays.Data"}
"""Public name -> where it is defined."""

DESCRIPTIVE = ("title", "semantics")
"""Arguments of a subject that are for readers."""

Dump = Any
"""Nested tuples of strings; equal for programs of equal meaning."""


def meaning_of(path: Path, name: str = "SUBJECT") -> str:
    """Hash of what the top-level ``name`` of a Python file means: 64 hexadecimal digits.

    Args:
        path: A module that can be parsed. Project modules that it imports are looked for beside
            it, in the folder above it, and on ``sys.path`` outside the libraries.
        name: A variable, function or class of the module.

    Raises:
        OSError, SyntaxError: If the module cannot be read.
    """
    reader = _Reader((path.parent, path.parent.parent))
    found = reader.binding(_module(path), name)
    return hashlib.sha256(repr((found, reader.effects)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Import:
    """What an import binds: a module, or an attribute of one."""

    dotted: str
    level: int = 0
    """Leading dots."""


@dataclass(frozen=True, slots=True)
class _Module:
    path: Path
    bindings: Mapping[str, Sequence[ast.stmt]]
    """Name -> the statements that define it."""
    imports: Mapping[str, _Import]
    stars: Sequence[_Import]
    effects: Sequence[ast.stmt]
    """Statements that do something when the module is imported."""


def _module(path: Path) -> _Module:
    stat = path.stat()
    return _parsed(path.resolve(), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _parsed(path: Path, changed: int, size: int) -> _Module:
    bindings: dict[str, list[ast.stmt]] = {}
    imports: dict[str, _Import] = {}
    stars: list[_Import] = []
    effects: list[ast.stmt] = []
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports |= dict(_imported(node, stars))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bindings.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
            plain = all(isinstance(t, ast.Name | ast.Tuple | ast.List) for t in targets)
            for bound in names if plain else ():
                bindings.setdefault(bound, []).append(node)
            if not plain:  # x.y = ..., x[0] = ...
                effects.append(node)
        elif not (_is_text(node) or _is_unread(node)):
            effects.append(node)
            for bound in _stored([node]):
                bindings.setdefault(bound, []).append(node)
            for inner in ast.walk(node):
                if isinstance(inner, ast.Import | ast.ImportFrom):
                    imports |= dict(_imported(inner, stars))
    return _Module(path, bindings, imports, stars, effects)


def _imported(
    node: ast.Import | ast.ImportFrom, stars: list[_Import]
) -> Iterator[tuple[str, _Import]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            first = alias.name.split(".")[0]
            yield alias.asname or first, _Import(alias.name if alias.asname else first)
        return
    for alias in node.names:
        if alias.name == "*":
            stars.append(_Import(node.module or "", node.level))
            continue
        dotted = ".".join(filter(None, [node.module, alias.name]))
        yield alias.asname or alias.name, _Import(dotted, node.level)


def _is_text(node: ast.AST) -> bool:
    """A docstring, or a string that documents what stands before it."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _is_unread(node: ast.stmt) -> bool:
    """``if __name__ == "__main__"`` and ``if TYPE_CHECKING`` do nothing in an import."""
    if not isinstance(node, ast.If):
        return False
    names = {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)}
    names |= {n.attr for n in ast.walk(node.test) if isinstance(n, ast.Attribute)}
    return bool(names & {"__name__", "TYPE_CHECKING"})


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_LOOPS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _own(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes below that belong to the same scope: not those of inner functions and loops."""
    for node in nodes:
        yield node
        if not isinstance(node, (*_FUNCTIONS, *_LOOPS, ast.ClassDef)):
            yield from _own(ast.iter_child_nodes(node))


def _stored(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that a scope assigns."""
    found: set[str] = set()
    for node in _own(nodes):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.ClassDef(name=name):
                found.add(name)
            case ast.ExceptHandler(name=str(name)):
                found.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                found.add(name)
            case ast.MatchMapping(rest=str(name)):
                found.add(name)
    return found


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where a name is looked up: the module, and the locals and imports of functions around it."""

    module: _Module
    locals: frozenset[str] = frozenset()
    imports: Mapping[str, _Import] = field(default_factory=dict)

    def with_names(self, names: set[str]) -> _Scope:
        """The same with further locals."""
        imports = {n: i for n, i in self.imports.items() if n not in names}
        return _Scope(self.module, self.locals | names, imports)

    def inside(self, function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> _Scope:
        arguments = function.args
        names = {
            a.arg
            for a in (
                *arguments.posonlyargs,
                *arguments.args,
                *arguments.kwonlyargs,
                *filter(None, (arguments.vararg, arguments.kwarg)),
            )
        }
        body = function.body if isinstance(function.body, list) else [function.body]
        names |= _stored(body)
        imports = dict(self.imports)
        for inner in _own(body):
            if isinstance(inner, ast.Import | ast.ImportFrom):
                imports |= dict(_imported(inner, []))
            elif isinstance(inner, ast.Global):
                names -= set(inner.names)
        imports = {n: i for n, i in imports.items() if n not in names}
        return _Scope(self.module, (self.locals | names) - set(imports), imports)


class _Reader:
    """Reads one program; notes the side effects of every module on the way."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = [*roots, *_searched()]
        self._known: dict[tuple[Path, str], Dump] = {}
        self._open: list[tuple[Path, str]] = []
        self._visited: set[Path] = set()
        self.effects: list[Dump] = []

    def binding(self, module: _Module, name: str) -> Dump:
        """What a top-level name means."""
        key = (module.path, name)
        if key in self._open:
            return ("cycle", len(self._open) - self._open.index(key))
        if key not in self._known:
            self._visit(module)
            self._open.append(key)
            scope = _Scope(module)
            nodes = module.bindings.get(name, ())
            told = [self._dump(node, scope, top=True) for node in nodes]
            self._open.pop()
            self._known[key] = hashlib.sha256(repr(told).encode()).hexdigest()
        return ("meaning", self._known[key])

    def _visit(self, module: _Module) -> None:
        if module.path in self._visited:
            return
        self._visited.add(module.path)
        scope = _Scope(module)
        self.effects += [self._dump(node, scope) for node in module.effects]

    def _whole(self, module: _Module) -> Dump:
        """A module that is used as an object: all of it counts."""
        return ("module", *(self.binding(module, name) for name in module.bindings))

    def _dump(self, node: Any, scope: _Scope, *, top: bool = False) -> Dump:
        match node:
            case list():
                return tuple(self._dump(n, scope) for n in node if not _silent(n))
            case ast.Constant():
                return (type(node.value).__name__, repr(node.value))
            case ast.Name():
                return self._name(node.id, [], scope)
            case ast.Attribute():
                return self._attribute(node, scope)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                return self._function(node, scope, top)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                inner = scope.with_names(_stored(g.target for g in node.generators))
                parts = (self._dump(getattr(node, name), inner) for name in node._fields)
                return (type(node).__name__, *parts)
            case ast.Call():
                described = self._is_subject(node, scope)
                kept = [k for k in node.keywords if not (described and k.arg in DESCRIPTIVE)]
                called = self._dump(node.func, scope)
                return ("Call", called, self._dump(node.args, scope), self._dump(kept, scope))
            case ast.AnnAssign():
                target = () if top else self._dump(node.target, scope)
                return ("Assign", target, self._dump(node.value, scope))
            case ast.Assign() if top:
                # A top-level name is known by its meaning, so that renaming it changes nothing.
                targets = [t for t in node.targets if not isinstance(t, ast.Name)]
                return ("Assign", self._dump(targets, scope), self._dump(node.value, scope))
            case ast.arg():
                return ("arg", node.arg)
            case ast.AST():
                fields = (
                    (name, getattr(node, name, None))
                    for name in node._fields
                    if name not in ("ctx", "type_comment", "kind", "returns", "annotation")
                )
                dumped = (self._dump(value, scope) for _, value in fields)
                return (type(node).__name__, *dumped)
            case _:
                return repr(node)

    def _function(self, node: Any, scope: _Scope, top: bool) -> Dump:
        outside = [self._dump(part, scope) for part in getattr(node, "decorator_list", [])]
        defaults = [self._dump(d, scope) for d in (*node.args.defaults, *node.args.kw_defaults)]
        inner = scope.inside(node)
        names = [
            self._dump(part, inner)
            for part in (
                node.args.posonlyargs,
                node.args.args,
                node.args.vararg,
                node.args.kwonlyargs,
                node.args.kwarg,
            )
        ]
        name = "" if top else getattr(node, "name", "")
        kind = type(node).__name__
        return (kind, name, *outside, *defaults, *names, self._dump(node.body, inner))

    def _is_subject(self, node: ast.Call, scope: _Scope) -> bool:
        """Whether a call makes a subject, or a variant of one."""
        return self._dump(node.func, scope) in (
            ("harness", "Subject"),
            ("library", "dataclasses.replace"),
        )

    def _attribute(self, node: ast.Attribute, scope: _Scope) -> Dump:
        """``a.b.c`` as one name where ``a`` is a module."""
        attributes = [node.attr]
        base: ast.expr = node.value
        while isinstance(base, ast.Attribute):
            attributes.insert(0, base.attr)
            base = base.value
        if isinstance(base, ast.Name):
            return self._name(base.id, attributes, scope)
        return ("Attribute", self._dump(node.value, scope), node.attr)

    def _name(self, name: str, attributes: list[str], scope: _Scope) -> Dump:
        module = scope.module
        if name in scope.imports:
            return self._resolved(scope.imports[name], attributes, module)
        if name in scope.locals:
            return ("local", name, *attributes)
        if name in module.bindings:
            return (*self.binding(module, name), *attributes)
        if name in module.imports:
            return self._resolved(module.imports[name], attributes, module)
        for star in module.stars:
            if (there := self._found(star.dotted, star.level, module)) and not there[1]:
                if name in there[0].bindings:
                    return (*self.binding(there[0], name), *attributes)
                if name in there[0].imports:
                    return self._resolved(there[0].imports[name], attributes, there[0])
        kind = "builtin" if hasattr(builtins, name) else "name"
        return (kind, name, *attributes)

    def _resolved(self, bound: _Import, attributes: list[str], module: _Module) -> Dump:
        """What an imported name, followed by attributes, means."""
        dotted = ".".join([bound.dotted, *attributes])
        for public, defined in REEXPORTED.items():
            if dotted == public or dotted.startswith(f"{public}."):
                dotted = defined + dotted[len(public) :]
        found = self._found(dotted, bound.level, module)
        if found is None:
            if dotted.split(".")[0] == "harness" and not bound.level:
                return ("harness", dotted.rpartition(".")[2])
            return ("library", f"{'.' * bound.level}{dotted}")
        there, rest = found
        if not rest:
            return self._whole(there)
        if rest[0] in there.bindings:
            return (*self.binding(there, rest[0]), *rest[1:])
        if rest[0] in there.imports:
            self._visit(there)
            return self._resolved(there.imports[rest[0]], rest[1:], there)
        return (*self._whole(there), *rest)

    def _found(self, dotted: str, level: int, module: _Module) -> tuple[_Module, list[str]] | None:
        """The project module that a dotted name begins with, and the rest of the name."""
        parts = dotted.split(".") if dotted else []
        for end in range(len(parts), -1 if level else 0, -1):
            path = self._file(parts[:end], level, module)
            if path is not None:
                return _module(path), parts[end:]
        return None

    def _file(self, parts: Sequence[str], level: int, module: _Module) -> Path | None:
        if level:
            base = module.path.parent
            for _ in range(level - 1):
                base = base.parent
            return _source(base, parts)
        if parts[0] == "harness":
            dotted = ".".join(parts)
            material = any(dotted == m or dotted.startswith(f"{m}.") for m in MATERIAL)
            return _source(HARNESS.parent, parts) if material else None
        return next(filter(None, (_source(root, parts) for root in self._roots)), None)


def _silent(node: Any) -> bool:
    """Statements that mean nothing: docstrings, imports (they are resolved), ``pass``."""
    return _is_text(node) or isinstance(
        node, ast.Import | ast.ImportFrom | ast.Global | ast.Nonlocal | ast.Pass
    )


def _source(root: Path, parts: Sequence[str]) -> Path | None:
    base = root.joinpath(*parts)
    for path in (base.with_suffix(".py") if parts else base / "__init__.py", base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _searched() -> list[Path]:
    """Folders on ``sys.path`` that hold no library."""
    libraries = {Path(p).resolve() for p in sysconfig.get_paths().values()}
    found = []
    for entry in sys.path:
        folder = Path(entry or ".").resolve()
        inside = any(folder == lib or lib in folder.parents for lib in libraries)
        if folder.is_dir() and not inside and "site-packages" not in folder.parts:
            found.append(folder)
    return found
