"""What every command of ``dnn-repair`` is made of: its parser and its options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from harness.vocabulary import HarnessError

PROGRAM = "dnn-repair"


class CommandParser(argparse.ArgumentParser):
    """A parser that raises what is wrong instead of printing it with the usage."""

    def error(self, message: str) -> NoReturn:
        raise HarnessError(f"{message} (`{self.prog} --help` lists the options)")


@dataclass(frozen=True, slots=True)
class Command:
    """One subcommand."""

    name: str
    group: str
    """Heading under which the list of commands has it."""
    summary: str
    """One sentence."""
    run: Callable[[argparse.Namespace], int]
    """Returns the exit code."""
    declare: Callable[[argparse.ArgumentParser], None]
    """Adds the command's own options."""
    details: str = ""
    """What its help says beyond the summary; examples and exit codes."""
    verbatim: bool = False
    """Whether what follows the first argument may belong to another program."""

    def parser(self) -> CommandParser:
        parser = CommandParser(
            prog=f"{PROGRAM} {self.name}",
            description="\n\n".join(filter(None, [self.summary, self.details])),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self.declare(parser)
        return parser

    def parse(self, arguments: list[str]) -> argparse.Namespace:
        """Options and other arguments in any order.

        Raises:
            HarnessError: If an option is unknown or lacks its value.
        """
        parser = self.parser()
        return (parser.parse_args if self.verbatim else parser.parse_intermixed_args)(arguments)


def add_option(
    parser: argparse.ArgumentParser,
    *names: str,
    meaning: str,
    unit: str = "",
    shown: str = "",
    **how: Any,
) -> None:
    """Add an option or a positional argument.

    Args:
        meaning: One sentence.
        unit: Unit of a number, or form of a text; '' for a switch.
        shown: The default as a reader needs it; '' if the argument is required or a switch.
        how: As ``add_argument`` takes it.
    """
    notes = "; ".join(filter(None, [unit, f"default: {shown}" if shown else ""]))
    text = f"{meaning} ({notes})" if notes else meaning
    parser.add_argument(*names, help=text.replace("%", "%%"), **how)
