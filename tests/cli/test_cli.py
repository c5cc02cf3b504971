"""The door itself: list of commands, help, exit codes, speed."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys

import pytest
from commands import DOOR, ROOT, environment

import harness.cli
from harness.cli import commands, main, overview
from harness.cli.parsers import Command
from harness.study.settings import GROUPS, SETTINGS
from harness.vocabulary import VERSION

NAMES = [command.name for command in commands()]


def actions_of(command: Command) -> list[argparse.Action]:
    return [a for a in command.parser()._actions if not isinstance(a, argparse._HelpAction)]


@pytest.mark.parametrize("command", commands(), ids=NAMES)
def test_every_option_has_a_sentence_its_unit_and_its_default(command: Command) -> None:
    assert command.summary[0].isupper() and command.summary.endswith(".")
    for action in actions_of(command):
        said = str(action.help)
        sentence, _, notes = said.partition(" (")
        assert sentence[0].isupper() or sentence.startswith((".", "JSON")), said
        assert sentence.endswith("."), said
        needs_value = action.nargs != 0
        if not action.option_strings and action.nargs not in ("?", "*"):
            assert "default" not in said
        elif needs_value:
            assert re.fullmatch(r".+; default: .+\)", notes, re.DOTALL), said


@pytest.mark.parametrize("command", commands(), ids=NAMES)
def test_every_command_has_help(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command.name, "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: dnn-repair {command.name}")
    assert command.summary in " ".join(out.split())


def test_the_list_names_every_command_once() -> None:
    listed = re.findall(r"^  ([a-z]+) ", overview(), re.MULTILINE)
    assert listed == sorted(listed, key=NAMES.index) and set(listed) == set(NAMES)
    assert max(map(len, overview().splitlines())) <= 110


@pytest.mark.parametrize("name", ["run", "tables", "report", "baseline", "cost", "minimise"])
def test_study_commands_take_every_setting_as_an_option(name: str) -> None:
    (command,) = (c for c in commands() if c.name == name)
    options = {option for action in actions_of(command) for option in action.option_strings}
    shorts = [row.short for row in SETTINGS if row.key != "plan.name"]
    assert {f"--{short.replace('_', '-')}" for short in (*shorts, *GROUPS)} <= options


def test_options_and_settings_stand_in_any_order(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "missing",
        "plan=smoke",
        "--budget",
        "3",
        "seed=4",
        "--no-mlflow",
        "--techniques=random",
    ]
    assert main([*arguments, "--results", "/nonexistent"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "6 missing"


def test_no_command_and_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == main(["--help"]) == 0
    assert capsys.readouterr().out == overview() * 2
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"dnn-repair {VERSION}\n"


def test_an_unknown_command_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tabels"]) == 2
    assert capsys.readouterr().err.startswith("error: no command 'tabels'. Did you mean tables")


def test_ctrl_c_is_exit_code_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(arguments: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(harness.cli, "_dispatch", stop)
    assert main(["run"]) == 130
    assert "repeat the command" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    done = subprocess.run(
        ["bash", "-c", '"$@" | head -1', "bash", *DOOR, "faults"],
        capture_output=True, text=True, env=environment(), cwd=ROOT, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


def test_the_door_loads_nothing_heavy() -> None:
    code = (
        "import sys; from harness.cli import main; main(['run', '--help']); "
        "print([m for m in sys.argv[1:] if m in sys.modules])"
    )
    heavy = ["pandas", "numpy", "rich", "ray", "hydra", "omegaconf", "keras", "torch"]
    done = subprocess.run(
        [sys.executable, "-c", code, *heavy],
        capture_output=True, text=True, env=environment(), check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"
