"""The command ``dnn-repair``: arguments in, API calls, text out. Knows no Hydra.

Exit codes: 0 done; 1 a run failed or a bug was found, as each command's help says; 2 bad input, one
message; 128 and the number of a signal that ended it, 130 from the keyboard.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from functools import cache
from io import TextIOWrapper

from harness.cli.parsers import PROGRAM, Command
from harness.cli.stopping import run_until_stopped
from harness.vocabulary import VERSION, HarnessError, unknown

ABOUT = "Which technique finds a patch for a DNN program that learns badly, and how good is it?"


@cache
def commands() -> tuple[Command, ...]:
    """All subcommands, in the order of the list."""
    from harness.cli.autotrainer import AUTOTRAINER_COMMANDS
    from harness.cli.catalogue import CATALOGUE_COMMANDS
    from harness.cli.completion import completion_command
    from harness.cli.localise import LOCALISE_COMMANDS
    from harness.cli.measuring import MEASURING_COMMANDS
    from harness.cli.mutants import MUTANT_COMMANDS
    from harness.cli.notebooks import NOTEBOOK_COMMANDS
    from harness.cli.recorded import RECORDED_COMMANDS
    from harness.cli.studies import STUDY_COMMANDS

    others = (
        *STUDY_COMMANDS,
        *MEASURING_COMMANDS,
        *NOTEBOOK_COMMANDS,
        *LOCALISE_COMMANDS,
        *AUTOTRAINER_COMMANDS,
        *CATALOGUE_COMMANDS,
        *MUTANT_COMMANDS,
        *RECORDED_COMMANDS,
    )
    return (*others, completion_command(others))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments without the program's name; by default those of the process.

    Returns:
        The exit code.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names that the terminal cannot show
    return run_until_stopped(lambda: _answer(arguments))


def _answer(arguments: list[str]) -> int:
    try:
        return _dispatch(arguments)
    except HarnessError as error:
        print(f"error: {_one_message(error)}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of the output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # a table that cannot be written, a full disk
        where = "" if error.filename is None else f"{error.filename}: "
        print(f"error: {where}{error.strerror or error}. What is recorded is safe", file=sys.stderr)
        return 2


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(overview(), end="")
        return 0
    if arguments[0] == "--version":
        print(f"{PROGRAM} {VERSION}")
        return 0
    known = {command.name: command for command in commands()}
    if arguments[0] not in known:
        raise unknown("command", arguments[0], known, f" (`{PROGRAM} --help` lists them)")
    command = known[arguments[0]]
    try:
        parsed = command.parse(arguments[1:])
    except SystemExit as asked_for_help:
        return int(asked_for_help.code or 0)
    return command.run(parsed)


def overview() -> str:
    """The list of commands, by group."""
    lines = [f"usage: {PROGRAM} COMMAND ...", "", ABOUT]
    for group in dict.fromkeys(command.group for command in commands()):
        lines += ["", group]
        lines += [f"  {c.name:<12} {c.summary}" for c in commands() if c.group == group]
    lines += [
        "",
        f"`{PROGRAM} COMMAND --help` lists the options of a command, each with unit and default.",
        "Exit codes: 0 done; 1 a run failed or a bug was found, as the command's help says;",
        "2 bad input; 130 stopped from the keyboard.",
    ]
    return "\n".join(lines) + "\n"


def _one_message(error: HarnessError) -> str:
    """On one line, unless it quotes the output of a user's script."""
    text = re.sub(r"(\S{200})\S{200,}", r"\1...", str(error))
    return text if "\n" in text and "before it trained" in text else " ".join(text.split())
