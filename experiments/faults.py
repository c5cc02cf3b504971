"""Rewrite the tables of docs/faults.md from the registry and the measured baselines.

python -m experiments.faults
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.pages import replace_marked
from harness.analysis import qualification
from harness.analysis.protocols import CORRECTED
from harness.data import DATA_SETS
from harness.subjects.coverage import EXCLUDED, FAULT_KINDS, STUDY_FAULTS, faults_of
from harness.subjects.fault import Fault
from harness.subjects.registry import Registry, load_registry
from harness.views.cards import mean_and_spread, size_of_fault, two_digits
from harness.vocabulary import HarnessError

ROOT = Path(__file__).resolve().parents[1]
RESULTS, DOCS = ROOT / "results", ROOT / "docs" / "faults.md"


def shown(fault: Fault, row: Mapping[str, Any]) -> list[str]:
    """Six fields: data, sizes and device; means of both; whether exposed; what is lost; T."""
    stand_in = ", stand-in" if row["data"] == "stand_in" else ""
    data = f"{fault.subject.data_set or 'its own'}{stand_in}"
    statistics = f"(p {two_digits(row['p'])}, A12 {two_digits(row['a12'])})"
    return [
        f"{data}, n {row['n']}, {row['fraction']:g}, {row['device']}",
        mean_and_spread(row, "faulty"),
        mean_and_spread(row, "fixed"),
        f"{qualification.exposure_verdict(row, CORRECTED)} {statistics}",
        size_of_fault(row).replace("the study's ", ""),
        two_digits(row["training_time"]),
    ]


def documented(registry: Registry, table: pd.DataFrame) -> dict[str, str]:
    """The generated parts of docs/faults.md, by name."""
    return {
        "kinds": "\n".join(_kinds(registry)),
        "subjects": "\n".join(_subjects(registry)),
        "measured": "\n".join(_measured(registry, table)),
        "whole": "\n".join(_whole(registry, table)),
        "differences": "\n".join(_differences(registry)),
    }


def _kinds(registry: Registry) -> Iterator[str]:
    yield "| kind of fault | real | mutants | Random, HEBO, BOHB | AutoTrainer |"
    yield "| --- | --- | --- | --- | --- |"
    for kind in FAULT_KINDS:
        found = faults_of(kind, registry)
        real = ", ".join(f for f in found if registry[f].kind == "real")
        mutants = ", ".join(f for f in found if registry[f].kind == "mutant")
        marks = ("covered" if yes else "-" for yes in (kind.search, kind.autotrainer))
        yield f"| {kind.title} | {real or '-'} | {mutants or '-'} | {' | '.join(marks)} |"
    yield ""
    for name, reason in EXCLUDED:
        yield f"- Excluded by the study: {name}, {reason}."


def _subjects(registry: Registry) -> Iterator[str]:
    yield "| subject | faults | data | metric | hyperparameters | in the study |"
    yield "| --- | --- | --- | --- | ---: | ---: |"
    for name, subject in registry.subjects.items():
        faults = [f for f in registry.values() if f.subject is subject]
        if not any(f.id in STUDY_FAULTS for f in faults):
            continue
        data = DATA_SETS[subject.data_set].title if subject.data_set else "its own"
        counted = {f.published.get("hyperparameters") for f in faults} - {None}
        yield (
            f"| `{name}` | {', '.join(f.id for f in faults)} | {data} | {subject.metric} | "
            f"{len(faults[0].hyperparameters)} | {', '.join(f'{n:g}' for n in counted)} |"
        )


def _measured(registry: Registry, table: pd.DataFrame) -> Iterator[str]:
    yield from _head("exposed", "lost")
    for fault in registry.values():
        row = qualification.best_row(fault, table)
        yield _row(fault, [""] * 6 if row is None else shown(fault, row))


def _whole(registry: Registry, table: pd.DataFrame) -> Iterator[str]:
    """Faults whose row above is of a share of the data, and that were trained on all of it too."""
    yield from _head("lost")
    for fault in registry.values():
        best = qualification.best_row(fault, table)
        row = qualification.whole_row(fault, table)
        if best is None or row is None or best["fraction"] == 1:
            continue
        data, faulty, fixed, _, drop, seconds = shown(fault, row)
        yield _row(fault, [data, faulty, fixed, drop, seconds])


def _head(*judged: str) -> Iterator[str]:
    heads = ["fault", "published faulty / fixed", "re-evaluated", "data, n, fraction, device"]
    heads += ["measured faulty", "measured fixed", *judged, "T (s)"]
    yield f"| {' | '.join(heads)} |"
    yield f"| {'--- | ' * (len(heads) - 1)}---: |"


def _row(fault: Fault, fields: list[str]) -> str:
    told = _told(fault.published, fault.subject.measure.digits)
    return f"| {fault.id} | {told} | {' | '.join(fields)} |"


def _told(figures: Mapping[str, Any], digits: int) -> str:
    def number(name: str, places: int) -> str:
        return f"{figures[name]:.{places}f}" if name in figures else "-"

    again = f"{number('again', 3)} ({number('again_sd', 3)})" if "again" in figures else "-"
    return f"{number('faulty', digits)} / {number('fixed', digits)} | {again}"


def _differences(registry: Registry) -> Iterator[str]:
    for fault in registry.values():
        if fault.published and fault.deviations:
            yield f"- **{fault.id}** {' '.join(fault.deviations)}"


def main() -> int:
    registry, table = load_registry(), qualification.read_qualification(RESULTS)
    for name, part in documented(registry, table).items():
        replace_marked(DOCS, name, part)
    print(f"rewrote {DOCS}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
