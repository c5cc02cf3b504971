"""Options and ``key=value`` amount to the same study."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.arguments import add_study_options, spec_of, take_own
from harness.cli.parsers import Command
from harness.study.spec import StudySpec

COMMAND = Command("try", "group", "Tries.", lambda arguments: 0, add_study_options)


def spec(*arguments: str) -> StudySpec:
    return spec_of(COMMAND.parse(list(arguments)))


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        (["--plan", "smoke", "--budget", "10"], ["plan=smoke", "budget=10"]),
        (["--faults", "D6, D3"], ["plan.faults=[D6,D3]"]),
        (["--faults=D6,D6"], ["plan.faults=D6"]),
        (["--technique", "hebo", "--no-mlflow"], ["technique=hebo", "mlflow=false"]),
        (["--independent", "--per-gpu", "2"], ["independent=true", "per_gpu=2"]),
        (["--protocol", "icst23", "protocol.alpha=0.01"],
         ["protocol=icst23", "+protocol.alpha=0.01"]),
        (["--plan", "icst23", "--fraction", "0.5"],
         ["plan=icst23", "plan.fraction=0.5", "plan.fraction_for=null"]),
        (["--fraction-for", "{D1: 0.5}"], ["plan.fraction_for={D1: 0.5}"]),
        (["--chunk", "2/8", "--backend", "jax"], ["chunk=2/8", "backend=jax"]),
        (["budget=3", "--budget", "4"], ["budget=4"]),
    ],
)  # fmt: skip
def test_options_are_settings(options: list[str], settings: list[str]) -> None:
    assert spec(*options) == spec(*settings)


@pytest.mark.parametrize("name", ["it's", "größe", "a=b", "~x", "a b", '"', "$(touch x)"])
def test_results_folders_have_any_characters(name: str, tmp_path: Path) -> None:
    assert spec(f"results={tmp_path / name}").results == tmp_path / name
    assert spec("--results", str(tmp_path / name)).results == tmp_path / name


def test_a_command_takes_its_own_settings_out() -> None:
    arguments = COMMAND.parse(["gpus=4", "budget=3"])
    take_own(arguments, "gpus")
    assert (arguments.gpus, arguments.overrides) == ("4", ["budget=3"])
