"""Measure what trainings take on this machine, and fit the constants of the clock ``reference``.

python -m experiments.reference_clock measure    # half an hour, on an idle machine; then fits
python -m experiments.reference_clock            # fits to what is stored, and rewrites the page
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd

from experiments.pages import markdown, replace_marked
from experiments.reference_clock.fitting import fitted_constants, summary
from experiments.reference_clock.measuring import measure, rows
from experiments.reference_clock.times import write_times
from harness.records.clocks import REFERENCE_VERSION
from harness.records.schema import storable
from harness.training.reference import CONSTANTS, TIMES, Reference
from harness.views.cards import two_digits

PAGE = Path("docs/clocks.md")

MACHINE = "one core of a virtual machine with 2 cores, tensorflow 2.21 without oneDNN, torch 2.13"


def main(words: list[str]) -> int:
    if words[:1] == ["measure"]:
        measure(words[1:])
    frameworks, table = fitted_constants(rows())
    print(table.to_string(index=False))
    made = Reference(version=REFERENCE_VERSION, machine=MACHINE, frameworks=frameworks)
    CONSTANTS.write_text(json.dumps(storable(made), indent=1) + "\n", encoding="utf-8")
    write_times()
    replace_marked(PAGE, "fit", f"\n{markdown(table)}\n\n{summary(table)}")
    times = pd.read_csv(TIMES, float_precision="round_trip")
    times["seconds"] = times["seconds"].map(two_digits)
    replace_marked(PAGE, "times", f"\n{markdown(times)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
