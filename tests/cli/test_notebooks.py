"""Settings reach the notebooks as they were given; execution stands in tests/experiments."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import commands, main
from harness.cli.arguments import spec_of
from harness.cli.notebooks import _settings
from harness.study.spec import StudySpec

ARGUMENTS = ["plan=smoke", "--faults", "D3, D6", "--budget=5", "--no-mlflow", "--fraction", "0.5"]


def test_notebooks_get_the_same_study(tmp_path: Path) -> None:
    (command,) = (c for c in commands() if c.name == "notebooks")
    parsed = command.parse([*ARGUMENTS, f"results={tmp_path / 'a = b'}"])
    spec = spec_of(parsed)
    assert StudySpec.compose(_settings(parsed, spec.results)) == spec


def test_no_notebooks_is_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["notebooks", "--notebooks", str(tmp_path)]) == 2
    assert "no notebooks to execute" in capsys.readouterr().err
