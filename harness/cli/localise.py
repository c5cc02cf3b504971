"""Where is the bug? Of a training script, or of a registered fault.

python -m harness.theia train.py
python -m harness.theia train.py --task binary --format sarif > theia.sarif
python -m harness.theia --fault D1
python -m harness.theia --faults

Exit code 1 if a bug is found, 0 if not, 2 if the program cannot be checked.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from harness.data import STAND_IN
from harness.theia.program import TASKS
from harness.theia.report import FORMATS, LocaliserReport, as_json, as_sarif, localiser_report, show
from harness.theia.thresholds import PROFILES
from harness.vocabulary import HarnessError


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m harness.theia",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("script", nargs="?", type=Path, help="a script that trains a model")
    parser.add_argument("arguments", nargs="*", help="what the script itself is given")
    parser.add_argument("--fault", help="a registered fault instead of a script")
    parser.add_argument("--faults", action="store_true", help="a table of all registered faults")
    parser.add_argument("--task", choices=TASKS, help="guessed if not given")
    parser.add_argument("--profile", choices=PROFILES, default=PROFILES[0])
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0])
    parser.add_argument("--advice", action="store_true", help="show advice in the text, too")
    parser.add_argument("--limit", type=float, default=600, help="seconds until the script trains")
    asked = parser.parse_args(words)
    if [asked.script is not None, asked.fault is not None, asked.faults].count(True) != 1:
        parser.error("one of a script, --fault or --faults is needed")
    try:
        if asked.faults:
            return _table(asked.profile)
        if asked.fault:
            found = _fault(asked.fault, asked.profile)
        else:
            from harness.theia.script import localise

            found = localise(
                asked.script,
                asked.arguments,
                task=asked.task,
                profile=asked.profile,
                limit=asked.limit,
            )
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if asked.format == "text":
        show(found, Console(), advice=asked.advice)
    else:
        print(as_json(found) if asked.format == "json" else as_sarif(found))
    return 1 if found.bugs else 0


def _fault(identity: str, profile: str) -> LocaliserReport:
    """The report of a fault, which ends with the hyperparameters that it blames."""
    from harness.subjects.registry import load_registry
    from harness.theia.suspects import locate

    fault = load_registry()[identity]
    _quiet()
    located = locate(fault, profile)
    blamed = [
        f"{name} (try {located.edits[name]})" if name in located.edits else name
        for name in located.suspects
    ]
    found = localiser_report(
        f"{fault.id}: {fault.title}", located.program, located.findings, profile=profile
    )
    stand_in = (
        ("its data set is not here: synthetic data stand in for it",)
        if located.variant == STAND_IN
        else ()
    )
    notes = (*found.notes, *stand_in, f"suspects in order: {', '.join(blamed) or 'none'}")
    return LocaliserReport(found.target, found.summary, found.findings, notes, profile)


def _table(profile: str) -> int:
    """For every registered fault, whether and where its hyperparameters are among the suspects."""
    from rich import box
    from rich.table import Table

    from harness.subjects.registry import load_registry
    from harness.theia.suspects import ranked

    _quiet()
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
    console = Console() if sys.stdout.isatty() else Console(width=130)
    console.print(table)
    console.print(
        f"{hits} of {checked} faults have a faulty hyperparameter among the suspects "
        "(rank: its place, bugs before advice; -: not blamed)"
    )
    return 0


def _quiet() -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


if __name__ == "__main__":
    sys.exit(main())
