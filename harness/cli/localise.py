"""The command that says where the bug is: of a training script, or of a registered fault."""

from __future__ import annotations

import argparse
import os

from harness.cli.parsers import Command, add_option
from harness.vocabulary import HarnessError, unknown

DETAILS = """\
The script is EXECUTED, with all that it does, in a process of its own up to the start of its
training. Check only scripts that you would run yourself. Every process that it starts is ended
with it: when the report is there, at --limit, and on Ctrl-C. --scratch runs it in a copy of its
folder, which is removed afterwards; that is no sandbox, as absolute paths and the network stay
within its reach.

dnn-repair localise train.py
dnn-repair localise --task binary --format sarif train.py > theia.sarif
dnn-repair localise train.py -- --epochs 3
dnn-repair localise --fault D1
dnn-repair localise --faults

Exit code 1: a bug is found; 0: none; 2: the program cannot be checked."""


def _declare(parser: argparse.ArgumentParser) -> None:
    add_option(
        parser, "script", nargs="?", metavar="SCRIPT",
        meaning="Script that trains a model; it is executed.", unit="file", shown="none",
    )  # fmt: skip
    add_option(
        parser, "arguments", nargs="*", metavar="ARGUMENT",
        meaning="Arguments of the script itself, after -- if they start with -.",
        unit="as the script takes them", shown="none",
    )  # fmt: skip
    add_option(
        parser, "--fault", metavar="ID", meaning="Registered fault in place of a script.",
        unit="id", shown="none",
    )  # fmt: skip
    add_option(
        parser, "--faults", action="store_true", meaning="Prints a table of all registered faults."
    )
    add_option(
        parser, "--task", metavar="TASK", meaning="What the model learns.",
        unit="name", shown="guessed from labels, output and loss",
    )  # fmt: skip
    add_option(
        parser, "--profile", metavar="PROFILE", default="recommended",
        meaning="Thresholds of the rules.", unit="name", shown="recommended",
    )  # fmt: skip
    add_option(
        parser, "--format", metavar="FORMAT", default="text",
        meaning="Form of the report.", unit="text, json or sarif", shown="text",
    )  # fmt: skip
    add_option(parser, "--advice", action="store_true", meaning="Shows advice in the text, too.")
    add_option(
        parser, "--limit", type=float, default=600, metavar="SECONDS",
        meaning="Time until the script trains.", unit="seconds", shown="600",
    )  # fmt: skip
    add_option(
        parser, "--scratch", action="store_true",
        meaning="Runs the script in a copy of its folder of at most 256 MB, removed afterwards.",
    )  # fmt: skip


def _run(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from harness import api
    from harness.theia.program import TASKS
    from harness.theia.report import FORMATS, as_json, as_sarif, show
    from harness.theia.thresholds import PROFILES

    given = [arguments.script is not None, arguments.fault is not None, arguments.faults]
    if given.count(True) != 1:
        raise HarnessError(
            "one of a script, --fault or --faults is needed: dnn-repair localise train.py"
        )
    for name, value, known in (
        ("task", arguments.task, (None, *TASKS)),
        ("profile", arguments.profile, PROFILES),
        ("format", arguments.format, FORMATS),
    ):
        if value not in known:
            raise unknown(name, value, [str(k) for k in known if k is not None])
    if arguments.faults:
        return _table(arguments.profile)
    if arguments.fault is not None:
        found = api.localise_fault(arguments.fault, arguments.profile)
    else:
        found = api.localise_script(
            arguments.script,
            arguments.arguments,
            task=arguments.task,
            profile=arguments.profile,
            limit=arguments.limit,
            scratch=arguments.scratch,
        )
    if arguments.format == "text":
        show(found, Console(), advice=arguments.advice)
    else:
        print(as_json(found) if arguments.format == "json" else as_sarif(found))
    return 1 if found.bugs else 0


def _table(profile: str) -> int:
    """For every registered fault, whether and where its hyperparameters are among the suspects."""
    from rich import box
    from rich.table import Table

    from harness.subjects.registry import load_registry
    from harness.theia.suspects import ranked
    from harness.views.terminal import console

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    table = Table(box=box.SIMPLE_HEAD)
    for header in ("fault", "faulty hyperparameter", "rank", "suspects", "bugs", "advice"):
        table.add_column(header)
    hits = checked = 0
    for line in ranked(load_registry().values(), profile):
        names = "\n".join(line.hyperparameters)
        if line.problem:
            table.add_row(line.fault, names, "", line.problem, "", "")
            continue
        hits += any(line.ranks)
        checked += 1
        ranks = "\n".join("-" if rank is None else str(rank) for rank in line.ranks)
        table.add_row(line.fault, names, ranks, *map(str, (line.suspects, line.bugs, line.advice)))
    screen = console()
    screen.print(table)
    screen.print(
        f"{hits} of {checked} faults have a faulty hyperparameter among the suspects "
        "(rank: its place, bugs before advice; -: not blamed)"
    )
    return 0


LOCALISE_COMMANDS = (
    Command(
        "localise", "your own program",
        "Say where the bug is in a training script, or in a registered fault.",
        _run, _declare, DETAILS, verbatim=True,
    ),
)  # fmt: skip
