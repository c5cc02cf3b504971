"""The command that recomputes the published ICST 2023 study from its trials."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.parsers import Command, add_option

if TYPE_CHECKING:
    from rich.console import Console

    from harness.analysis.layout import Layout
    from harness.analysis.published.answers import Answer

OUT = Path("results") / "tables" / "published"
PAGE = "published-vs-corrected.md"
WIDTH = 150
FIGURE2 = "R4,R7"

TABLE3 = (
    *("fault", "technique", "budget", "n", "mean", "std", "faulty_mean", "fix_mean"),
    *("significant", "p_wilcoxon", "p_mannwhitney", "p_holm", "ir", "complexity_mean"),
    *("aj_as_published_mean", "aj_as_defined_mean", "status"),
)
"""Columns of ``table3_<protocol>.csv``; ``harness.analysis.schemas.SCORES`` explains each."""


def _declare(parser: argparse.ArgumentParser) -> None:
    add_option(
        parser, "--out", type=Path, default=OUT, metavar="FOLDER",
        meaning="Folder of the tables.", unit="folder", shown=str(OUT),
    )  # fmt: skip
    add_option(
        parser, "--data", type=Path, metavar="FOLDER",
        meaning="Trials in place of the shipped ones.", unit="folder", shown="the shipped ones",
    )  # fmt: skip
    add_option(
        parser, "--package", type=Path, metavar="FOLDER",
        meaning="Clone of the replication package to read the trials from.",
        unit="folder", shown="none",
    )  # fmt: skip
    add_option(
        parser, "--protocol", default="icst23,corrected", metavar="NAMES",
        meaning="Choices of the analysis.", unit="names", shown="icst23,corrected",
    )  # fmt: skip
    add_option(
        parser, "--faults", default=FIGURE2, metavar="IDS",
        meaning="Faults of Figure 2.", unit="ids", shown=FIGURE2,
    )  # fmt: skip
    add_option(
        parser, "--document", type=Path, metavar="FILE",
        meaning="Page that tells the finding.", unit="file",
        shown=f"docs/{PAGE} of a checkout for the shipped trials, else {PAGE} in the folder",
    )  # fmt: skip


def _run(arguments: argparse.Namespace) -> int:
    from harness.analysis import protocols
    from harness.analysis.published import load_published
    from harness.analysis.published.agreement import agreement, agreement_layout, side_by_side
    from harness.analysis.published.answers import Answer
    from harness.analysis.published.finding import PublishedFinding
    from harness.study.values import name_list
    from harness.views.terminal import console

    chosen = [protocols.protocol(name) for name in name_list("protocol", arguments.protocol)]
    study = load_published(arguments.data, arguments.package)
    screen = console(width=WIDTH)
    for note in study.notes:
        screen.print(note, style="yellow", markup=False)
    answers = {judged.name: Answer.of(study, judged) for judged in chosen}
    for name, answer in answers.items():
        _show(answer, name_list("faults", arguments.faults), screen)
        _save(answer, name, arguments.out)
    if "icst23" in answers:
        compared = agreement(answers["icst23"])
        _print(screen, side_by_side(answers["icst23"]), agreement_layout(compared))
    if not study.complete:
        screen.print("cells are missing: the claims are not judged", style="yellow")
    elif {"icst23", "corrected"} <= set(answers):
        finding = PublishedFinding(answers["icst23"], answers["corrected"], compared)
        screen.print(finding.text(), markup=False, highlight=False)
        _print(screen, *finding.layouts())
        document = arguments.document or _page(arguments)
        document.write_text(finding.markdown(), encoding="utf-8")
        screen.print(f"the finding is in {document}", soft_wrap=True, markup=False)
    screen.print(f"saved in {arguments.out}", soft_wrap=True, markup=False)
    return 0


def _page(arguments: argparse.Namespace) -> Path:
    """Where the finding is told: in the documents of a checkout, or beside the tables."""
    from harness.data.shipped import PACKAGE

    documents = PACKAGE.parent / "docs"
    shipped = arguments.package is None and arguments.data is None
    folder: Path = documents if shipped and (documents / PAGE).exists() else arguments.out
    return folder / PAGE


def _print(screen: Console, *layouts: Layout) -> None:
    for layout in layouts:
        screen.print(layout.rich())
        screen.print()


def _show(answer: Answer, faults: Sequence[str], screen: Console) -> None:
    from harness.analysis.published import sheets
    from harness.analysis.published.answers import ALL
    from harness.analysis.published.facts import BUDGETS
    from harness.views.render import table3

    for budget in BUDGETS:
        own = answer.cells[answer.cells["budget"] == budget]
        if not own.empty:
            screen.print(table3(own, answer.protocol, ALL))
    _print(
        screen,
        sheets.summary_sheet(answer),
        sheets.improvement_sheet(answer),
        sheets.values(answer, faults),
        sheets.complexity_sheet(answer),
        sheets.jaccards(answer),
    )
    for line in sheets.flags(answer):
        screen.print(line, style="yellow")


def _save(answer: Answer, name: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    cells = answer.cells[[*TABLE3]].astype({"budget": int})
    cells.to_csv(folder / f"table3_{name}.csv", index=False)
    summary = json.dumps(answer.summary(), indent=1, allow_nan=False)
    (folder / f"summary_{name}.json").write_text(summary + "\n", encoding="utf-8")


RECORDED_COMMANDS = (
    Command(
        "published", "published study",
        "Recompute the study of Kim et al. (ICST 2023) from its trials, published and corrected.",
        _run, _declare,
    ),
)  # fmt: skip
