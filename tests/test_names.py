"""One name, one meaning: what a module of the package defines in public is defined once."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

HARNESS = Path(__file__).resolve().parents[1] / "harness"

PROTOCOLS = (HARNESS / "theia" / "rules", HARNESS / "cli")
"""Folders whose modules define the same names by design: a rule its ``check``, a command its
options and its ``main``."""


def defined(path: Path) -> Iterator[str]:
    """Public functions, classes and constants at the top level of a module."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [t.id for t in node.targets if isinstance(t, ast.Name) and t.id.isupper()]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id] if node.target.id.isupper() else []
        else:
            continue
        yield from (name for name in names if not name.startswith("_"))


def test_each_public_name_is_defined_once() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted(HARNESS.rglob("*.py")):
        if not any(folder in path.parents for folder in PROTOCOLS):
            for name in defined(path):
                places[name].append(str(path.relative_to(HARNESS)))
    assert len(places) > 500
    twice = {name: found for name, found in places.items() if len(found) > 1}
    assert not twice


def test_no_module_is_named_like_its_neighbour_folder_or_its_package() -> None:
    modules = [path for path in HARNESS.rglob("*.py") if path.name != "__init__.py"]
    beside = [path for path in modules if path.with_suffix("").is_dir()]
    inside = [path for path in modules if path.stem == path.parent.name]
    assert beside == inside == []
