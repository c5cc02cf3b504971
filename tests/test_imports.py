"""Imports go downwards only, and heavy libraries stay where they belong."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

LAYERS = (  # from the bottom; a module may import its own layer and those before it
    ("harness.vocabulary",),
    ("harness.records", "harness.space", "harness.data"),
    ("harness.subjects",),
    ("harness.theia", "harness.analysis"),
    ("harness.training", "harness.views"),
    ("harness.techniques",),
    ("harness.engine",),
    ("harness.study",),
    ("harness.mutation", "harness.api"),
    ("harness",),  # offers what harness.api has, lazily
    ("harness.cli",),
    ("common", "scripts", "experiments"),
)

FILES = sorted((ROOT / "harness").rglob("*.py")) + sorted((ROOT / "experiments").rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module: str) -> int:
    """The layer with the longest matching prefix."""
    fits = [
        (len(name), number)
        for number, names in enumerate(LAYERS)
        for name in names
        if module == name or (module.startswith(f"{name}.") and name != "harness")
    ]
    assert fits, f"{module} is in no layer"
    return max(fits)[1]


def imported(path: Path) -> Iterator[tuple[str, bool]]:
    """Modules that a file imports, each with whether it does so at its top level."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        top = node in tree.body
        if isinstance(node, ast.Import):
            yield from ((alias.name, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, top


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_go_downwards(path: Path) -> None:
    here = module_of(path)
    for name, _ in imported(path):
        if name.split(".")[0] == "harness":
            assert layer_of(name) <= layer_of(here), f"{here} imports {name}, which is above it"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_ray_is_imported_by_the_engine_only(path: Path) -> None:
    if module_of(path).startswith(("harness.engine", "experiments.bench")):
        return
    assert not [name for name, _ in imported(path) if name.split(".")[0] == "ray"]


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_hydra_stays_in_the_experiments(path: Path) -> None:
    if module_of(path).startswith("harness"):
        assert not [n for n, _ in imported(path) if n.split(".")[0] in ("hydra", "omegaconf")]


@pytest.mark.parametrize(
    "module",
    [
        "harness.api",
        "harness.cli",
        "harness.subjects.registry",
        "harness.study.plan",
        "harness.study.spec",
        "harness.analysis.scores",
        "harness.records.store",
        "harness.theia",
        "harness.theia.live",
        "harness.theia.script",
        "harness.theia.suspects",
    ],
)
def test_no_framework_is_loaded_by(module: str) -> None:
    heavy = ("ray", "tensorflow", "keras", "torch", "jax", "mlflow", "hydra")
    code = f"import sys, {module}; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
