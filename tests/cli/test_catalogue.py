"""Commands about what is registered."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import main


def test_the_list_of_faults_shows_all_that_matters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults"]) == 0
    out = capsys.readouterr().out
    for part in ("D1", "constant_vectors", "softmax -> sigmoid", "activation", "15", "repairable"):
        assert part in out


def test_a_fault_has_a_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults", "show", "C1", "--results", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("C1: ReLU of the second convolution")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["faults", "show", "C9"], "no fault 'C9'. Did you mean"),
        (["faults", "show"], "which fault? dnn-repair faults show C1"),
        (["faults", "C1"], "no action of faults 'C1'"),
        (["faults", "list", "C1"], "Did you mean: dnn-repair faults show C1"),
        (["data", "mnits"], "no data set 'mnits'. Did you mean mnist"),
        (["data", "higgs"], "higgs cannot be downloaded"),
    ],
)
def test_wrong_names_are_one_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert message in err and len(err.strip().splitlines()) == 1
