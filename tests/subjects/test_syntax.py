"""Modules as they are parsed: what they bind, import and do."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from harness.subjects.syntax import (
    Imported,
    ParsedModule,
    Scope,
    arguments_of,
    imported,
    is_text,
    parsed_module,
    stored,
)


def parsed(tmp_path: Path, text: str) -> ParsedModule:
    (tmp_path / "module.py").write_text(text)
    return parsed_module(tmp_path / "module.py")


def statement(text: str) -> ast.stmt:
    return ast.parse(text).body[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import a.b", ("a", Imported("a"), Imported("a.b"))),
        ("import a.b as c", ("c", Imported("a.b"), Imported("a.b"))),
        ("from a import b as c", ("c", Imported("a.b"), Imported("a.b"))),
        ("from ..a import b", ("b", Imported("a.b", 2), Imported("a.b", 2))),
        ("from . import b", ("b", Imported("b", 1), Imported("b", 1))),
        ("from a import *", ("*", Imported("a"), Imported("a"))),
    ],
)
def test_an_import_binds_and_executes(text: str, expected: tuple[str, Imported, Imported]) -> None:
    (found,) = imported(statement(text))  # type: ignore[arg-type]
    assert found == expected


def test_a_module_has_definitions_imports_and_effects(tmp_path: Path) -> None:
    module = parsed(
        tmp_path,
        '"""Text."""\n'
        "from a import *\n"
        "try:\n    import fast as f\nexcept ImportError:\n    import slow as f\n"
        "x = 1\nx += 1\n"
        "def g(): return x\n"
        "class K: pass\n"
        "g()\n"
        "K.field = 2\n",
    )
    assert set(module.bindings) == {"x", "g", "K"}
    assert [type(node) for node in module.bindings["x"]] == [ast.Assign, ast.AugAssign]
    assert module.imports["f"] == [Imported("fast"), Imported("slow")]
    assert module.stars == [Imported("a")]
    assert module.touched == [Imported("a"), Imported("fast"), Imported("slow")]
    assert [ast.unparse(node) for node in module.effects][1:] == ["g()", "K.field = 2"]


def test_what_only_scripts_and_type_checkers_read_is_left_out(tmp_path: Path) -> None:
    module = parsed(
        tmp_path,
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import heavy\nelse:\n    heavy = None\n"
        "if __name__ == '__main__':\n    run()\n",
    )
    assert set(module.imports) == {"TYPE_CHECKING"}
    assert set(module.bindings) == {"heavy"}
    assert module.effects == []


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("unused = register()", True),
        ("CONSTANT = register()", False),
        ("used = register()\nother = used", False),
        ("number = 3", False),
        ("a[0] = 3", True),
    ],
)
def test_a_call_whose_value_is_not_used_is_an_effect(
    tmp_path: Path, text: str, effect: bool
) -> None:
    assert bool(parsed(tmp_path, text).effects) is effect


def test_a_changed_file_is_parsed_again(tmp_path: Path) -> None:
    assert set(parsed(tmp_path, "a = 1").bindings) == {"a"}
    assert set(parsed(tmp_path, "a = 1\nb = 2").bindings) == {"a", "b"}
    with pytest.raises(SyntaxError):
        parsed(tmp_path, "def")


def test_names_of_a_scope_are_in_order_and_inner_scopes_are_not_entered() -> None:
    body = ast.parse(
        "b = 1\n"
        "for a in b: pass\n"
        "def f(): hidden = 1\n"
        "[other for other in b]\n"
        "try: pass\nexcept E as error: pass\n"
        "match b:\n"
        "    case [first, *rest]: pass\n"
        "    case {'k': value, **more}: pass\n"
        "b = 2\n"
    ).body
    assert stored(body) == ["b", "a", "f", "error", "first", "rest", "more", "value"]


def test_arguments_are_all_of_a_function() -> None:
    function = statement("def f(a, /, b, *c, d, **e): pass")
    names = [argument.arg for argument in arguments_of(function)]  # type: ignore[arg-type]
    assert sorted(names) == ["a", "b", "c", "d", "e"]


def test_locals_are_known_by_order_and_arguments_by_name() -> None:
    scope = Scope(ParsedModule(Path("m.py")), imports={"late": [Imported("outer")]})
    function = statement(
        "def f(x):\n    global shared\n    shared = y = x\n    import late\n    z = y\n"
    )
    inside = scope.inside(function)  # type: ignore[arg-type]
    assert inside.locals == {"x": "x", "y": "0.0", "z": "0.1"}
    assert inside.imports == {"late": [Imported("late")]}
    assert (inside.position, inside.depth) == (None, 1)


@pytest.mark.parametrize(("text", "expected"), [("'text'", True), ("3", False), ("x", False)])
def test_a_string_by_itself_is_text(text: str, expected: bool) -> None:
    assert is_text(statement(text)) is expected
