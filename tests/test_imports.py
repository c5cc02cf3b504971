"""Imports go downwards only, nothing runs in circles, heavy libraries stay where they belong."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

LAYERS: tuple[Mapping[str, str], ...] = (  # from the bottom: package -> what it is for
    {"vocabulary": "the words, the metrics, the errors"},
    {
        "records": "what is stored and handed over: typed, one schema; clocks",
        "space": "domains, the nine operators, how a search space is derived",
        "data": "data sets, and where shipped files are",
    },
    {"subjects": "subjects, faults, the registry, what a program means"},
    {
        "theia": "where is the bug: meta-model, rules, live and script checks",
        "analysis": "numbers: statistics, scores, comparisons, the published study",
    },
    {
        "training": "trains one configuration of one subject; knows no Ray",
        "views": "what people look at: tables, figures, report, cards",
    },
    {"techniques": "the contract; Random, HEBO, BOHB, guided repair, AutoTrainer"},
    {"engine": "the only place that imports Ray"},
    {"study": "plan, baselines, runner, confirmation, minimisation, migration, mirror"},
    {
        "mutation": "mutants of a subject, and faults of those that are killed",
        "api": "the Python door: run, load, faults, localise",
        "testing": "the contract of a technique as test classes for anybody's",
    },
    {
        "cli": "the command line: words in, calls of the layers below, words out",
        "experiments": "Hydra's entry point for sweeps, the bench, what rewrites docs",
    },
)

LEVEL = {name: number for number, layer in enumerate(LAYERS) for name in layer}

FILES = sorted((ROOT / "harness").rglob("*.py")) + sorted((ROOT / "experiments").rglob("*.py"))

ENTRIES = 17
"""In ``harness/``: a stranger finds the room at the first try."""

LONG, LONG_FILES = 400, 0
"""Lines from which a module probably has several jobs, and how many may have so many."""


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def package_of(module: str) -> str:
    """``analysis`` of ``harness.analysis.scores``; ``experiments``; '' of ``harness`` itself."""
    first, *rest = module.split(".")
    if first != "harness":
        return "experiments"
    return rest[0] if rest else ""


MODULES = {module_of(path): path for path in FILES}


def imported(path: Path) -> Iterator[str]:
    """Modules that a file imports, also inside functions; not what only type checkers read."""
    tree = ast.parse(path.read_text())
    unread = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in unread:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_go_downwards(path: Path) -> None:
    here = package_of(module_of(path))
    if not here:
        return  # the package's face, which hands out names of the API when they are asked for
    for name in imported(path):
        if name.split(".")[0] != "harness" or (there := package_of(name)) in ("", here):
            continue
        assert LEVEL[there] < LEVEL[here], f"{module_of(path)} imports {name}, not below it"


def test_no_files_import_each_other_in_a_circle() -> None:
    graph = {
        module: {name for name in imported(path) if name in MODULES and name != module}
        for module, path in MODULES.items()
        if module != "harness"
    }
    for names in graph.values():
        names.discard("harness")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_the_house_stays_small() -> None:
    entries = [
        entry
        for entry in (ROOT / "harness").iterdir()
        if entry.name not in ("__pycache__", "py.typed", "_shipped")
    ]
    assert len(entries) <= ENTRIES, sorted(entry.name for entry in entries)
    assert {entry.stem for entry in entries} - {"__init__"} <= {*LEVEL} - {"experiments"}
    assert len(LAYERS) <= 10
    lengths = {module: len(MODULES[module].read_text().splitlines()) for module in MODULES}
    long = {m: n for m, n in lengths.items() if n > LONG and m.startswith("harness")}
    assert len(long) <= LONG_FILES, long


def test_the_layers_are_those_of_the_guide() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    shown = [line.strip() for line in guide.splitlines() if line.startswith("    ")]
    expected = [
        f"{name:12} {meaning}" for layer in reversed(LAYERS) for name, meaning in layer.items()
    ]
    assert [line for line in shown if line in expected] == expected, "\n" + "\n".join(
        f"    {line}" for line in expected
    )


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_ray_is_imported_by_the_engine_only(path: Path) -> None:
    if module_of(path).startswith(("harness.engine", "experiments.bench")):
        return
    assert not [name for name in imported(path) if name.split(".")[0] == "ray"]


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_hydra_stays_in_the_experiments(path: Path) -> None:
    if module_of(path).startswith("harness"):
        assert not [n for n in imported(path) if n.split(".")[0] in ("hydra", "omegaconf")]


@pytest.mark.parametrize(
    "module",
    [
        "harness",
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
