"""The command that prints a shell's completion, generated from the parsers of all commands."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from harness.cli.parsers import PROGRAM, Command, add_option
from harness.vocabulary import unknown


def command_options(commands: Sequence[Command]) -> Mapping[str, list[str]]:
    """Name of a command -> its options."""
    return {
        command.name: [
            option for action in command.parser()._actions for option in action.option_strings
        ]
        for command in commands
    }


def completion_script(shell: str, commands: Sequence[Command]) -> str:
    """The script that a shell sources.

    Raises:
        HarnessError: If the shell is none of bash, zsh and fish.
    """
    if shell not in _SCRIPTS:
        raise unknown("shell", shell, _SCRIPTS)
    return _SCRIPTS[shell](commands)


def _bash(commands: Sequence[Command]) -> str:
    function = "_" + PROGRAM.replace("-", "_")
    cases = "\n".join(
        f"        {name}) options='{' '.join(options)}' ;;"
        for name, options in command_options(commands).items()
    )
    names = " ".join(command.name for command in commands)
    return f"""\
{function}() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" options
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W '{names} --help --version' -- "$current"))
        return
    fi
    case "${{COMP_WORDS[1]}}" in
{cases}
        *) options='' ;;
    esac
    if [ "${{current#-}}" != "$current" ]; then
        COMPREPLY=($(compgen -W "$options" -- "$current"))
    fi
}}
complete -o default -F {function} {PROGRAM}
"""


def _zsh(commands: Sequence[Command]) -> str:
    return f"autoload -Uz bashcompinit && bashcompinit\n{_bash(commands)}"


def _fish(commands: Sequence[Command]) -> str:
    lines = [
        f"complete -c {PROGRAM} -n __fish_use_subcommand -a {command.name} "
        f"-d {_quoted(command.summary)}"
        for command in commands
    ]
    for name, options in command_options(commands).items():
        condition = _quoted(f"__fish_seen_subcommand_from {name}")
        for option in options:
            if option.startswith("--"):
                lines.append(f"complete -c {PROGRAM} -n {condition} -l {option[2:]}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    inner = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{inner}'"


_SCRIPTS = {"bash": _bash, "zsh": _zsh, "fish": _fish}


def _declare(parser: argparse.ArgumentParser) -> None:
    add_option(parser, "shell", metavar="SHELL", meaning="Shell to complete in: bash, zsh or fish.")


def completion_command(others: Sequence[Command]) -> Command:
    """The command that completes ``others`` and itself."""

    def run(arguments: argparse.Namespace) -> int:
        print(completion_script(arguments.shell, [*others, command]), end="")
        return 0

    command = Command(
        "completion",
        "other",
        "Print a script that completes commands and options in a shell.",
        run,
        _declare,
        'bash: eval "$(dnn-repair completion bash)"\n'
        'zsh:  eval "$(dnn-repair completion zsh)"\n'
        "fish: dnn-repair completion fish | source",
    )
    return command
