"""Make mutants of a subject, and faults of those that are killed and worth repairing.

make mutants SUBJECT=digits_cnn
python experiments/mutants.py subject=digits_cnn operators=[HLR,WCI]
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from common import campaign, console, main, store, workers
from omegaconf import DictConfig
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from harness.mutation import mutant_faults, summaries
from harness.mutation.harvest import MUTANTS, Campaign, Harvest
from harness.records.store import Store
from harness.vocabulary import HarnessError

if TYPE_CHECKING:
    from harness.engine import Pool


def run(cfg: DictConfig) -> int:
    """Returns the exit code: 1 if a search failed."""
    made, results, screen = campaign(cfg), store(cfg), console()
    page = None if cfg.document is None else Path(str(cfg.document))
    if page is not None:
        _block(page, made.subject)
    results.check()
    harvest = _harvest(cfg, made, results, screen)
    _save(harvest, results, page, screen)
    for line in harvest.failed:
        screen.print(f"[red]failed[/red] {line}")
    if harvest.failed:
        screen.print("repeat the command to try again")
    return 1 if harvest.failed else 0


def _harvest(cfg: DictConfig, made: Campaign, results: Store, screen: Console) -> Harvest:
    """Run the campaign under a progress bar."""
    from harness.engine import Pool  # imports Ray, after the input is known to be good
    from harness.mutation.campaign import run_campaign

    opened: list[Pool] = []

    def pool() -> Pool:
        opened.append(Pool(workers(cfg), made.trained_on, int(cfg.threads)).__enter__())
        return opened[0]

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=screen, transient=True) as bar:
            task = bar.add_task("the subject itself", total=None)

            def progress(killed: int, survived: int, left: int, total: int) -> None:
                words = f"killed {killed}, survived {survived}, left {left}"
                bar.update(task, description=words, completed=total - left, total=total)

            return run_campaign(made, results, pool=pool, prefix=str(cfg.prefix), progress=progress)
    finally:
        for each in opened:
            each.__exit__(None, None, None)


def _save(harvest: Harvest, results: Store, page: Path | None, screen: Console) -> None:
    """Write the faults and the table of all mutants; print the summaries, put them into a page."""
    subject, seed = harvest.campaign.subject, harvest.campaign.seed
    for each in harvest.qualified.values():
        if mutant_faults.write_fault(each):
            screen.print(f"wrote {each.fault.path}")
    path = results.root / "tables" / f"mutants-{subject}-s{seed}" / "mutants.csv"
    MUTANTS.write(summaries.mutants(harvest), path)
    shown = [summaries.by_operator(harvest), summaries.by_fault(harvest)]
    notes = summaries.notes(harvest)
    for summary in shown:
        table = Table(*summary.headers, title=summary.title, box=box.SIMPLE_HEAD)
        for row in summary.rows:
            table.add_row(*row)
        screen.print(table)
    screen.print(notes)
    screen.print(f"all mutants: {path}")
    if page is not None:
        text, block = _block(page, subject)
        body = "\n\n".join([*(s.markdown() for s in shown), notes])
        page.write_text(text.replace(block, f"{_mark(subject)}\n\n{body}\n\n{_end(subject)}"))


def _block(page: Path, subject: str) -> tuple[str, str]:
    """The page's text, and the part of it that belongs to ``subject``, marks included."""
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    found = re.search(f"{_mark(subject)}.*?{_end(subject)}", text, re.DOTALL)
    if found is None:
        raise HarnessError(
            f"{page} has no place for {subject}: put {_mark(subject)} and {_end(subject)} into it"
        )
    return text, found[0]


def _mark(subject: str) -> str:
    return f"<!-- {subject} -->"


def _end(subject: str) -> str:
    return f"<!-- end of {subject} -->"


if __name__ == "__main__":
    main(run, "mutants")
