"""The command that makes mutants of a subject, and faults of those worth repairing."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.parsers import Command, add_option
from harness.study.settings import Setting, SettingKind, parsed
from harness.vocabulary import HarnessError, unknown

if TYPE_CHECKING:
    from rich.console import Console

    from harness.mutation.harvest import Campaign, Harvest
    from harness.records.store import Store

_K = SettingKind
MUTANT_SETTINGS = (
    Setting("subject", _K.TEXT, "name", "none; one is needed", "Subject to mutate."),
    Setting("operators", _K.NAMES, "acronyms: HLR,WCI", "all", "Mutation operators to apply."),
    Setting("n", _K.NUMBER, "trainings", "20", "Trainings of the original and of each mutant."),
    Setting("seed", _K.NUMBER, "whole number", "1", "Seed of the trainings and of the draws."),
    Setting("data", _K.TEXT, "name", "default", "Data variant of the subject."),
    Setting(
        "fraction", _K.NUMBER, "share in (0, 1]", "1", "Share of the training data that is used."
    ),
    Setting(
        "backend", _K.TEXT, "tensorflow, jax or torch", "the subject's own", "Keras backend."
    ),
    Setting("prefix", _K.TEXT, "text", "G", "Beginning of the ids of new faults."),
    Setting(
        "document", _K.TEXT, "file", "none",
        "Page whose part between <!-- SUBJECT --> and <!-- end of SUBJECT --> is rewritten.",
    ),
    Setting("workers", _K.NUMBER, "mutants", "one for each core", "Mutants side by side."),
    Setting("threads", _K.NUMBER, "threads", "1", "Threads of each training worker."),
    Setting("results", _K.TEXT, "folder", "results", "Results folder."),
)  # fmt: skip
_BY_NAME = {row.key: row for row in MUTANT_SETTINGS}


def _declare(parser: argparse.ArgumentParser) -> None:
    add_option(
        parser, "overrides", nargs="*", metavar="KEY=VALUE",
        meaning="The same settings by their names, such as subject=digits_cnn.",
        unit="each split at its first =", shown="none",
    )  # fmt: skip
    for row in MUTANT_SETTINGS:
        add_option(
            parser, f"--{row.key}", metavar=row.key.upper(), default=None,
            meaning=row.meaning, unit=row.unit, shown=row.default,
        )  # fmt: skip


def _values(arguments: argparse.Namespace) -> dict[str, Any]:
    """The settings that are given; options win over ``key=value``."""
    found: dict[str, Any] = {}
    for override in arguments.overrides:
        name, equals, value = override.partition("=")
        if not equals:
            raise HarnessError(f"'{override}' is no setting. One is given as subject=digits_cnn")
        if name not in _BY_NAME:
            raise unknown("setting", name, _BY_NAME)
        found[name] = parsed(_BY_NAME[name], value)
    for name, row in _BY_NAME.items():
        if (value := getattr(arguments, name)) is not None:
            found[name] = parsed(row, value)
    return {name: value for name, value in found.items() if value is not None}


def campaign_of(values: dict[str, Any]) -> Campaign:
    """The campaign that these settings describe.

    Raises:
        HarnessError: If the subject or an operator is unknown, or a value not possible.
    """
    from harness.mutation.harvest import Campaign
    from harness.mutation.mutation_operators import MUTATION_OPERATORS
    from harness.study.values import name_list, number, text, whole_number
    from harness.subjects.registry import load_registry

    if not values.get("subject"):
        known = ", ".join(load_registry().subjects)
        raise HarnessError(f"name a subject: dnn-repair mutants subject=... Registered: {known}")
    every = [row.acronym for row in MUTATION_OPERATORS]
    return Campaign(
        subject=text("subject", values["subject"]),
        operators=name_list("operators", values.get("operators", every)),
        n=whole_number("n", values.get("n", 20)),
        seed=whole_number("seed", values.get("seed", 1), least=0),
        data=text("data", values.get("data", "default")),
        fraction=number("fraction", values.get("fraction", 1)),
        backend=text("backend", values.get("backend", "")),
    )


def _run(arguments: argparse.Namespace) -> int:
    """Returns the exit code: 1 if a search failed."""
    values = _values(arguments)
    made = campaign_of(values)
    from harness.records.store import Store
    from harness.study.spec import results_folder
    from harness.views.terminal import console

    results, screen = Store(results_folder(values.get("results", "results"))), console()
    page = Path(values["document"]) if "document" in values else None
    if page is not None:
        _block(page, made.subject)
    results.check()
    harvest = _harvest(values, made, results, screen)
    _save(harvest, results, page, screen)
    for line in harvest.failed:
        screen.print(f"[red]failed[/red] {line}")
    if harvest.failed:
        screen.print("repeat the command to try again")
    return 1 if harvest.failed else 0


def _harvest(values: dict[str, Any], made: Campaign, results: Store, screen: Console) -> Harvest:
    """Run the campaign under a progress bar."""
    from harness.study.values import text, whole_number

    workers = whole_number("workers", values["workers"]) if "workers" in values else None
    threads = whole_number("threads", values.get("threads", 1))
    prefix = text("prefix", values.get("prefix", "G"))
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from harness.engine import opened_pool  # imports Ray, after the input is known to be good
    from harness.mutation.campaign import run_campaign

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with (
        opened_pool(made.trained_on, workers, threads) as pool,
        Progress(*columns, console=screen, transient=True) as bar,
    ):
        task = bar.add_task("the subject itself", total=None)

        def progress(killed: int, survived: int, left: int, total: int) -> None:
            counts = f"killed {killed}, survived {survived}, left {left}"
            bar.update(task, description=counts, completed=total - left, total=total)

        return run_campaign(made, results, pool=pool, prefix=prefix, progress=progress)


def _save(harvest: Harvest, results: Store, page: Path | None, screen: Console) -> None:
    """Write the faults and the table of all mutants; print the summaries, put them into a page."""
    from rich import box
    from rich.table import Table

    from harness.mutation import mutant_faults, summaries
    from harness.mutation.harvest import MUTANTS

    subject, seed = harvest.campaign.subject, harvest.campaign.seed
    for qualified in harvest.qualified.values():
        if mutant_faults.write_fault(qualified):
            screen.print(f"wrote {qualified.fault.path}")
    path = results.root / "tables" / f"mutants-{subject}-s{seed}" / "mutants.csv"
    MUTANTS.write(summaries.mutants(harvest), path)
    parts = [summaries.by_operator(harvest), summaries.by_fault(harvest)]
    notes = summaries.notes(harvest)
    for summary in parts:
        table = Table(*summary.headers, title=summary.title, box=box.SIMPLE_HEAD)
        for row in summary.rows:
            table.add_row(*row)
        screen.print(table)
    screen.print(notes)
    screen.print(f"all mutants: {path}", markup=False)
    if page is not None:
        content, block = _block(page, subject)
        body = "\n\n".join([*(s.markdown() for s in parts), notes])
        page.write_text(
            content.replace(block, f"{_mark(subject)}\n\n{body}\n\n{_end(subject)}"),
            encoding="utf-8",
        )


def _block(page: Path, subject: str) -> tuple[str, str]:
    """The page's text, and the part of it that belongs to ``subject``, marks included."""
    content = page.read_text(encoding="utf-8") if page.is_file() else ""
    found = re.search(f"{_mark(subject)}.*?{_end(subject)}", content, re.DOTALL)
    if found is None:
        raise HarnessError(
            f"{page} has no place for {subject}: put {_mark(subject)} and {_end(subject)} into it"
        )
    return content, found[0]


def _mark(subject: str) -> str:
    return f"<!-- {subject} -->"


def _end(subject: str) -> str:
    return f"<!-- end of {subject} -->"


MUTANT_COMMANDS = (
    Command(
        "mutants", "faults",
        "Make mutants of a subject, and faults of those that are killed and worth repairing.",
        _run, _declare,
        "dnn-repair mutants subject=digits_cnn operators=HLR,WCI\n\nExit code 1: a search failed.",
    ),
)  # fmt: skip
