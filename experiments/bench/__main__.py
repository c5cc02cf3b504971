"""Measures what docs/performance.md states: figures and, where it matters, side by side.

``make bench`` prints the tables and writes them into docs/performance.md; ``make bench
PARTS="commands theia"`` measures some of them again.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from experiments.bench.analysis import analysis
from experiments.bench.clocks import agreement
from experiments.bench.cost import projection
from experiments.bench.monitor import watching
from experiments.bench.optimisers import compare, per_proposal
from experiments.bench.scale import old_and_new, packed, throughput
from experiments.bench.spine import commands, loops, memory_over_trials, overhead
from experiments.bench.theia import checks
from experiments.pages import replace_marked
from harness.vocabulary import unknown

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"

Rows = list[tuple[str, str, str]]
"""Figure, what was measured, what to reach."""

PARTS: dict[str, Callable[[], Rows | str]] = {
    "overhead": overhead,
    "memory": memory_over_trials,
    "loops": loops,
    "commands": commands,
    "analysis": analysis,
    "theia": checks,
    "monitor": watching,
    "packed": packed,
    "throughput": throughput,
    "old_and_new": old_and_new,
    "clocks": agreement,
    "hebo": per_proposal,
    "cost": projection,
    "optimisers": lambda: compare(["random", "bohb", "hebo"]),
}


def section(name: str) -> str:
    """Measure one part; its table in Markdown, with the load that other work put on the machine."""
    load = os.getloadavg()[0]
    found = PARTS[name]()
    if isinstance(found, str):
        lines = ["```text", found, "```"]
    else:
        lines = ["| figure | measured | to reach |", "| --- | ---: | ---: |"]
        lines += [f"| {' | '.join(row)} |" for row in found]
    told = (
        f"`make bench PARTS={name}`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}; load before it {load:.1f}."
    )
    return "\n".join([*lines, "", told])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=", ".join(PARTS))
    for name in parser.parse_args(arguments).parts or PARTS:
        if name not in PARTS:
            parser.error(str(unknown("part of the bench", name, PARTS)))
        text = section(name)
        print(f"{name}\n\n{text}\n", flush=True)
        replace_marked(PAGE, name, text)


if __name__ == "__main__":
    main()
