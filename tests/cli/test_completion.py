"""Completions are generated from the parsers, and shells accept them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from harness.cli import commands, main
from harness.cli.completion import command_options, completion_script


def offered(line: str) -> list[str]:
    """What bash offers for the last word of a command line."""
    words = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    code = f"""
{completion_script("bash", commands())}
COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}
_dnn_repair
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_accept_the_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    if shutil.which(shell) is None:
        assert "dnn-repair" in script and "minimise" in script
        return
    subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_bash_offers_commands_and_options() -> None:
    assert set(offered("dnn-repair ")) >= {c.name for c in commands()}
    assert offered("dnn-repair min") == ["minimise"]
    assert offered("dnn-repair missing --ch") == ["--chunk", "--check"]
    assert offered("dnn-repair run pl") == []


def test_every_option_is_there() -> None:
    found = command_options(commands())
    assert "--plan" in found["run"] and "--gpus" in found["cost"] and "--help" in found["data"]


def test_an_unknown_shell_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "tcsh"]) == 2
    assert "no shell 'tcsh'. Did you mean" in capsys.readouterr().err
