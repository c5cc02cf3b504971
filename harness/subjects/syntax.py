"""Python modules as the reader of meanings sees them: definitions, imports, effects, scopes.

Source is parsed, never executed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
IMPORTS = (ast.Import, ast.ImportFrom)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import binds: a module, or an attribute of one."""

    dotted: str
    level: int = 0
    """Leading dots."""


@dataclass(slots=True)
class ParsedModule:
    """The top level of one file."""

    path: Path
    bindings: dict[str, list[ast.stmt]] = field(default_factory=dict)
    """Name -> the statements that define it, in order."""
    imports: dict[str, list[Imported]] = field(default_factory=dict)
    """Name -> what it may be; several where a ``try`` or an ``if`` chooses."""
    stars: list[Imported] = field(default_factory=list)
    touched: list[Imported] = field(default_factory=list)
    """All imports, whatever they bind: they execute other modules."""
    effects: list[ast.stmt] = field(default_factory=list)
    """Statements that do something when the module is imported."""


def parsed_module(path: Path) -> ParsedModule:
    """Raises OSError or SyntaxError if the file cannot be read."""
    stat = path.stat()
    return _parsed(path.resolve(), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _parsed(path: Path, changed: int, size: int) -> ParsedModule:
    tree = ast.parse(path.read_bytes(), filename=str(path))
    module = ParsedModule(path)
    read = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    for node in _executed(tree.body):
        if isinstance(node, IMPORTS):
            _enter(module, node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            module.bindings.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            _assignment(module, node, read)
        elif not is_text(node):
            module.effects.append(node)
            for name in stored([node]):
                module.bindings.setdefault(name, []).append(node)
            for inner in ast.walk(node):
                if isinstance(inner, IMPORTS):
                    _enter(module, inner)
    return module


def _executed(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that an import executes: not what only type checkers and scripts read."""
    for node in body:
        if isinstance(node, ast.If) and _for_others(node.test):
            yield from _executed(node.orelse)
        else:
            yield node


def _for_others(test: ast.expr) -> bool:
    names = {n.id for n in ast.walk(test) if isinstance(n, ast.Name)}
    names |= {n.attr for n in ast.walk(test) if isinstance(n, ast.Attribute)}
    return bool(names & {"__name__", "TYPE_CHECKING"})


def _enter(module: ParsedModule, node: ast.Import | ast.ImportFrom) -> None:
    for name, bound, executed in imported(node):
        module.touched.append(executed)
        if name == "*":
            module.stars.append(bound)
        else:
            module.imports.setdefault(name, []).append(bound)


def _assignment(
    module: ParsedModule, node: ast.Assign | ast.AnnAssign | ast.AugAssign, read: set[str]
) -> None:
    """A definition; an effect where something else than a name is set, or a call is not used."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    if not all(isinstance(t, ast.Name | ast.Tuple | ast.List) for t in targets):
        module.effects.append(node)
        return
    for name in names:
        module.bindings.setdefault(name, []).append(node)
    if isinstance(node.value, ast.Call) and not set(names) & read and not names[0].isupper():
        module.effects.append(node)


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Imported, Imported]]:
    """Name that is bound (``*``: all), what it is bound to, and the module that is executed."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            first = alias.name.split(".")[0]
            whole = Imported(alias.name)
            yield alias.asname or first, whole if alias.asname else Imported(first), whole
        return
    for alias in node.names:
        base = Imported(node.module or "", node.level)
        dotted = ".".join(filter(None, [node.module, alias.name]))
        bound = base if alias.name == "*" else Imported(dotted, node.level)
        yield alias.asname or alias.name, bound, bound


def is_text(node: ast.AST) -> bool:
    """A docstring, or a string that documents what stands before it."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def own_nodes(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of one scope: not those of inner functions, classes and comprehensions."""
    for node in nodes:
        yield node
        if not isinstance(node, (*FUNCTIONS, *COMPREHENSIONS, ast.ClassDef)):
            yield from own_nodes(ast.iter_child_nodes(node))


def stored(nodes: Iterable[ast.AST]) -> list[str]:
    """Names that a scope assigns, in order."""
    found: list[str] = []
    for node in own_nodes(nodes):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                found.append(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.append(name)
            case ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)):
                found.append(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                found.append(name)
            case ast.MatchMapping(rest=str(name)):
                found.append(name)
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a name is looked up: the module, and the locals and imports of functions around it."""

    module: ParsedModule
    position: int | None = None
    """Line of the top-level statement that is executed; None inside functions, which run later."""
    locals: Mapping[str, str] = field(default_factory=dict)
    """Local name -> what stands for it: arguments are known by name, others by their order."""
    imports: Mapping[str, Sequence[Imported]] = field(default_factory=dict)
    depth: int = 0

    def with_locals(self, names: Sequence[str]) -> Scope:
        """The same with further locals."""
        numbered = {name: f"{self.depth}.{number}" for number, name in enumerate(names)}
        imports = {n: i for n, i in self.imports.items() if n not in numbered}
        return Scope(
            self.module, self.position, {**self.locals, **numbered}, imports, self.depth + 1
        )

    def inside(self, function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Scope:
        """The scope of a function's body."""
        body = function.body if isinstance(function.body, list) else [function.body]
        arguments = {argument.arg: argument.arg for argument in arguments_of(function)}
        everywhere = {
            name for n in own_nodes(body) if isinstance(n, ast.Global) for name in n.names
        }
        outer = {name for n in own_nodes(body) if isinstance(n, ast.Nonlocal) for name in n.names}
        hidden = {*arguments, *everywhere, *outer}
        names = [name for name in stored(body) if name not in hidden]
        scope = self.with_locals(names)
        own: dict[str, list[Imported]] = {}
        for node in own_nodes(body):
            if isinstance(node, IMPORTS):
                for name, bound, _ in imported(node):
                    own.setdefault(name, []).append(bound)
        known = {
            name: shown
            for name, shown in {**scope.locals, **arguments}.items()
            if name not in everywhere and name not in own
        }
        imports = {n: i for n, i in scope.imports.items() if n not in arguments}
        return Scope(self.module, None, known, {**imports, **own}, scope.depth)


def arguments_of(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[ast.arg]:
    """All arguments of a function, in order."""
    told = function.args
    rest = [argument for argument in (told.vararg, told.kwarg) if argument is not None]
    return [*told.posonlyargs, *told.args, *told.kwonlyargs, *rest]
