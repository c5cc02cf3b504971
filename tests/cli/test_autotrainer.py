"""Bad input of the command; repairs stand in tests/techniques/autotrainer."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import main


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["model.keras"], "the following arguments are required: TRAINING, DATA, OUT"),
        (["model.keras", "gone.json", "gone.npz", "out"], "gone.json"),
        (["m.keras", "t.json", "d.npz", "out", "--seed", "x"], "argument --seed: invalid int"),
    ],
)
def test_bad_input_is_one_message(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["autotrainer", *arguments]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ") and message in err and len(err.strip().splitlines()) == 1
