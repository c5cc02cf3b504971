"""Recompute the published ICST 2023 study from its trials, as published and corrected.

make published OUT=folder PACKAGE=clone-of-the-replication-package PROTOCOL=icst23 FAULTS=R4,R7
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from harness.analysis import protocols
from harness.analysis.layout import Layout
from harness.analysis.published import load_published, sheets
from harness.analysis.published.agreement import agreement, agreement_layout, side_by_side
from harness.analysis.published.answers import ALL, Answer
from harness.analysis.published.facts import BUDGETS
from harness.analysis.published.finding import PublishedFinding
from harness.views.render import table3
from harness.vocabulary import HarnessError

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "results" / "tables" / "published"
DOCUMENT = ROOT / "docs" / "published-vs-corrected.md"
WIDTH = 150
FIGURE2 = "R4,R7"

TABLE3 = (
    *("fault", "technique", "budget", "n", "mean", "std", "faulty_mean", "fix_mean"),
    *("significant", "p_wilcoxon", "p_mannwhitney", "p_holm", "ir", "complexity_mean"),
    *("aj_as_published_mean", "aj_as_defined_mean", "status"),
)
"""Columns of ``table3_<protocol>.csv``; ``harness.analysis.schemas.SCORES`` explains each."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print everything and save it; bad input is one message and exit code 2."""
    told = _parse(arguments)
    try:
        run(told)
    except HarnessError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, help="folder for tables")
    parser.add_argument("--data", type=Path, help="folder in place of results/published/icst23")
    parser.add_argument("--package", type=Path, help="clone of the replication package")
    parser.add_argument("--protocol", default=",".join(protocols.PROTOCOLS))
    parser.add_argument("--faults", default=FIGURE2, help="faults of Figure 2")
    return parser.parse_args(arguments)


def run(told: argparse.Namespace) -> None:
    """Recompute the study as the command line tells.

    Raises:
        HarnessError: If data or protocol are not what they should be.
    """
    chosen = [protocols.protocol(name) for name in told.protocol.split(",")]
    study = load_published(told.data, told.package)
    screen = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    for note in study.notes:
        screen.print(note, style="yellow", markup=False)
    answers = {judged.name: Answer.of(study, judged) for judged in chosen}
    for name, answer in answers.items():
        _show(answer, told.faults.split(","), screen)
        _save(answer, name, told.out)
    if "icst23" in answers:
        compared = agreement(answers["icst23"])
        _print(screen, side_by_side(answers["icst23"]), agreement_layout(compared))
    if not study.complete:
        screen.print("cells are missing: the claims are not judged", style="yellow")
    elif {"icst23", "corrected"} <= set(answers):
        finding = PublishedFinding(answers["icst23"], answers["corrected"], compared)
        screen.print(finding.text(), markup=False, highlight=False)
        _print(screen, *finding.layouts())
        shipped = told.package is None and told.data is None
        document = DOCUMENT if shipped else told.out / DOCUMENT.name
        document.write_text(finding.markdown(), encoding="utf-8")
        screen.print(f"the finding is in {document}", soft_wrap=True)
    screen.print(f"saved in {told.out}", soft_wrap=True)


def _print(screen: Console, *layouts: Layout) -> None:
    for layout in layouts:
        screen.print(layout.rich())
        screen.print()


def _show(answer: Answer, faults: Sequence[str], screen: Console) -> None:
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
    text = json.dumps(answer.summary(), indent=1, allow_nan=False)
    (folder / f"summary_{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
