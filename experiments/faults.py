"""List the registered faults.

make faults
"""

from __future__ import annotations

import sys

from common import console
from rich import box
from rich.table import Table

from harness.registry import Fault, load_registry
from harness.space import derive
from harness.vocabulary import HarnessError


def status(fault: Fault) -> str:
    """What can be said of a fault without training it."""
    if fault.deprecated:
        return f"withdrawn: {fault.deprecated}"
    if not fault.repairable:
        return "no operator reaches it"
    space = derive(fault.faulty, fault.subject.context)
    outside = [n for n, (_, fix) in fault.ground_truth.items() if fix not in space.domains[n]]
    return f"fix outside the space: {', '.join(outside)}" if outside else "repairable"


def main() -> int:
    screen = console(width=160)
    table = Table(box=box.SIMPLE_HEAD, show_lines=True)
    whole = ("id", "subject", "ground truth", "operators")
    for header in ("id", "subject", "what is wrong", *whole[2:], "hyper-\nparam.", "status"):
        table.add_column(header, no_wrap=header in whole)
    registry = load_registry()
    for fault in registry.values():
        table.add_row(
            fault.id,
            fault.subject.name,
            fault.title,
            "\n".join(f"{n}: {a} -> {b}" for n, (a, b) in fault.ground_truth.items()),
            "\n".join(o.name for o in fault.operators),
            str(len(fault.hyperparameters)),
            status(fault),
        )
    screen.print(table)
    screen.print(f"{len(registry)} faults of {len(registry.subjects)} subjects")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
