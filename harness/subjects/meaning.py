"""What a program means, as a hash: the syntax of its module and of all project code that it uses.

Comments, docstrings, annotations, imports, formatting, and the names and places of modules,
functions and local variables do not count. Values, statements, the behaviour of every helper and
what a module does when it is imported do. Source is read, never executed.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.subjects.syntax import (
    IMPORTS,
    Imported,
    ParsedModule,
    Scope,
    imported,
    is_text,
    own_nodes,
    parsed_module,
    stored,
)

HARNESS = Path(__file__).resolve().parents[1]

MATERIAL = (
    "harness.data",
    "harness.subjects.arrays",
    "harness.subjects.keras_layers",
    "harness.subjects.pytorch",
    "harness.subjects.semantics",
)
"""Modules of the harness that subjects are made of. All other names of the harness are a contract:
they count by their last part, whatever they do."""

REEXPORTED = {"harness.subjects.Data": "harness.subjects.arrays.Data"}
"""Public name -> where it is defined."""

DESCRIPTIVE = ("title", "semantics")
"""Arguments of a subject that are for readers."""

DYNAMIC = ("eval", "exec", "globals", "vars")
"""Builtins that reach any name of their module: then all of it counts."""

UNSEEN = ("ctx", "type_comment", "kind", "returns", "annotation", "type_params")
"""Fields of the syntax tree that mean nothing when a program runs."""

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
    found = reader.binding(parsed_module(path), name)
    return hashlib.sha256(repr((found, reader.effects)).encode()).hexdigest()


class _Reader:
    """Reads one program; notes the side effects of every module on the way."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = [*roots, *_searched()]
        self._known: dict[tuple[Path, str], Dump] = {}
        self._files: dict[tuple[Path, tuple[str, ...]], Path | None] = {}
        self._open: list[tuple[Path, str]] = []
        self._visited: set[Path] = set()
        self.effects: list[Dump] = []

    # -- modules

    def binding(self, module: ParsedModule, name: str) -> Dump:
        """What a top-level name means."""
        key = (module.path, name)
        if key in self._open:
            return ("cycle", len(self._open) - self._open.index(key))
        if key not in self._known:
            self._visit(module)
            self._open.append(key)
            dumped = [
                self._dump(node, Scope(module, node.lineno), top=True)
                for node in module.bindings.get(name, ())
            ]
            self._open.pop()
            self._known[key] = hashlib.sha256(repr(dumped).encode()).hexdigest()
        return ("meaning", self._known[key])

    def _visit(self, module: ParsedModule) -> None:
        """Note what importing a module does, and the modules that it imports."""
        if module.path in self._visited:
            return
        self._visited.add(module.path)
        for bound in module.touched:
            self._touch(bound, module)
        self.effects += [self._dump(n, Scope(module, n.lineno)) for n in module.effects]

    def _touch(self, bound: Imported, module: ParsedModule) -> None:
        """Visit the project modules that an import executes, the packages around it first."""
        parts = bound.dotted.split(".") if bound.dotted else []
        for end in range(0 if bound.level else 1, len(parts) + 1):
            if path := self._file(parts[:end], bound.level, module):
                self._visit(parsed_module(path))

    def _whole(self, module: ParsedModule) -> Dump:
        """A module that is used as an object: all of it counts."""
        self._visit(module)
        return ("module", *(self.binding(module, name) for name in module.bindings))

    # -- syntax

    def _dump(self, node: Any, scope: Scope, *, top: bool = False) -> Dump:
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
                return self._comprehension(node, scope)
            case ast.Call():
                return self._call(node, scope)
            case ast.AnnAssign() | ast.Assign():
                return self._assigned(node, scope, top)
            case ast.arg():
                return ("arg", node.arg)
            case ast.AST():
                dumped = (
                    self._dump(getattr(node, name, None), scope)
                    for name in node._fields
                    if name not in UNSEEN
                )
                return (type(node).__name__, *dumped)
            case _:
                return repr(node)

    def _assigned(self, node: ast.AnnAssign | ast.Assign, scope: Scope, top: bool) -> Dump:
        """A top-level name is known by its meaning, so that renaming it changes nothing."""
        targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
        kept = [t for t in targets if not (top and isinstance(t, ast.Name))]
        return ("Assign", self._dump(kept, scope), self._dump(node.value, scope))

    def _function(self, node: Any, scope: Scope, top: bool) -> Dump:
        arguments, inner = node.args, scope.inside(node)
        for statement in own_nodes(node.body if isinstance(node.body, list) else [node.body]):
            if isinstance(statement, IMPORTS):
                for _, _, executed in imported(statement):
                    self._touch(executed, scope.module)
        name = getattr(node, "name", "")
        return (
            type(node).__name__,
            "" if top else scope.locals.get(name, name),
            self._dump(getattr(node, "decorator_list", []), scope),
            tuple(self._dump(d, scope) for d in arguments.defaults),
            tuple(self._dump(d, scope) for d in arguments.kw_defaults),
            self._dump(arguments.posonlyargs, inner),
            self._dump(arguments.args, inner),
            self._dump(arguments.vararg, inner),
            self._dump(arguments.kwonlyargs, inner),
            self._dump(arguments.kwarg, inner),
            self._dump(node.body, inner),
        )

    def _comprehension(self, node: Any, scope: Scope) -> Dump:
        """The first iterable is evaluated outside."""
        inner = scope.with_locals(stored(g.target for g in node.generators))
        made = [getattr(node, name) for name in node._fields if name != "generators"]
        loops = tuple(
            (
                self._dump(loop.target, inner),
                self._dump(loop.iter, inner if number else scope),
                self._dump(loop.ifs, inner),
                loop.is_async,
            )
            for number, loop in enumerate(node.generators)
        )
        return (type(node).__name__, self._dump(made, inner), loops)

    def _call(self, node: ast.Call, scope: Scope) -> Dump:
        called = self._dump(node.func, scope)
        describes = called in (("harness", "Subject"), ("library", "dataclasses.replace"))
        kept = [k for k in node.keywords if not (describes and k.arg in DESCRIPTIVE)]
        dumped = ("Call", called, self._dump(node.args, scope), self._dump(kept, scope))
        if called in (("library", "importlib.import_module"), ("builtin", "__import__")):
            match node.args:
                case [ast.Constant(value=str(dotted)), *_]:
                    found = self._found(dotted, 0, scope.module)
                    return (*dumped, *([] if found is None else [self._whole(found[0])]))
        return dumped

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Dump:
        """``a.b.c`` as one name where ``a`` is a module."""
        attributes = [node.attr]
        base: ast.expr = node.value
        while isinstance(base, ast.Attribute):
            attributes.insert(0, base.attr)
            base = base.value
        if isinstance(base, ast.Name):
            return self._name(base.id, attributes, scope)
        return ("Attribute", self._dump(node.value, scope), node.attr)

    # -- names

    def _name(self, name: str, attributes: list[str], scope: Scope) -> Dump:
        module = scope.module
        if name in scope.imports:
            return self._alternatives(scope.imports[name], attributes, module)
        if name in scope.locals:
            return ("local", scope.locals[name], *attributes)
        if name in module.bindings:
            nodes = module.bindings[name]
            before = scope.position and sum(node.lineno < scope.position for node in nodes)
            moment = [f"after {before}"] if len(nodes) > 1 and scope.position else []
            return (*self.binding(module, name), *moment, *attributes)
        if name in module.imports:
            return self._alternatives(module.imports[name], attributes, module)
        for star in module.stars:
            if (there := self._found(star.dotted, star.level, module)) and not there[1]:
                if name in there[0].bindings:
                    return (*self.binding(there[0], name), *attributes)
                if name in there[0].imports:
                    return self._alternatives(there[0].imports[name], attributes, there[0])
        if name in DYNAMIC:
            return ("builtin", name, self._whole(module))
        return ("builtin" if hasattr(builtins, name) else "name", name, *attributes)

    def _alternatives(
        self, bound: Sequence[Imported], attributes: list[str], module: ParsedModule
    ) -> Dump:
        found = [self._resolved(one, attributes, module) for one in dict.fromkeys(bound)]
        return found[0] if len(found) == 1 else ("one of", *found)

    def _resolved(self, bound: Imported, attributes: list[str], module: ParsedModule) -> Dump:
        """What an imported name, followed by attributes, means."""
        dotted = ".".join(filter(None, [bound.dotted, *attributes]))
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
            return self._alternatives(there.imports[rest[0]], rest[1:], there)
        return (*self._whole(there), *rest)

    def _found(
        self, dotted: str, level: int, module: ParsedModule
    ) -> tuple[ParsedModule, list[str]] | None:
        """The project module that a dotted name begins with, and the rest of the name."""
        parts = dotted.split(".") if dotted else []
        for end in range(len(parts), -1 if level else 0, -1):
            path = self._file(parts[:end], level, module)
            if path is not None:
                return parsed_module(path), parts[end:]
        return None

    def _file(self, parts: Sequence[str], level: int, module: ParsedModule) -> Path | None:
        if level:
            return self._source(module.path.parents[level - 1], parts)
        if parts[0] == "harness":
            dotted = ".".join(parts)
            material = any(dotted == m or dotted.startswith(f"{m}.") for m in MATERIAL)
            return self._source(HARNESS.parent, parts) if material else None
        return next(filter(None, (self._source(root, parts) for root in self._roots)), None)

    def _source(self, root: Path, parts: Sequence[str]) -> Path | None:
        key = (root, tuple(parts))
        if key not in self._files:
            base = root.joinpath(*parts)
            places = [base / "__init__.py", *([base.with_suffix(".py")] if parts else [])]
            self._files[key] = next((path for path in places if path.is_file()), None)
        return self._files[key]


def _silent(node: Any) -> bool:
    """Statements that mean nothing: docstrings, imports (they are resolved), ``pass``."""
    return is_text(node) or isinstance(node, (*IMPORTS, ast.Global, ast.Nonlocal, ast.Pass))


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
