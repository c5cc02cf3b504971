"""The paper's evaluation of Theia, re-run on re-created programs.

make theia-benchmark                        prints the tables
make theia-benchmark OUT=folder             also writes findings.csv and ground_truth.csv
make theia-benchmark OUT=folder ARGS=--train  also trains: fix and re-measure, remeasured.csv
make theia-benchmark ARGS=--docs            rewrites the tables of docs/theia.md
make theia-benchmark ARGS='--neuralint DIR' runs NeuraLint from a checkout, with Java
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

from experiments.pages import cell, markdown, replace_marked
from harness.vocabulary import HarnessError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "theia.md"

INTRODUCTION = """\
In-sample: the rules were amended on these programs (docs/theia.md says where), so their figures
flatter `recommended`. The architectures and mutants below were not used to set anything."""


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="folder for findings.csv and ground_truth.csv")
    parser.add_argument("--docs", action="store_true", help="rewrite the tables of docs/theia.md")
    parser.add_argument("--faults", action="store_true", help="also localise all registered faults")
    parser.add_argument("--train", action="store_true", help="fix and re-measure; needs --out")
    parser.add_argument("--posts", help="train these posts only: 51930566,48385830")
    parser.add_argument("--neuralint", type=Path, help="a checkout of NeuraLint; needs Java")
    asked = parser.parse_args(words)
    # Without training, models are built only, and a second framework need not be started.
    os.environ.setdefault("KERAS_BACKEND", "tensorflow" if asked.train else "torch")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        return _run(asked)
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _run(asked: argparse.Namespace) -> int:
    from experiments.theia_benchmark import detect, tables

    if asked.train and asked.out is None:
        raise HarnessError("--train writes every training into a folder: OUT=folder, or --out")
    if asked.out is not None:
        asked.out.mkdir(parents=True, exist_ok=True)
        detect.findings_table().to_csv(asked.out / "findings.csv", index=False)
        detect.ground_truth_table().to_csv(asked.out / "ground_truth.csv", index=False)
    shown = {
        "Tables 5 and 6: bugs found, by program": tables.programs_table(),
        "Table 11 and RQ2: bugs found, by type": tables.types_table(),
        "RQ1: effectiveness": tables.effectiveness_table(),
        "RQ3: what is missed, and why (recommended)": tables.missed_table(),
        "Findings on the 39 fixed programs, by rule: bugs (advice)": tables.alarms_table(),
        "Independent architectures: false alarms at bug level": tables.healthy_table(),
        "Mutants of these architectures: found by the rule that should": tables.mutants_table(),
    }
    if asked.neuralint is not None:
        from experiments.theia_benchmark.neuralint import neuralint_table

        shown["NeuraLint, run here"] = neuralint_table(asked.neuralint)
    if asked.faults:
        shown["Registered faults: place of the faulty hyperparameter among the suspects"] = (
            tables.faults_table()
        )
    if asked.train:
        shown |= _trained(asked)
    console = Console() if sys.stdout.isatty() else Console(width=150)
    for title, frame in shown.items():
        console.print(rich_table(title, frame))
    console.print(INTRODUCTION)
    if asked.neuralint is None:
        console.print("NeuraLint's column is the paper's; --neuralint DIR runs a checkout of it.")
    if asked.docs:
        text = "\n\n".join(f"**{t}**\n\n{markdown(f)}" for t, f in shown.items())
        replace_marked(PAGE, "benchmark", text)
    return 0


def _trained(asked: argparse.Namespace) -> dict[str, pd.DataFrame]:
    """Train what the folder lacks; a table for each comparison, and one of all."""
    from experiments.theia_benchmark import remeasure

    posts = [int(post) for post in (asked.posts or "").split(",") if post]
    measured = remeasure.remeasure(asked.out / "remeasured.csv", posts)
    return {
        "Fix and re-measure: in how many programs every seed got better, or worse":
            remeasure.summary(measured),
        **{
            title: remeasure.compared(measured, before, after)
            for title, before, after in remeasure.COMPARISONS
        },
    }  # fmt: skip


def rich_table(title: str, frame: pd.DataFrame) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for column in frame.columns:
        number = frame[column].map(lambda v: isinstance(v, int | float)).all()
        table.add_column(str(column), justify="right" if number else "left")
    for row in frame.itertuples(index=False):
        table.add_row(*map(cell, row))
    return table


if __name__ == "__main__":
    sys.exit(main())
