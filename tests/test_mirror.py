"""The tests lie as the code does: ``harness/a/b.py`` is tested by ``tests/a/test_b.py``."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HARNESS, TESTS = ROOT / "harness", ROOT / "tests"

RULES = HARNESS / "theia" / "rules"
"""Each of its modules is tested by the cases of a file in YAML."""

ELSEWHERE = {
    "training/programs.py": "training/keras/test_keras_programs.py",
    "training/keras/jax_backend.py": "training/keras/test_backends.py",
    "training/keras/tensorflow_backend.py": "training/keras/test_backends.py",
    "training/keras/torch_backend.py": "training/keras/test_backends.py",
}
"""Modules without a test file of their own -> the file that tests them: protocols are tested where
they are implemented, and one file runs the same program on every backend."""


def modules() -> list[Path]:
    paths = (path for path in HARNESS.rglob("*.py") if path.name != "__init__.py")
    return sorted(path for path in paths if RULES not in path.parents)


def test_every_module_has_its_test_file() -> None:
    lacking = set()
    for path in modules():
        where = path.relative_to(HARNESS)
        if not (TESTS / where.parent / f"test_{where.name}").is_file():
            lacking.add(where.as_posix())
    assert lacking == set(ELSEWHERE)


def test_modules_that_are_tested_elsewhere_are_few_and_their_tests_exist() -> None:
    assert len(ELSEWHERE) < 8
    assert all((TESTS / tested).is_file() for tested in ELSEWHERE.values())
